"""Format store files, or show what that would change. No network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from confsync.config.config_file import by_config
from confsync.disk.write import save
from confsync.errors import OutputFailed, Problem
from confsync.guard import discreet
from confsync.kinds import KINDS, using
from confsync.masking.document import Side, masked_diff, masked_scalars
from confsync.report.file_results import Formatted
from confsync.secrets import BUILT_IN
from confsync.store.detect import is_meant_as_store
from confsync.workflow.load import check_names, stores_in
from confsync.workflow.tables import beside, tables_at
from confsync.workflow.targets import checked_of, configuration, nothing_named
from confsync.yaml.format import canonical, verify_same_meaning
from confsync.yaml.read import Parsed, content, parse, text

if TYPE_CHECKING:
    from confsync.workflow.targets import Asked


@discreet
def fmt(asked: Asked, *, write: bool = True) -> tuple[Formatted, ...]:
    """Format each file on its own; without files those of the targets in `confsync.yaml`, or of
    those that are asked for. Without `write`, find out what that would change.

    A file in canonical form is not written. Raises InvalidFiles for an invalid `confsync.yaml`, and
    WrongUsage if there is none, and no file.
    """
    results: list[Formatted] = []
    for file in _named(asked):
        (near,) = by_config([file], Path())
        with using(tables_at(beside(near))):
            found, new = _formatted(file)
        if write and found.changed:
            try:
                save(file, new)
            except OutputFailed as failed:
                why = Problem(file, 0, 0, "unwritable", failed.message, failed.hint)
                found = Formatted(file, problems=(why,))
        results.append(found)
    return tuple(results)


def _named(asked: Asked) -> tuple[str, ...]:
    if asked.files:
        checked_of(None, asked)
        check_names(asked.files)
        return stores_in(asked.files)
    config = configuration(Path())
    if config is None:
        raise nothing_named(Path())
    chosen = checked_of(config, asked)
    return tuple(dict.fromkeys(file for target in chosen for file in target.files))


def _formatted(file: str) -> tuple[Formatted, bytes]:
    """The result for a file, and its new content if that is another."""
    old = content(file)
    if isinstance(old, Problem):
        return Formatted(file, problems=(old,)), b""
    source = text(file, old)
    parsed = Parsed(None, (source,)) if isinstance(source, Problem) else parse(file, source)
    if parsed.document is None or parsed.problems or isinstance(source, Problem):
        store = is_meant_as_store(old, KINDS)
        return Formatted(file, store=store, problems=parsed.problems if store else ()), b""
    if not any(parsed.document.get(name) for name in KINDS):
        return Formatted(file, store=False), b""
    new = canonical(source)
    written = new.encode("utf-8")
    if written == old:
        return Formatted(file), b""
    proof = verify_same_meaning(file, source, parsed.document, new)
    if isinstance(proof, Problem):
        return Formatted(file, problems=(proof,)), b""
    masks, new_masks = (masked_scalars(root, KINDS, BUILT_IN) for root in (parsed.document, proof))
    before = Side(f"{file} as it is", old.decode("utf-8"), masks)
    diff = masked_diff(before, Side(f"{file} formatted", new, new_masks))
    return Formatted(file, changed=True, diff=diff), written
