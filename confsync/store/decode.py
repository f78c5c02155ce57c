"""Decode the nodes of a store by a shape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.kinds.kind import Kind, default_object
from confsync.kinds.not_managed import not_managed
from confsync.store import scalars, wrong_objects
from confsync.store.encode import with_default
from confsync.store.mistakes import PLAINTEXT, TYPE, UNNAMED, Mistake, is_broken, quoted_name
from confsync.store.urls import Reader, References, in_clear
from confsync.sync import shape as shapes
from confsync.sync.names import nearest_name
from confsync.sync.secret import HIDDEN, Secret
from confsync.sync.shape import variants_within
from confsync.sync.tree import Items, Members, Object, Path, Tree, path_text, url_key
from confsync.sync.url import Url, is_sensitive, seal_text, trim
from confsync.sync.values import Desired, Origin
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from confsync.errors import Problem
    from confsync.sync.secret import Ref, Vault


_WHOLE = shapes.SecretText()
"""The shape of a map's value that is a secret as a whole."""


@dataclass(frozen=True)
class Reading:
    """The desired states of a document, and its problems."""

    desired: tuple[Desired, ...]
    problems: tuple[Problem, ...]


def from_file(
    document: MappingNode,
    kinds: Mapping[str, Kind],
    vault: Vault,
    references: References,
    secrets: Mapping[str, Ref] | None = None,
) -> Reading:
    """Decode a document whose top level maps object names to objects.

    `references`: the kinds of references. `secrets`: see `Reader`. Missing fields get their
    default. References are not resolved. A secret in plain text is sealed, with the problem
    `plaintext-secret`: the state is usable.
    """
    wrong = wrong_objects.wrong_top(document, kinds)
    if wrong is not None:
        return Reading((), (wrong.problem(document.mark),))
    problems: list[Problem] = []
    desired: list[Desired] = []
    named = dict.fromkeys(key.text for key, _ in document.entries)
    known = [name for name in named if name in kinds]
    fields: dict[str, str] = {}
    if len(known) < len(named):
        fields = {
            field: name
            for name in known
            for one in variants_within(kinds[name].shape)
            for field in one.fields
        }
    for key, node in document.entries:
        kind = kinds.get(key.text)
        if kind is None:
            wrong = wrong_objects.unknown_object(key, tuple(kinds), fields)
            problems.append(wrong.problem(key.mark))
            # The rest is checked as the object that is meant.
            kind = None if not_managed(key.text) else kinds.get(nearest_name(key.text, kinds))
        if kind is None:
            continue
        before = len(problems)
        decoder = Decoder(vault, references, problems, secrets, kind.shape.objects)
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
    """Decodes values, and collects problems, origins and nodes. `variants`: of the whole object.
    `odd`: keys of maps that messages do not repeat.
    """

    variants: Collection[str] = ()
    origins: dict[Path, Origin] = field(default_factory=dict)
    nodes: dict[Path, Node] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)

    def tried(
        self,
        node: Node,
        shape: shapes.Shape,
        path: Path,
        *,
        nullable: bool = False,
        default: Tree = None,
    ) -> Tree:
        """Decode a value, and collect its mistakes. Returns None for an invalid one.

        `nullable`: hints name null as a value. `default`: that of the value's field.
        """
        self.nodes[path] = node
        if is_broken(node):
            return None
        try:
            if isinstance(shape, shapes.Variants):
                return self._object(node, shape, path, default)
            if isinstance(shape, shapes.ValueMap):
                return self._values(node, shape, path, default)
            return self._shaped(node, shape, path, nullable=nullable)
        except Mistake as mistake:
            self.mistake(node.mark, mistake)
            return None

    def _shaped(self, node: Node, shape: shapes.Shape, path: Path, *, nullable: bool) -> Tree:
        match shape:
            case shapes.ListOf():
                return self._list(node, shape, path)
            case shapes.TextSet():
                return self._set(node, shape, path)
            case shapes.UrlText():
                return self.url(node, self.shown(path))
            case shapes.SecretText():
                return self.secret(node, path_text(self.shown(path)))
            case _:
                self._no_reference(node, path)
                found = scalars.scalar(node, shape, self.shown(path), nullable=nullable)
                if isinstance(found, str):
                    self.check_text(found, node.mark, path_text(self.shown(path)))
                return found

    def _no_reference(self, node: Node, path: Path) -> None:
        keys = node.entries if isinstance(node, MappingNode) else ()
        if [key.text in self.references for key, _ in keys] == [True]:
            fact = f"{path_text(self.shown(path))} cannot be a reference; only secrets and URLs can"
            raise Mistake("reference-for-value", fact, "write the value itself")

    def shown(self, path: Path) -> Path:
        """A path in messages: without keys that could be secrets by mistake."""
        return tuple("…" if step in self.odd else step for step in path) if self.odd else path

    def check(self, kind: Kind, tree: Object) -> None:
        """Collect the limits that an object breaks."""
        for broken in kind.check(tree):
            shape, node = broken.shape, self.nodes.get(broken.path)
            if node is None:
                # A default that breaks its own limit.
                continue
            name = path_text(self.shown(broken.path))
            if isinstance(shape, shapes.ListOf | shapes.TextSet):
                count = len({*self.origins} & {(*broken.path, i) for i in range(shape.minimum)})
                wrong = wrong_objects.too_few(name, count, shape)
            else:
                limit = shape.minimum if broken.least else shape.maximum
                text = scalars.limit_text(shape, limit or 0)
                message = f"{name} must be at {'least' if broken.least else 'most'} {text}"
                wrong = Mistake("out-of-range", message, f"allowed: {scalars.range_text(shape)}")
            self.mistake(node.mark, wrong)

    def _object(
        self, node: Node, shape: shapes.Variants, path: Path, default: Tree
    ) -> Object | None:
        if shape.short and isinstance(node, ScalarNode) and not scalars.is_null(node):
            return self._short(node, shape, path)
        if not isinstance(node, MappingNode):
            raise wrong_objects.not_an_object(node, self.shown(path), shape)
        known = self._variant(node, shape, path)
        if known is None:
            return None
        for key, _ in node.entries:
            if key.text not in known.fields and (shape.plain or key.text != TYPE):
                found = wrong_objects.unknown_field(key, known, shape, self.references)
                self.mistake(key.mark, found)
        fields = with_default(known.fields, default, shape).items()
        members = {name: self._field(node, one, (*path, name)) for name, one in fields}
        return Object(known.tag, members)

    def _short(self, node: ScalarNode, shape: shapes.Variants, path: Path) -> Object | None:
        """An object of which a file has one field alone, as a scalar."""
        known, name = shape.objects[""], shape.short
        value = self.tried(node, known.fields[name].shape, path)
        if value is None:
            return None
        self.nodes[*path, name] = node
        self.place((*path, name), node.mark)
        members = {one: value if one == name else of.default for one, of in known.fields.items()}
        return Object("", members)

    def _variant(
        self, node: MappingNode, shape: shapes.Variants, path: Path
    ) -> shapes.Fields | None:
        """The variant that an object names; None for a broken name."""
        entry = node.get(TYPE)
        if path not in self.origins:
            self.place(path, node.mark)
        elif not path and entry is not None:
            # Of several layers, the one that decides on the variant.
            self.place(path, entry[0].mark)
        if entry is not None:
            self.place((*path, TYPE), entry[0].mark)
        if shape.plain:
            return shape.objects[""]
        if entry is None:
            raise wrong_objects.no_type(node, self.shown(path), shape, self.references)
        tag = entry[1]
        if is_broken(tag):
            return None
        known = shape.objects.get(tag.text) if isinstance(tag, ScalarNode) else None
        if known is None:
            wrong = wrong_objects.unknown_type(tag, self.shown(path), shape, self.variants)
            known = shape.objects.get(wrong_objects.near_type(tag, shape))
            if known is None or wrong.rule != "unknown-type":
                raise wrong
            # The rest is checked as the variant that is meant.
            self.mistake(tag.mark, wrong)
        return known

    def _field(self, node: MappingNode, known: shapes.Field, path: Path) -> Tree:
        entry = node.get(str(path[-1]))
        if entry is None and not known.required:
            self.origins[path] = Origin("default")
            return known.default
        mark, wrong = node.mark, None
        if entry is None:
            wrong = wrong_objects.missing(self.shown(path), known)
        else:
            key, value = entry
            self.place(path, key.mark)
            if not isinstance(value, ScalarNode) or not scalars.is_null(value):
                found = self.tried(
                    value, known.shape, path, nullable=known.nullable, default=known.base
                )
                if found is not None:
                    return found
            elif known.nullable:
                return None
            else:
                mark, wrong = value.mark, wrong_objects.null(self.shown(path), known, value)
        secret = isinstance(known.shape, shapes.SecretText)
        # A reference beside the place of a secret is reported already.
        if wrong and not (secret and any(key.text in self.references for key, _ in node.entries)):
            self.mistake(mark, wrong)
        return _stand_in(known.shape) if known.required else known.default

    def _list(self, node: Node, shape: shapes.ListOf, path: Path) -> Items | None:
        if not isinstance(node, SequenceNode):
            raise wrong_objects.not_a_list_of_objects(node, path_text(self.shown(path)))
        found = [self.tried(item, shape.item, (*path, i)) for i, item in enumerate(node.items)]
        items = [item for item in found if isinstance(item, Object)]
        return Items(tuple(items)) if len(items) == len(found) else None

    def _set(self, node: Node, shape: shapes.TextSet, path: Path) -> Members:
        if not isinstance(node, SequenceNode):
            name = path_text(self.shown(path))
            raise wrong_objects.not_a_list(node, name, shape.member)
        members: dict[object, Url] = {}
        for item in node.items:
            here = (*path, len(members))
            url = self._member(item, shape.member, here)
            if isinstance(url, Url) and url_key(url) not in members:
                members[url_key(url)] = url
                self.place(here, item.mark)
        return Members(tuple(members.values()))

    def _member(self, node: Node, shape: shapes.Shape, path: Path) -> Tree:
        found = self.tried(node, shape, path)
        return in_clear(seal_text(found, self.vault)) if isinstance(found, str) else found

    def _values(self, node: Node, shape: shapes.ValueMap, path: Path, default: Tree) -> Object:
        name = path_text(self.shown(path))
        if not isinstance(node, MappingNode):
            raise wrong_objects.not_a_map(node, name)
        members: dict[str, Tree] = {}
        for key, value in node.entries:
            step = None if is_broken(key) else self._key(key, shape.key, name)
            if step is None:
                continue
            if step in members:
                wrong = Mistake("duplicate-key", "duplicate key", "remove one of the two")
                self.mistake(key.mark, wrong)
            self.place((*path, step), key.mark)
            of = default.members if isinstance(default, Object) else {}
            members[step] = self._named(value, shape.value, (*path, step), of.get(step))
        return Object("", {step: value for step, value in members.items() if value is not None})

    def _key(self, node: ScalarNode, shape: shapes.Text | shapes.Choice, name: str) -> str | None:
        """A key of a map; None for an invalid one."""
        try:
            key = scalars.map_key(node, shape, name)
        except Mistake as mistake:
            self.mistake(node.mark, mistake)
            return None
        if quoted_name(key) == UNNAMED:
            self.odd.add(key)
        return key

    def _named(self, node: Node, shape: shapes.Shape, path: Path, default: Tree) -> Tree:
        """A value of a map; None for an invalid one."""
        name = path_text(self.shown(path))
        text = node if isinstance(node, ScalarNode) else None
        if text and scalars.is_null(text):
            hint = "add a value, or remove the line"
            self.mistake(node.mark, Mistake("null-value", f"{name} cannot be null", hint))
            return None
        if text and isinstance(shape, shapes.UrlText) and not trim(text.text):
            fact = f"{name} must not be blank"
            self.mistake(
                node.mark, Mistake("blank-text", fact, "write a string, or remove the line")
            )
            return None
        if not isinstance(shape, shapes.UrlText):
            return self.tried(node, shape, path, default=default)
        if isinstance(node, SequenceNode):
            fact, hint = f"{name} must be a string, not a list", "remove the brackets or the `- `"
            self.mistake(node.mark, Mistake("not-a-single-value", fact, hint))
            return None
        if not is_sensitive(str(path[-1])):
            return self.tried(node, shape, path)
        found = self.tried(replace(text, text=trim(text.text)) if text else node, _WHOLE, path)
        return Url((found,)) if isinstance(found, Secret) else None

    def place(self, path: Path, mark: Mark) -> None:
        """Note the place of a value."""
        self.origins[path] = Origin("file", mark.file, mark.line, mark.column, mark.group)


def _stand_in(shape: shapes.Shape) -> Tree:
    """A valid value in place of an invalid one, so that the rest can be checked."""
    match shape:
        case shapes.ListOf(item, minimum):
            return Items((default_object(item, next(iter(item.objects))),) * minimum)
        case shapes.Variants():
            return default_object(shape, next(iter(shape.objects)))
        case shapes.TextSet(minimum=minimum):
            return Members(tuple(Url((str(number),)) for number in range(minimum)))
        case shapes.SecretText():
            return HIDDEN
        case shapes.UrlText():
            return Url(("?",))
        case shapes.Integer() | shapes.Size() | shapes.Duration():
            return shape.minimum
        case _:
            return "?"


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
