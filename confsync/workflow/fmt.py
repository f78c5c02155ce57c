"""Format store files, or show what that would change. No network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.write import save
from confsync.errors import OutputFailed, Problem
from confsync.guard import discreet
from confsync.kinds import KINDS
from confsync.masking.document import Side, masked_diff, masked_scalars
from confsync.report.file_results import Formatted
from confsync.secrets import BUILT_IN
from confsync.store.detect import is_meant_as_store
from confsync.workflow.configuration import configuration
from confsync.workflow.load import check_names
from confsync.yaml.format import canonical, verify_same_meaning
from confsync.yaml.read import Parsed, content, parse, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.yaml.nodes import MappingNode

_HERE = Path()


@discreet
def fmt(files: Sequence[str], directory: Path = _HERE) -> tuple[Formatted, ...]:
    """Format each file on its own; without files those of the targets in `confsync.yaml`.

    A file in canonical form is not written. Raises InvalidFiles for an invalid `confsync.yaml`,
    WrongUsage without files and without `confsync.yaml`.
    """
    return tuple(_written(*_formatted(file)) for file in _named(files, directory))


@discreet
def check(files: Sequence[str], directory: Path = _HERE) -> tuple[Formatted, ...]:
    """The results of `fmt`, with nothing written."""
    return tuple(_formatted(file)[0] for file in _named(files, directory))


def _named(files: Sequence[str], directory: Path) -> Sequence[str]:
    config = None if files else configuration(directory)
    if config is None:
        check_names(files)
        return files
    return tuple(dict.fromkeys(file for target in config.targets for file in target.files))


def _written(found: Formatted, new: bytes) -> Formatted:
    if not found.changed:
        return found
    try:
        save(found.file, new)
    except OutputFailed as failed:
        why = Problem(found.file, 0, 0, "unwritable", failed.message, failed.hint)
        return Formatted(found.file, problems=(why,))
    return found


def _formatted(file: str) -> tuple[Formatted, bytes]:
    """The result for a file and its formatted content."""
    old = content(file)
    if isinstance(old, Problem):
        return Formatted(file, problems=(old,)), b""
    source = text(file, old)
    parsed = Parsed(None, (source,)) if isinstance(source, Problem) else parse(file, source)
    if parsed.document is None or parsed.problems or isinstance(source, Problem):
        store = is_meant_as_store(old, KINDS)
        return Formatted(file, store=store, problems=parsed.problems if store else ()), old
    if not any(parsed.document.get(name) for name in KINDS):
        return Formatted(file, store=False), old
    return _canonical(file, old, source, parsed.document)


def _canonical(
    file: str, old: bytes, source: str, document: MappingNode
) -> tuple[Formatted, bytes]:
    new = canonical(source)
    written = new.encode("utf-8")
    if written == old:
        return Formatted(file), old
    proof = verify_same_meaning(file, source, document, new)
    if isinstance(proof, Problem):
        return Formatted(file, problems=(proof,)), old
    masks, new_masks = (masked_scalars(root, KINDS, BUILT_IN) for root in (document, proof))
    before = Side(f"{file} as it is", old.decode("utf-8"), masks)
    diff = masked_diff(before, Side(f"{file} formatted", new, new_masks))
    return Formatted(file, changed=True, diff=diff), written
