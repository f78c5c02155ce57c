"""Decode the nodes of a store by a shape, with all mistakes at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.errors import Problem
from confsync.kinds.kind import Broken, Kind, default_object
from confsync.store import scalars
from confsync.store.messages import files as wrong_files
from confsync.store.messages import lists as wrong_lists
from confsync.store.messages import names as wrong_names
from confsync.store.messages import values as wrong_values
from confsync.store.mistakes import (
    PLAINTEXT,
    TYPE,
    Mistake,
    is_broken,
)
from confsync.store.urls import Reader, Reference
from confsync.sync.secret import HIDDEN
from confsync.sync.shape import (
    Boolean,
    Choice,
    Duration,
    Field,
    Fields,
    ListOf,
    SecretText,
    Shape,
    Text,
    Unsigned,
    UrlSet,
    UrlText,
    Variants,
)
from confsync.sync.tree import Items, Members, Object, Path, Tree, path_text, url_key
from confsync.sync.url import Url
from confsync.sync.values import Desired, Origin
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from confsync.sync.secret import Vault


@dataclass(frozen=True)
class Reading:
    """The desired states of a document, and its problems."""

    desired: tuple[Desired, ...]
    problems: tuple[Problem, ...]


def from_file(
    document: MappingNode,
    kinds: Mapping[str, Kind],
    vault: Vault,
    references: Mapping[str, Reference],
) -> Reading:
    """Decode a document whose top level maps object names to objects.

    `references` are the kinds of references that there are, like `env`. Omitted fields get their
    documented defaults. Secrets stay references; those that stand in the file in clear are sealed,
    and problems with the rule `plaintext-secret`, which leave the desired state usable.
    """
    problems: list[Problem] = []
    desired: list[Desired] = []
    wrong = wrong_files.wrong_top(document, kinds)
    if wrong is not None:
        return Reading((), (_problem(document.mark, wrong),))
    for key, node in document.entries:
        kind = kinds.get(key.text)
        if kind is None:
            problems.append(_problem(key.mark, wrong_files.unknown_object(key, tuple(kinds))))
            continue
        decoder = Decoder(vault, references, kind.shape)
        tree = decoder.object(node, kind.shape, (), key.mark)
        problems += decoder.problems
        if isinstance(tree, Object):
            problems += (decoder.broken(broken) for broken in kind.check(tree))
            origins = _without_columns(decoder.origins, problems)
            desired.append(Desired(kind.name, tree, tree, origins, key.mark.file))
    return Reading(tuple(desired), first_columns(problems))


def value_at(
    node: Node, shape: Shape, vault: Vault, references: Mapping[str, Reference]
) -> Tree | None:
    """Decode a single node that is not null. Returns None for an invalid one."""
    decoder = Decoder(vault, references, Variants("", {}))
    found = decoder.tried(node, shape, ())
    return None if any(problem.rule != PLAINTEXT for problem in decoder.problems) else found


@dataclass
class Decoder:
    """Decodes values of a file; collects their problems and their places."""

    vault: Vault
    references: Mapping[str, Reference]
    top: Variants
    problems: list[Problem] = field(default_factory=list)
    origins: dict[Path, Origin] = field(default_factory=dict)
    marks: dict[Path, Mark] = field(default_factory=dict)
    lengths: dict[Path, int] = field(default_factory=dict)

    def object(self, node: Node, shape: Variants, path: Path, at: Mark) -> Object | None:
        """Decode an object. Returns None if its variant is unknown."""
        if is_broken(node):
            return None
        if not isinstance(node, MappingNode):
            self.mistake(node.mark, wrong_names.not_an_object(node, path, shape))
            return None
        known = self._variant(node, shape, path)
        if known is None:
            return None
        self.origins[path] = Origin("file", at.file, at.line, at.column)
        for key, _ in node.entries:
            if key.text != TYPE and key.text not in known.fields:
                found = wrong_names.unknown_field(key, known, shape, self.references)
                self.mistake(key.mark, found)
        members = {
            name: self._field(node, name, known_field, (*path, name))
            for name, known_field in known.fields.items()
        }
        return Object(known.tag, members)

    def broken(self, broken: Broken) -> Problem:
        """The problem of a limit that a state breaks."""
        shape = broken.shape
        mark = self.marks.get(broken.path) or mark_of(self.origins[()])
        name = path_text(broken.path)
        if isinstance(shape, ListOf):
            count = self.lengths.get(broken.path, 0)
            return _problem(mark, wrong_lists.too_few(name, count, shape.minimum))
        hint = f"allowed is {scalars.range_text(shape)}"
        if broken.least:
            limit = scalars.limit_text(shape, shape.minimum)
            return _problem(mark, Mistake("out-of-range", f"{name} must be at least {limit}", hint))
        limit = scalars.limit_text(shape, shape.maximum)
        return _problem(mark, Mistake("out-of-range", f"{name} must be at most {limit}", hint))

    def _variant(self, node: MappingNode, shape: Variants, path: Path) -> Fields | None:
        name = _name(path, shape)
        entry = node.get(TYPE)
        if entry is None:
            self.mistake(node.mark, wrong_names.no_type(node, name, shape, self.references))
            return None
        _, value = entry
        if is_broken(value):
            return None
        tag = value.text if isinstance(value, ScalarNode) else ""
        known = shape.objects.get(tag)
        if known is None:
            self.mistake(value.mark, wrong_names.unknown_type(value, path, shape, self.top))
        return known

    def _field(self, node: MappingNode, name: str, known: Field, path: Path) -> Tree:
        entry = node.get(name)
        if entry is None:
            if known.required:
                if not self._said_beside(node, known):
                    self.mistake(node.mark, wrong_names.missing(name, known, path))
                return _placeholder(known.shape)
            self.origins[path] = Origin("default")
            return known.default
        key, value = entry
        self.place(key, path)
        self.marks[path] = value.mark
        if isinstance(value, ScalarNode) and scalars.is_null(value):
            if known.nullable:
                return None
            if not self._said_beside(node, known):
                self.mistake(value.mark, wrong_values.null(path, known, value))
            return _placeholder(known.shape) if known.required else known.default
        decoded = self.tried(value, known.shape, path, key.mark, nullable=known.nullable)
        if decoded is None:
            return _placeholder(known.shape) if known.required else known.default
        return decoded

    def _said_beside(self, node: MappingNode, known: Field) -> bool:
        """Return True if a missing secret stands beside its place, which is reported already."""
        secret = isinstance(known.shape, SecretText)
        return secret and any(key.text in self.references for key, _ in node.entries)

    def tried(
        self,
        node: Node,
        shape: Shape,
        path: Path,
        at: Mark | None = None,
        *,
        nullable: bool = False,
    ) -> Tree:
        """Decode a value, and report its mistakes. Returns None for an invalid one.

        `at` is the place of its key. `nullable`: hints name null as a value.
        """
        if is_broken(node):
            return None
        try:
            return self._value(node, shape, path, at or node.mark, nullable=nullable)
        except Mistake as mistake:
            self.mistake(mistake.mark or node.mark, mistake)
            return None

    def _value(self, node: Node, shape: Shape, path: Path, at: Mark, *, nullable: bool) -> Tree:
        reader = Reader(self.vault, self.references, path, self.mistake)
        match shape:
            case Variants():
                return self.object(node, shape, path, at)
            case ListOf():
                return self._list(node, shape, path)
            case UrlSet():
                return self._set(node, path)
            case UrlText():
                return reader.url(node)
            case SecretText():
                return reader.secret(node)
            case Text() | Boolean() | Unsigned() | Duration() | Choice():
                wrong_lists.refuse_reference(node, path_text(path), self.references)
                return scalars.scalar(node, shape, path, nullable=nullable)

    def _list(self, node: Node, shape: ListOf, path: Path) -> Items | None:
        if not isinstance(node, SequenceNode):
            raise wrong_lists.not_a_list_of_objects(node, path_text(path))
        self.lengths[path] = len(node.items)
        items = [
            self.object(item, shape.item, (*path, index), item.mark)
            for index, item in enumerate(node.items)
        ]
        whole = [item for item in items if item is not None]
        return Items(tuple(whole)) if len(whole) == len(items) else None

    def _set(self, node: Node, path: Path) -> Members:
        if not isinstance(node, SequenceNode):
            raise wrong_lists.not_a_list_of_urls(node, path_text(path))
        members: list[Url] = []
        seen: set[object] = set()
        for item in node.items:
            here = (*path, len(members))
            url = self.tried(item, UrlText(), here)
            if isinstance(url, Url) and url_key(url) not in seen:
                seen.add(url_key(url))
                self.origins[here] = Origin(
                    "file", item.mark.file, item.mark.line, item.mark.column
                )
                members.append(url)
        return Members(tuple(members))

    def place(self, key: ScalarNode, path: Path) -> None:
        """Note the place of a key as the origin of its value."""
        self.origins[path] = Origin("file", key.mark.file, key.mark.line, key.mark.column)

    def mistake(self, mark: Mark, mistake: Mistake) -> None:
        """Report a mistake."""
        self.problems.append(_problem(mistake.mark or mark, mistake))


def _problem(mark: Mark, mistake: Mistake) -> Problem:
    return Problem(mark.file, mark.line, mark.column, mistake.rule, mistake.message, mistake.hint)


def first_columns(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in their order; of several in a line only the first keeps its column. What
    stands before the others may be a secret, whose length their columns would tell.
    """
    found: list[Problem] = []
    first: dict[tuple[str, int], int] = {}
    for problem in sorted(problems):
        column = first.setdefault((problem.file, problem.line), problem.column)
        found.append(problem if problem.column == column else replace(problem, column=0))
    return tuple(found)


def _without_columns(
    origins: Mapping[Path, Origin], problems: Iterable[Problem]
) -> dict[Path, Origin]:
    """Origins, without the columns of those behind a secret in clear."""
    plain: dict[tuple[str, int], int] = {}
    for problem in sorted(problems):
        if problem.rule == PLAINTEXT:
            plain.setdefault((problem.file, problem.line), problem.column)
    return {
        path: replace(origin, column=0)
        if origin.column > plain.get((origin.file, origin.line), origin.column)
        else origin
        for path, origin in origins.items()
    }


def _name(path: Path, shape: Variants) -> str:
    return path_text(path) or shape.name


def _placeholder(shape: Shape) -> Tree:
    """A valid value for a field that could not be read, so that the rest can be checked."""
    match shape:
        case ListOf():
            first = next(iter(shape.item.objects))
            return Items((default_object(shape.item, first),) * shape.minimum)
        case SecretText():
            return HIDDEN
        case _:
            return "?"


def mark_of(origin: Origin) -> Mark:
    """The place in a file that an origin names."""
    return Mark(origin.file, origin.line, origin.column)
