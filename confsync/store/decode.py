"""Decode the nodes of a store by a shape, and lay documents over each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from confsync.kinds.kind import Kind, default_object
from confsync.store import scalars, wrong_objects
from confsync.store.mistakes import PLAINTEXT, TYPE, Mistake, is_broken
from confsync.store.urls import Reader, References
from confsync.sync import shape as shapes
from confsync.sync.names import nearest_name
from confsync.sync.secret import HIDDEN
from confsync.sync.shape import variants_within
from confsync.sync.tree import Items, Members, Object, Path, Tree, path_text, url_key
from confsync.sync.url import Url
from confsync.sync.values import Desired, Origin
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from confsync.errors import Problem
    from confsync.sync.secret import Vault


@dataclass(frozen=True)
class Reading:
    """The desired states of a document, and its problems."""

    desired: tuple[Desired, ...]
    problems: tuple[Problem, ...]


def from_file(
    document: MappingNode, kinds: Mapping[str, Kind], vault: Vault, references: References
) -> Reading:
    """Decode a document whose top level maps object names to objects.

    `references`: the kinds of references. Missing fields get their default. References are not
    resolved. A secret in plain text is sealed, with the problem `plaintext-secret`: the state is
    usable.
    """
    wrong = wrong_objects.wrong_top(document, kinds)
    if wrong is not None:
        return Reading((), (wrong.problem(document.mark),))
    problems: list[Problem] = []
    desired: list[Desired] = []
    for key, node in document.entries:
        kind = kinds.get(key.text)
        if kind is None:
            there = (kinds[one.text] for one, _ in document.entries if one.text in kinds)
            fields = {
                name: found.name
                for found in there
                for one in variants_within(found.shape)
                for name in one.fields
            }
            wrong = wrong_objects.unknown_object(key, tuple(kinds), fields)
            problems.append(wrong.problem(key.mark))
            # The rest is checked as the object that is meant.
            kind = kinds.get(nearest_name(key.text, kinds))
        if kind is None:
            continue
        before = len(problems)
        decoder = Decoder(vault, references, problems, kind.shape.objects)
        decoder.place((), key.mark)
        tree = decoder.tried(node, kind.shape, ())
        if isinstance(tree, Object):
            decoder.check(kind, tree)
            origins = _without_columns(decoder.origins, problems)
            desired.append(Desired(kind.name, tree, tree, origins, key.mark.file))
        problems[before:] = [replace(one, object=kind.name) for one in problems[before:]]
    return Reading(tuple(desired), first_columns(problems))


@dataclass
class Decoder(Reader):
    """Decodes values, and collects problems, origins and nodes. `variants`: of the whole object."""

    variants: Collection[str] = ()
    origins: dict[Path, Origin] = field(default_factory=dict)
    nodes: dict[Path, Node] = field(default_factory=dict)

    def tried(self, node: Node, shape: shapes.Shape, path: Path, *, nullable: bool = False) -> Tree:
        """Decode a value, and collect its mistakes. Returns None for an invalid one.

        `nullable`: hints name null as a value.
        """
        self.nodes[path] = node
        if is_broken(node):
            return None
        name = path_text(path)
        try:
            match shape:
                case shapes.Variants():
                    return self._object(node, shape, path)
                case shapes.ListOf():
                    return self._list(node, shape, path)
                case shapes.TextSet():
                    return self._set(node, path)
                case shapes.UrlText():
                    return self.url(node, path)
                case shapes.SecretText():
                    return self.secret(node, name)
                case _:
                    keys = node.entries if isinstance(node, MappingNode) else ()
                    if [key.text in self.references for key, _ in keys] == [True]:
                        fact = f"{name} cannot be a reference; only secrets and URLs can"
                        raise Mistake("reference-for-value", fact, "write the value itself")  # noqa: TRY301
                    return scalars.scalar(node, shape, path, nullable=nullable)
        except Mistake as mistake:
            self.mistake(node.mark, mistake)
            return None

    def check(self, kind: Kind, tree: Object) -> None:
        """Collect the limits that an object breaks."""
        for broken in kind.check(tree):
            shape, node, name = broken.shape, self.nodes[broken.path], path_text(broken.path)
            if isinstance(shape, shapes.ListOf):
                count = len(node.items) if isinstance(node, SequenceNode) else 0
                wrong = wrong_objects.too_few(name, count, shape.minimum)
            else:
                limit = scalars.limit_text(shape, shape.minimum if broken.least else shape.maximum)
                message = f"{name} must be at {'least' if broken.least else 'most'} {limit}"
                wrong = Mistake("out-of-range", message, f"allowed: {scalars.range_text(shape)}")
            self.mistake(node.mark, wrong)

    def _object(self, node: Node, shape: shapes.Variants, path: Path) -> Object | None:
        if not isinstance(node, MappingNode):
            raise wrong_objects.not_an_object(node, path, shape)
        entry = node.get(TYPE)
        if entry is None:
            raise wrong_objects.no_type(node, path, shape, self.references)
        tag = entry[1]
        if is_broken(tag):
            return None
        known = shape.objects.get(tag.text) if isinstance(tag, ScalarNode) else None
        if known is None:
            wrong = wrong_objects.unknown_type(tag, path, shape, self.variants)
            known = shape.objects.get(wrong_objects.near_type(tag, shape))
            if known is None or wrong.rule != "unknown-type":
                raise wrong
            # The rest is checked as the variant that is meant.
            self.mistake(tag.mark, wrong)
        if path not in self.origins:
            self.place(path, node.mark)
        elif not path:
            # Of several layers, the one that decides on the variant.
            self.place(path, entry[0].mark)
        for key, _ in node.entries:
            if key.text != TYPE and key.text not in known.fields:
                found = wrong_objects.unknown_field(key, known, shape, self.references)
                self.mistake(key.mark, found)
        fields = known.fields.items()
        members = {name: self._field(node, one, (*path, name)) for name, one in fields}
        return Object(known.tag, members)

    def _field(self, node: MappingNode, known: shapes.Field, path: Path) -> Tree:
        entry = node.get(str(path[-1]))
        if entry is None and not known.required:
            self.origins[path] = Origin("default")
            return known.default
        mark, wrong = node.mark, None
        if entry is None:
            wrong = wrong_objects.missing(path, known)
        else:
            key, value = entry
            self.place(path, key.mark)
            if not isinstance(value, ScalarNode) or not scalars.is_null(value):
                found = self.tried(value, known.shape, path, nullable=known.nullable)
                if found is not None:
                    return found
            elif known.nullable:
                return None
            else:
                mark, wrong = value.mark, wrong_objects.null(path, known, value)
        secret = isinstance(known.shape, shapes.SecretText)
        # A reference beside the place of a secret is reported already.
        if wrong and not (secret and any(key.text in self.references for key, _ in node.entries)):
            self.mistake(mark, wrong)
        if not known.required:
            return known.default
        # A valid value in place of the invalid one, so that the rest can be checked.
        if isinstance(known.shape, shapes.ListOf):
            item = known.shape.item
            return Items((default_object(item, next(iter(item.objects))),) * known.shape.minimum)
        return HIDDEN if secret else "?"

    def _list(self, node: Node, shape: shapes.ListOf, path: Path) -> Items | None:
        if not isinstance(node, SequenceNode):
            raise wrong_objects.not_a_list_of_objects(node, path_text(path))
        found = [self.tried(item, shape.item, (*path, i)) for i, item in enumerate(node.items)]
        items = [item for item in found if isinstance(item, Object)]
        return Items(tuple(items)) if len(items) == len(found) else None

    def _set(self, node: Node, path: Path) -> Members:
        if not isinstance(node, SequenceNode):
            raise wrong_objects.not_a_list_of_urls(node, path_text(path))
        members: dict[object, Url] = {}
        for item in node.items:
            here = (*path, len(members))
            url = self.tried(item, shapes.UrlText(), here)
            if isinstance(url, Url) and url_key(url) not in members:
                members[url_key(url)] = url
                self.place(here, item.mark)
        return Members(tuple(members.values()))

    def place(self, path: Path, mark: Mark) -> None:
        """Note the place of a value."""
        self.origins[path] = Origin("file", mark.file, mark.line, mark.column)


def first_columns(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort problems. Only the first of a line keeps its column: others show a secret's length."""
    found: list[Problem] = []
    first: dict[tuple[str, int], int] = {}
    for problem in sorted(problems):
        column = first.setdefault((problem.file, problem.line), problem.column)
        found.append(problem if problem.column == column else replace(problem, column=0))
    return tuple(found)


def _without_columns(
    origins: Mapping[Path, Origin], problems: Iterable[Problem]
) -> dict[Path, Origin]:
    """Origins, without the columns of those after a secret in plain text."""
    plain: dict[tuple[str, int], int] = {}
    for problem in sorted(problems, reverse=True):
        if problem.rule == PLAINTEXT:
            plain[problem.file, problem.line] = problem.column
    return {
        path: replace(origin, column=0)
        if origin.column > plain.get((origin.file, origin.line), origin.column)
        else origin
        for path, origin in origins.items()
    }


def lay_over(documents: Sequence[MappingNode]) -> MappingNode:
    """All documents as one, later ones over earlier ones: product page, section 2.

    Objects merge member by member; lists, references, URL mappings and objects of another
    variant are replaced whole. Every node keeps the place where it was written.
    """
    return reduce(_merge, documents)


@dataclass(frozen=True)
class Discarded:
    """An object whose `@type`, at `mark`, discards everything about it in earlier files."""

    name: str
    files: tuple[str, ...]
    mark: Mark


def discarded(documents: Sequence[MappingNode]) -> Iterator[Discarded]:
    """Every layer that discards everything of an earlier one, in their order."""
    laid: dict[str, Node] = {}
    files: dict[str, tuple[str, ...]] = {}
    for document in documents:
        for key, value in document.entries:
            name, below = key.text, laid.get(key.text)
            laid[name] = value if below is None else _over(below, value)
            tag = member_of(value, TYPE)
            if below is not None and laid[name] is value and tag is not None:
                yield Discarded(name, files.pop(name), tag.mark)
            files[name] = (*files.get(name, ()), key.mark.file)


def unused(documents: Sequence[MappingNode], whole: MappingNode) -> Iterator[MappingNode]:
    """The documents from which no value is in the whole, laid over each other in their order."""
    used = {id(value) for value in _values(whole)}
    for document in documents:
        values = [*_values(document)]
        if values and used.isdisjoint(map(id, values)):
            yield document


def _values(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for _, value in node.entries:
            yield from _values(value)
    else:
        yield node


def _merge(below: MappingNode, above: MappingNode) -> MappingNode:
    entries = {key.text: (key, value) for key, value in below.entries}
    for key, value in above.entries:
        old = entries.get(key.text)
        entries[key.text] = (key, value if old is None else _over(old[1], value))
    return MappingNode(below.mark, tuple(entries.values()))


def _over(below: Node, above: Node) -> Node:
    if not (isinstance(below, MappingNode) and isinstance(above, MappingNode)):
        return above
    tag, other = tag_of(below), tag_of(above)
    return _merge(below, above) if tag is not None and other in {None, tag} else above


def tag_of(node: Node | None) -> str | None:
    """The variant of an object; None for a reference or the mapping form of a URL."""
    tag = member_of(node, TYPE)
    return tag.text if isinstance(tag, ScalarNode) else None


def member_of(node: Node | None, name: str) -> Node | None:
    """The value of a key of a mapping; None without one."""
    entry = node.get(name) if isinstance(node, MappingNode) else None
    return None if entry is None else entry[1]
