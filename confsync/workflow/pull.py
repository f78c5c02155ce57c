"""Pull: write the live state into the file, in the words that the file has already."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.disk.read import MAX_STORE_BYTES
from confsync.disk.write import StoreFile
from confsync.errors import Fault, InvalidFiles, NotWritten, Problem, WrongUsage
from confsync.guard import discreet
from confsync.kinds import KINDS
from confsync.masking.lenient import masked_comment, replacements
from confsync.masking.text import veiled
from confsync.secrets import RESOLVERS
from confsync.secrets.resolve import resolve, resolving
from confsync.secrets.resolver import At
from confsync.store.encode import FILL_IN
from confsync.store.mistakes import INSTEAD
from confsync.store.overlay import lay_over
from confsync.store.revise import Words, revise
from confsync.sync.compare import difference
from confsync.sync.findings import makes_invalid
from confsync.sync.tree import path_text
from confsync.workflow.load import check_names, loaded
from confsync.workflow.server import decoder
from confsync.yaml.edit import Edited, edited
from confsync.yaml.edit_script import Pulled, Write
from confsync.yaml.emit import Style
from confsync.yaml.nodes import MappingNode, Node, ScalarNode
from confsync.yaml.positions import comments, scalars
from confsync.yaml.read import Parsed, parse, read, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confsync.kinds.kind import Kind
    from confsync.sync.secret import Vault
    from confsync.sync.tree import Path
    from confsync.sync.values import Live
    from confsync.workflow.server import Session
    from confsync.yaml.edit_script import Revised

NAME = "InMemoryStore"

_BEYOND = {"out-of-range", "too-few-items", "unknown-choice"}
"""The rules that values of a server may break that has other limits, or more choices."""


@discreet
def pull(
    files: Sequence[str], session: Session, *, environment: Mapping[str, str], name: str = NAME
) -> Pulled:
    """Write the live state of an object into the last of some files, which are laid over each
    other. One request; nothing is changed on the server.

    The file is made where there is none. Otherwise it is edited in place: comments and all that is
    so already stay. Fields that it names stay named; others are named where the layers below, or
    without them the defaults, say something else. Secrets are never written: references that can
    be right stay, others are to be filled in. A plan straight after shows no change.

    Raises what `plan` raises, OutputFailed where the file cannot be written, and NotWritten where
    no file can say the live state; then the file is as it was.
    """
    draft = _draft(files, session, environment, name)
    if draft.content != draft.store.content:
        draft.store.write(draft.content)
    return draft.pulled


@discreet
def preview(
    files: Sequence[str], session: Session, *, environment: Mapping[str, str], name: str = NAME
) -> Pulled:
    """What `pull` would do. Nothing is written."""
    return _draft(files, session, environment, name).pulled


@dataclass(frozen=True)
class _Draft:
    store: StoreFile
    content: bytes
    pulled: Pulled


@dataclass(frozen=True)
class _Layers:
    """The files: the last one's document where it has one, and those below it."""

    files: tuple[str, ...]
    store: StoreFile
    below: tuple[Parsed, ...]
    top: MappingNode | None

    def object(self, name: str) -> tuple[MappingNode | None, MappingNode | None]:
        """An object as the last file has it, and as the layers below have it."""
        documents = [parsed.document for parsed in self.below if parsed.document is not None]
        under = lay_over(documents) if documents else None
        return _object(self.top, name), _object(under, name)

    def taken(self) -> frozenset[str]:
        """Every text that stands in one of the files."""
        documents = [self.top, *(parsed.document for parsed in self.below)]
        found = (scalars(document) for document in documents if document is not None)
        return frozenset(node.text for nodes in found for node in nodes)


def _draft(
    files: Sequence[str], session: Session, environment: Mapping[str, str], name: str
) -> _Draft:
    kind, vault = KINDS[name], session.vault
    layers = _layers(files, vault)
    live = session.server.read(name, decoder(kind, vault))
    if live.unrecognised:
        raise NotWritten(
            f"confsync does not know all that the server has: {', '.join(live.unrecognised)}",
            hint="nothing was written; update confsync",
        )
    resolve_one = resolving(vault, At(RESOLVERS, "plan"), environment)
    words = Words(vault, RESOLVERS, resolve_one, layers.taken())
    revised = revise(live, kind, *layers.object(name), words)
    if revised.unsayable:
        paths = ", ".join(map(path_text, revised.unsayable))
        raise NotWritten(
            f"the server has a text that no file can hold: {paths}",
            hint="nothing was written; a password, a mask or white space cannot stand there: "
            "change it on the server",
        )
    made = _text(layers, kind, revised)
    content = layers.store.mark + made.text.encode("utf-8")
    if len(content) > MAX_STORE_BYTES:
        hint = "nothing was written; no store needs so much"
        raise NotWritten("the file would be larger than 64 KiB", where=files[-1], hint=hint)
    after = parse(files[-1], made.text)
    _check(layers, after, live, kind, vault, environment)
    _check_comments(layers, made, after)
    return _Draft(layers.store, content, _pulled(layers, kind, revised, made, after))


def _layers(files: Sequence[str], vault: Vault) -> _Layers:
    """Read the files. Raises WrongUsage, InvalidFiles and OutputFailed."""
    check_names(files)
    *lower, last = files
    store = StoreFile.at(last)
    if any(map(store.is_at, lower)):
        hint = "name it once, as the last one: the layers below it are only read"
        raise WrongUsage("the file to write is also a layer below itself", hint=hint)
    below = tuple(read(file) for file in lower)
    found = None if store.content is None else text(last, store.content)
    if isinstance(found, Problem):
        raise InvalidFiles((*(problem for parsed in below for problem in parsed.problems), found))
    top = parse(last, found or "")
    if found is None or _is_blank(found):
        problems = [problem for parsed in below for problem in parsed.problems]
        problems += (problem for problem in top.problems if problem.rule != "empty-file")
        if problems:
            raise InvalidFiles(tuple(problems))
        return _Layers(tuple(files), store, below, None)
    loaded(files, [*below, top], vault)
    return _Layers(tuple(files), store, below, top.document)


def _text(layers: _Layers, kind: Kind, revised: Revised) -> Edited:
    source, revision = layers.store.source, revised.revision
    if layers.top is not None:
        return edited(source, layers.top, kind.name, revision)
    if not isinstance(revision, Write):
        raise Fault("a file that says nothing yet is to be revised")
    style = Style(newline="\r\n" if "\r\n" in source else "\n")
    gap = "" if not source or source.endswith("\n") else style.newline
    return Edited(f"{source}{gap}{style.document({kind.name: revision.value})}", ())


def _check(  # noqa: PLR0913, PLR0917 - all that a plan depends on
    layers: _Layers,
    after: Parsed,
    live: Live,
    kind: Kind,
    vault: Vault,
    environment: Mapping[str, str],
) -> None:
    """Make sure that a plan straight after shows no change."""
    try:
        found = loaded(layers.files, [*layers.below, after], vault)
    except InvalidFiles as invalid:
        errors = [problem for problem in invalid.problems if makes_invalid(problem)]
        if any(problem.file != layers.files[-1] for problem in errors):
            raise
        rules = {problem.rule for problem in errors}
        if rules <= _BEYOND:
            hint = "nothing was written; change it on the server, or update confsync"
            raise NotWritten(
                f"no file can say what the server has: {errors[0].message}", hint=hint
            ) from None
        raise Fault(f"the file would not be valid: {', '.join(sorted(rules))}") from None
    desired = resolve(found.desired, vault, At(RESOLVERS, "plan"), environment).desired
    left = difference(live.tree, desired.tree, kind.shape, desired.origin)
    if left.changes:
        paths = ", ".join(path_text(change.path) or "@type" for change in left.changes)
        raise Fault(f"the file would not say what the server has: {paths}")


def _check_comments(layers: _Layers, made: Edited, after: Parsed) -> None:
    """Make sure that no comment is lost but those that stood at something that goes."""
    before = comments(layers.store.source, layers.top)
    left = Counter(comment.text for comment in before) - Counter(
        comment.text for comment in made.lost
    )
    if left != Counter(comment.text for comment in comments(made.text, after.document)):
        raise Fault("a comment would be lost")


def _pulled(layers: _Layers, kind: Kind, revised: Revised, made: Edited, after: Parsed) -> Pulled:
    fill_in = [
        _to_fill_in(node, path)
        for node, path in _scalars(after.document, ())
        if path[-1] == "env" and node.text.startswith(FILL_IN)
    ]
    return Pulled(
        file=layers.files[-1],
        new=layers.store.content is None,
        changed=revised.changed,
        gone=revised.gone,
        comments=len(made.lost),
        fill_in=tuple(fill_in),
        before=_shown(layers.store.source, layers.top, kind),
        after=_shown(made.text, after.document, kind),
    )


def _to_fill_in(node: ScalarNode, path: Path) -> Problem:
    """What to say of a reference; its path leads through the object, and to the reference's key."""
    _, *place, key = path
    message = f"{path_text(tuple(place))} is not written down: {key} {node.text} stands for it"
    return Problem(
        node.mark.file, node.mark.line, node.mark.column, "fill-in", message, INSTEAD, "warning"
    )


def _shown(source: str, document: MappingNode | None, kind: Kind) -> str:
    hidden = () if document is None else replacements(document, kind.shape, RESOLVERS)
    return veiled(source, document, hidden, masked_comment)


def _object(document: MappingNode | None, name: str) -> MappingNode | None:
    entry = None if document is None else document.get(name)
    return entry[1] if entry is not None and isinstance(entry[1], MappingNode) else None


def _scalars(node: Node | None, path: Path) -> Iterator[tuple[ScalarNode, Path]]:
    """Every value that is a scalar, and its place."""
    match node:
        case MappingNode():
            for key, value in node.entries:
                yield from _scalars(value, (*path, key.text))
        case ScalarNode():
            yield node, path
        case None:
            pass
        case _:
            for index, item in enumerate(node.items):
                yield from _scalars(item, (*path, index))


def _is_blank(source: str) -> bool:
    """Whether a file holds nothing but comments."""
    lines = (line.strip() for line in source.split("\n"))
    return all(not line or line.startswith("#") for line in lines)
