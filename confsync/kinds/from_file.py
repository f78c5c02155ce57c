"""From a file's nodes to a desired state: every mistake is found, none ends the reading."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.errors import Problem
from confsync.kinds import mistakes, scalars
from confsync.kinds.kind import Broken, Kind, default_object
from confsync.kinds.mistakes import PLAINTEXT, TYPE, Mistake, Mistakes, is_broken
from confsync.kinds.urls import Reader, Reference
from confsync.sync.document import MappingNode, Mark, Node, ScalarNode, SequenceNode
from confsync.sync.relate import written
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
from confsync.sync.tree import Items, Members, Object, Path, Tree, path_text
from confsync.sync.values import Desired, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from confsync.sync.secret import Vault
    from confsync.sync.url import Url


@dataclass(frozen=True)
class Reading:
    """What came out of a document: the desired states, and all that is wrong with it."""

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
    if not document.entries:
        problems.append(_problem(document.mark, mistakes.no_object(tuple(kinds))))
    for key, node in document.entries:
        kind = kinds.get(key.text)
        if kind is None:
            problems.append(_problem(key.mark, mistakes.unknown_object(key, tuple(kinds))))
            continue
        decoder = _Decoder(vault, references)
        tree = decoder.object(node, kind.shape, (), key.mark)
        problems += decoder.problems
        if isinstance(tree, Object):
            problems += (decoder.broken(tree, kind, broken) for broken in kind.check(tree))
            origins = _without_columns(decoder.origins, problems)
            desired.append(Desired(kind.name, tree, tree, origins, key.mark.file))
    return Reading(tuple(desired), first_columns(problems))


def value_at(
    node: Node, shape: Shape, vault: Vault, references: Mapping[str, Reference]
) -> Tree | None:
    """What a single node says in the place of a value that is not null; None where it cannot be
    read.
    """
    decoder = _Decoder(vault, references)
    try:
        found = decoder.value(node, shape, (), node.mark)
    except (Mistake, Mistakes):
        return None
    return None if any(problem.rule != PLAINTEXT for problem in decoder.problems) else found


@dataclass
class _Decoder:
    vault: Vault
    references: Mapping[str, Reference]
    problems: list[Problem] = field(default_factory=list)
    origins: dict[Path, Origin] = field(default_factory=dict)
    marks: dict[Path, Mark] = field(default_factory=dict)

    def object(self, node: Node, shape: Variants, path: Path, at: Mark) -> Object | None:
        """Decode an object; None where not even its variant can be told."""
        if is_broken(node):
            return None
        if not isinstance(node, MappingNode):
            names = ", ".join(shape.objects)
            hint = f"write `'@type': …` under it, with one of {names}"
            self._mistake(
                node.mark, Mistake("wrong-type", f"{_name(path, shape)} must be a mapping", hint)
            )
            return None
        known = self._variant(node, shape, path)
        if known is None:
            return None
        self.origins[path] = Origin("file", at.file, at.line, at.column)
        for key, _ in node.entries:
            if key.text != TYPE and key.text not in known.fields:
                self._mistake(key.mark, mistakes.unknown_field(key, known, shape))
        members = {
            name: self._field(node, name, known_field, (*path, name))
            for name, known_field in known.fields.items()
        }
        return Object(known.tag, members)

    def broken(self, tree: Object, kind: Kind, broken: Broken) -> Problem:
        """What to say of a limit that is passed."""
        shape = _shape_at(kind.shape, tree, broken.path)
        mark = self.marks.get(broken.path) or _mark_of(self.origins[()])
        text = scalars.limit_text(shape, broken.limit)
        bound = "at least" if broken.least else "at most"
        if isinstance(shape, ListOf):
            text, hint = f"{text} items", "one store alone needs no shards: write it at the top"
        else:
            hint = f"allowed is {scalars.range_text(shape)}"
        message = f"{path_text(broken.path)} must be {bound} {text}"
        if isinstance(shape, ListOf):
            message = f"{path_text(broken.path)} must have {bound} {text}"
        return _problem(mark, Mistake("limit", message, hint))

    def _variant(self, node: MappingNode, shape: Variants, path: Path) -> Fields | None:
        name = _name(path, shape)
        entry = node.get(TYPE)
        if entry is None:
            self._mistake(node.mark, mistakes.no_type(node, name, shape, tuple(self.references)))
            return None
        _, value = entry
        if is_broken(value):
            return None
        tag = value.text if isinstance(value, ScalarNode) else ""
        known = shape.objects.get(tag)
        if known is None:
            self._mistake(value.mark, mistakes.unknown_type(value, name, shape))
        return known

    def _field(self, node: MappingNode, name: str, known: Field, path: Path) -> Tree:
        entry = node.get(name)
        if entry is None:
            if known.required:
                self._mistake(node.mark, mistakes.missing(name, known, path))
                return _placeholder(known.shape)
            self.origins[path] = Origin("default")
            return known.default
        key, value = entry
        self.origins[path] = Origin("file", key.mark.file, key.mark.line, key.mark.column)
        self.marks[path] = value.mark
        if isinstance(value, ScalarNode) and scalars.is_null(value):
            if known.nullable:
                return None
            self._mistake(value.mark, mistakes.null(path, known))
            return _placeholder(known.shape) if known.required else known.default
        try:
            decoded = self.value(value, known.shape, path, key.mark)
        except (Mistake, Mistakes) as found:
            self._mistakes(value.mark, found)
            decoded = None
        if decoded is None:
            return _placeholder(known.shape) if known.required else known.default
        return decoded

    def value(self, node: Node, shape: Shape, path: Path, at: Mark) -> Tree:
        """Decode a value. Raises Mistake and Mistakes."""
        reader = Reader(self.vault, self.references, path, self._mistake)
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
                return scalars.scalar(node, shape, path)

    def _list(self, node: Node, shape: ListOf, path: Path) -> Items | None:
        if not isinstance(node, SequenceNode):
            raise Mistake(
                "wrong-type",
                f"{path_text(path)} must be a list",
                "write its items one under the other, each with `- ` in front",
            )
        items = [
            self.object(item, shape.item, (*path, index), item.mark)
            for index, item in enumerate(node.items)
        ]
        whole = [item for item in items if item is not None]
        return Items(tuple(whole)) if len(whole) == len(items) else None

    def _set(self, node: Node, path: Path) -> Members:
        if not isinstance(node, SequenceNode):
            raise Mistake(
                "wrong-type",
                f"{path_text(path)} must be a list",
                "write its members one under the other, each with `- ` in front"
                + (", without `: true`" if isinstance(node, MappingNode) else ""),
            )
        members: list[Url] = []
        seen: set[object] = set()
        for item in node.items:
            here = (*path, len(members))
            try:
                url = Reader(self.vault, self.references, here, self._mistake).url(item)
            except (Mistake, Mistakes) as found:
                self._mistakes(item.mark, found)
                continue
            if written(url) not in seen:
                seen.add(written(url))
                self.origins[here] = Origin(
                    "file", item.mark.file, item.mark.line, item.mark.column
                )
                members.append(url)
        return Members(tuple(members))

    def _mistakes(self, mark: Mark, found: Mistake | Mistakes) -> None:
        for mistake in found.mistakes if isinstance(found, Mistakes) else (found,):
            self._mistake(mark, mistake)

    def _mistake(self, mark: Mark, mistake: Mistake) -> None:
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
    """The same of origins that stand behind a secret in clear."""
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


def _shape_at(shape: Shape, tree: Tree, path: Path) -> Shape:
    for step in path:
        if isinstance(shape, Variants) and isinstance(tree, Object) and isinstance(step, str):
            shape, tree = shape.objects[tree.tag].fields[step].shape, tree.members[step]
        elif isinstance(shape, ListOf) and isinstance(tree, Items) and isinstance(step, int):
            shape, tree = shape.item, tree.items[step]
    return shape


def _mark_of(origin: Origin) -> Mark:
    return Mark(origin.file, origin.line, origin.column)
