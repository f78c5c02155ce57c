"""Pull: write the live state into a store file, edited in place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from os.path import realpath
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.disk.read import MAX_STORE_BYTES
from confsync.disk.write import StoreFile
from confsync.errors import Fault, InvalidFiles, NotWritten, Problem, WrongUsage
from confsync.guard import discreet
from confsync.kinds import FIRST, KINDS, using
from confsync.kinds.kind import never_set
from confsync.masking.document import Side, masked_diff, masked_scalars
from confsync.report.file_results import Pulled
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import At, resolve, resolving
from confsync.store.decode import from_file
from confsync.store.encode import no_form, unknown_fields
from confsync.store.layers import lay_over
from confsync.store.mistakes import IN_URL, INSTEAD
from confsync.store.revise import Words, revise
from confsync.store.urls import PASSWORD
from confsync.sync.compare import difference
from confsync.sync.findings import makes_invalid
from confsync.sync.secret import FILL_IN
from confsync.sync.tree import path_text
from confsync.workflow.load import NOTHING_OWN, Own, check_names, loaded, named_in
from confsync.workflow.server import read_all, read_known
from confsync.yaml.edit import Edited, Revised, Write, edited
from confsync.yaml.emit import Style
from confsync.yaml.nodes import MappingNode, ScalarNode, comments, members_of, scalars
from confsync.yaml.read import Parsed, parse, read, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.sync.secret import Vault
    from confsync.sync.tree import Path
    from confsync.sync.values import Live
    from confsync.workflow.server import Session
    from confsync.yaml.edit import Revision
    from confsync.yaml.nodes import Node

Objects: TypeAlias = "Sequence[str] | Literal['every']"
"""The objects of a pull: named ones, none for those in the files, or every one that differs from
its defaults, beside those in the files.
"""

_BEYOND = {"out-of-range", "too-few-items", "unknown-choice"}
"""The rules that a server with other limits or more choices may break."""


@discreet
def pull(  # noqa: PLR0913 - what touches the world is passed in, each by its name
    files: Sequence[str],
    session: Session,
    *,
    environment: Mapping[str, str],
    objects: Objects = (),
    own: Own = NOTHING_OWN,
    write: bool = True,
) -> Pulled:
    """Write the live state of objects into the last of the files, which are laid over each other:
    of those in the files, or of the named `objects`; `every`: of those in the files and all that
    differ from their defaults. One request for each 16 objects; nothing is changed on the server.
    Without `write`, find out what that would change.

    A missing file is created. An existing one is edited in place: comments and equal values stay.
    Its fields stay; others are added if they differ from the layers below, or without layers from
    the defaults. Secrets are never written: references that can be right stay, others are to be
    filled in. A plan straight after shows no change. `own`: what the target of the files sets
    itself stays there.

    Raises the errors of `plan`, OutputFailed for a file that cannot be written, and NotWritten for
    a live state that no file can hold; then the file is as it was.
    """
    check_names(files)
    with using(session.tables):
        layers = layers_of(files, StoreFile.at(files[-1]), session.vault, own)
        states = states_for(objects, named_in(layers.documents), session)
        words = words_for(layers.documents, session, environment, own)
        draft, _ = drafted(layers, states, words, session.vault, environment)
    if write:
        draft.write()
    return draft.pulled


@dataclass(frozen=True)
class Draft:
    """A file to write, its new content, and the changes."""

    store: StoreFile
    content: bytes
    pulled: Pulled

    def write(self) -> None:
        """Write the file, if it changes. Raises OutputFailed."""
        if self.content != self.store.content:
            self.store.write(self.content)


@dataclass(frozen=True)
class Layers:
    """The last file with its document, the files below it, and the document of these. `own`: what
    is laid over all.
    """

    files: Sequence[str]
    store: StoreFile
    top: MappingNode | None
    below: tuple[Parsed, ...]
    under: MappingNode | None
    own: Own

    @property
    def documents(self) -> tuple[MappingNode | None, ...]:
        """The documents of all files."""
        return (*(parsed.document for parsed in self.below), self.top)


def states_for(objects: Objects, named: Sequence[str], session: Session) -> tuple[Live, ...]:
    """The live states for a pull. `named`: the objects in the files. Raises NotWritten."""
    if isinstance(objects, str):
        found = read_known(KINDS, session)
        differ = (
            name
            for name, one in found.items()
            if one.unrecognised or not never_set(one.tree, KINDS[name].shape)
        )
        names = [name for name in dict.fromkeys((*named, *differ)) if name in found]
        states = tuple(found[name] for name in names)
        if not states:
            hint = "nothing was written; --object NAME writes an object at its defaults"
            raise NotWritten("no settings object differs from its defaults", hint=hint)
    else:
        states = read_all(tuple(objects) or tuple(named) or (FIRST,), session)
    if any(live.unrecognised for live in states):
        raise _nothing_written(unknown_fields(states))
    return states


def words_for(
    documents: Iterable[MappingNode | None],
    session: Session,
    environment: Mapping[str, str],
    own: Own = NOTHING_OWN,
) -> Words:
    """Reads values of documents. Their texts are taken: no new reference has such a name."""
    taken = frozenset(node.text for one in documents if one for node in scalars(one))
    resolve_one = resolving(session.vault, At(RESOLVERS, "plan"), environment)
    return Words(session.vault, RESOLVERS, resolve_one, taken, own.secrets)


def drafted(
    layers: Layers,
    states: Sequence[Live],
    words: Words,
    vault: Vault,
    environment: Mapping[str, str],
) -> tuple[Draft, Words]:
    """The last file with live states, and the words with its new references taken.

    Raises NotWritten.
    """
    files, before = layers.files, layers
    made, after = Edited(layers.store.source, ()), Parsed(layers.top, ())
    changed: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()
    added: list[str] = []
    for live in states:
        revised = _revised(_beneath(live, layers, vault), layers, words)
        words = replace(words, taken=words.taken | {*revised.fill_in})
        there = layers.top is not None and layers.top.get(live.object) is not None
        added += [] if there or revised.changed else [live.object]
        one = _edited(layers, made.text, live.object, revised.revision)
        made = Edited(one.text, (*made.lost, *one.lost))
        after = parse(files[-1], one.text)
        layers = replace(layers, top=after.document)
        changed, of = changed + revised.changed, (live.object,) if len(states) > 1 else ()
        gone += tuple((*of, *path) for path in revised.gone)
    content = layers.store.mark + made.text.encode("utf-8")
    check_size(content, files[-1])
    _check(before, made, after, states, vault, environment)
    pulled = Pulled(
        file=files[-1],
        new=layers.store.content is None,
        changed=changed,
        gone=gone,
        comments=len(made.lost),
        fill_in=() if after.document is None else tuple(_to_fill_in(after.document, ())),
        diff=_diff(before, made, after),
        added=tuple(added),
    )
    return Draft(layers.store, content, pulled), words


def check_size(content: bytes, file: str) -> None:
    """Raise NotWritten for the content of a store file that could not be read again."""
    if len(content) > MAX_STORE_BYTES:
        hint = "nothing was written; store files are limited to 64 KiB"
        hint += "; --into DIRECTORY writes one file an object"
        raise NotWritten("the file would be larger than 64 KiB", where=file, hint=hint)


def _beneath(live: Live, layers: Layers, vault: Vault) -> Live:
    """A live state in which the fields that the target sets itself are as its files have them."""
    paths = [
        (key.text, inner.text)
        for document in layers.own.set
        for key, value in document.entries
        if isinstance(value, MappingNode)
        for inner, _ in value.entries
    ]
    fields = [field for name, field in paths if name == live.object]
    documents = [one for one in layers.documents if one is not None]
    if not fields or not documents:
        return live
    found = from_file(lay_over(documents), KINDS, vault, RESOLVERS, layers.own.secrets).desired
    tree = next((one.tree for one in found if one.object == live.object), None)
    if tree is None or tree.tag != live.tree.tag:
        return live
    members = {field: tree.members[field] for field in fields if field in tree.members}
    return replace(live, tree=replace(live.tree, members={**live.tree.members, **members}))


def _revised(live: Live, layers: Layers, words: Words) -> Revised:
    """The revision of an object in the last file. Raises NotWritten."""
    name = live.object
    revised = revise(
        live, KINDS[name], _object(layers.top, name), _object(layers.under, name), words
    )
    if revised.unsayable:
        raise _nothing_written(no_form(name, revised.unsayable))
    return revised


def _nothing_written(error: NotWritten) -> NotWritten:
    error.hint = f"nothing was written; {error.hint}"
    return error


def layers_of(
    files: Sequence[str], store: StoreFile, vault: Vault, own: Own = NOTHING_OWN
) -> Layers:
    """Read the files; `store` is the last. Raises WrongUsage and InvalidFiles."""
    *lower, last = files
    if str(store.target) in map(realpath, lower):
        hint = "name it once, as the last file: the others are only read"
        raise WrongUsage("the file to write is also an earlier file", hint=hint)
    below = tuple(map(read, lower))
    found = "" if store.content is None else text(last, store.content)
    top = Parsed(None, (found,)) if isinstance(found, Problem) else parse(last, found)
    if isinstance(found, str) and any(
        line and not line.startswith("#") for line in map(str.strip, found.split("\n"))
    ):
        loaded(files, [*below, top], vault, own)
    else:
        problems = [problem for parsed in below for problem in parsed.problems]
        # A file of comments alone is fine.
        problems += (problem for problem in top.problems if problem.rule != "empty-file")
        if problems:
            raise InvalidFiles(tuple(problems))
    documents = [parsed.document for parsed in below if parsed.document is not None]
    under = lay_over(documents) if documents else None
    return Layers(files, store, top.document, below, under, own)


def _object(document: MappingNode | None, name: str) -> MappingNode | None:
    entry = None if document is None else document.get(name)
    return entry[1] if entry is not None and isinstance(entry[1], MappingNode) else None


def _edited(layers: Layers, source: str, name: str, revision: Revision) -> Edited:
    """The text with a revised object; one that is not there yet comes at its end."""
    if layers.top is not None and layers.top.get(name) is not None:
        return edited(source, layers.top, name, revision)
    if not isinstance(revision, Write):
        raise Fault("a file that says nothing yet is to be revised")
    style = Style(newline="\r\n" if "\r\n" in source else "\n")
    gap = "" if not source or source.endswith("\n") else style.newline
    return Edited(f"{source}{gap}{style.document({name: revision.value})}", ())


def _check(  # noqa: PLR0913, PLR0917 - what is checked, and by what
    layers: Layers,
    made: Edited,
    after: Parsed,
    states: Sequence[Live],
    vault: Vault,
    environment: Mapping[str, str],
) -> None:
    """Raise NotWritten or Fault if a plan straight after would show a change, or if a comment is
    lost that did not belong to a removed field. `after`: the new text, parsed.
    """
    try:
        found = loaded(layers.files, [*layers.below, after], vault, layers.own)
    except InvalidFiles as invalid:
        errors = [problem for problem in invalid.problems if makes_invalid(problem)]
        if any(problem.file != layers.files[-1] for problem in errors):
            raise
        rules = {problem.rule for problem in errors}
        if rules <= _BEYOND:
            hint = "nothing was written; change it on the server, or run `confsync schema --update`"
            raise NotWritten(
                f"the server has an unsupported value: {errors[0].message}", hint=hint
            ) from None
        raise Fault(f"the file would not be valid: {', '.join(sorted(rules))}") from None
    desired = {one.object: one for one in found.desired}
    for live in states:
        shape = KINDS[live.object].shape
        after_pull = resolve(desired[live.object], vault, At(RESOLVERS, "plan"), environment, shape)
        wanted = after_pull.desired
        left = difference(live.tree, wanted.tree, shape, wanted.origin).changes
        if not left:
            continue
        paths = ", ".join(path_text(change.path) or "@type" for change in left)
        origin = left[0].origin
        if all(one.action == "add" and one.origin.file in layers.files[:-1] for one in left):
            hint = "nothing was written; remove them there: a later file cannot"
            fact = f"an earlier file sets keys that the server does not have: {paths}"
            raise NotWritten(fact, where=f"{origin.file}:{origin.line}", hint=hint)
        if all(one.origin.file and one.origin.file not in layers.files for one in left):
            hint = "nothing was written; correct it there: pull writes store files alone"
            fact = f"`set` has other values than the server: {paths}"
            raise NotWritten(fact, where=f"{origin.file}:{origin.line}", hint=hint)
        raise Fault(f"the file would differ from the server: {paths}")
    before = Counter(comment.text for comment in comments(layers.store.source, layers.top))
    kept = before - Counter(comment.text for comment in made.lost)
    if kept != Counter(comment.text for comment in comments(made.text, after.document)):
        raise Fault("a comment would be lost")


def to_fill_in(file: str) -> tuple[Problem, ...]:
    """A warning for each reference to fill in, in an existing file."""
    document = read(file).document
    return () if document is None else tuple(_to_fill_in(document, ()))


def _to_fill_in(node: Node, path: Path) -> Iterator[Problem]:
    """A warning for each reference to fill in. `path` starts with the name of the object."""
    for index, (key, value) in enumerate(members_of(node)):
        yield from _to_fill_in(value, (*path, index if key is None else key.text))
    if isinstance(node, ScalarNode) and path[-1] == "env" and node.text.startswith(FILL_IN):
        message = f"{path_text(path[1:-1])}: env {node.text} is a placeholder"
        place = (node.mark.file, node.mark.line, node.mark.column)
        hint = IN_URL if PASSWORD in path else INSTEAD
        yield Problem(*place, "fill-in", message, hint, "warning")


def _diff(layers: Layers, made: Edited, after: Parsed) -> str:
    """The masked diff, in which all line ends are equal."""

    def side(name: str, source: str, document: MappingNode | None) -> Side:
        masks = document and masked_scalars(document, KINDS, RESOLVERS, layers.under)
        end = "" if not source or source.endswith("\n") else "\n"
        return Side(name, source.replace("\r\n", "\n") + end, masks or {})

    file = layers.files[-1]
    start = "/dev/null" if layers.store.content is None else file
    before = side(start, layers.store.source, layers.top)
    return masked_diff(before, side(file, made.text, after.document))
