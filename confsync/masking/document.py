"""The scalars of a store file to mask, and the names of fields that hold secrets.

Shown are names of fields, values that their fields accept and names in references. Everything else
is masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from confsync.store.mistakes import TYPE, Mistake
from confsync.store.scalars import is_null, scalar
from confsync.store.urls import PARTS, PASSWORD, Reference, arguments
from confsync.sync.secret import MASK
from confsync.sync.shape import Field, ListOf, SecretText, Shape, UrlSet, UrlText, Variants
from confsync.sync.url import masked
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, scalars

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    from confsync.kinds.kind import Kind

    Masks: TypeAlias = Iterator[tuple[ScalarNode, str]]


def masked_scalars(
    document: MappingNode,
    kinds: Mapping[str, Kind],
    references: Mapping[str, Reference],
    below: MappingNode | None = None,
) -> dict[tuple[int, int], str]:
    """The masks of a document's keys and values by line and column, whether it is valid or not.

    `below` is the document of the layers below: an object without `@type` has its variant there.
    """
    walk = _Walk(references)
    found: dict[tuple[int, int], str] = {}
    for key, node in document.entries:
        if key.text in kinds:
            masks = walk.object(node, kinds[key.text].shape, _member(below, key.text))
        else:
            masks = _all(key, node)
        found |= {(scalar.mark.line, scalar.mark.column): text for scalar, text in masks}
    return found


def secret_names(kinds: Iterable[Kind]) -> frozenset[str]:
    """The names of fields, and of parts of URLs, that hold nothing but a secret."""
    fields = [field for kind in kinds for field in fields_within(kind.shape)]
    urls = any(isinstance(shape, UrlText | UrlSet) for _, shape in fields)
    secrets = {name for name, shape in fields if isinstance(shape, SecretText)}
    return frozenset(secrets | ({PASSWORD} if urls else set()))


def fields_within(shape: Shape) -> Iterator[tuple[str, Shape]]:
    """The names and shapes of the fields of all variants, at every depth."""
    if isinstance(shape, ListOf):
        yield from fields_within(shape.item)
    elif isinstance(shape, Variants):
        for known in shape.objects.values():
            for name, field in known.fields.items():
                yield name, field.shape
                yield from fields_within(field.shape)


def _member(node: Node | None, name: str) -> Node | None:
    entry = node.get(name) if isinstance(node, MappingNode) else None
    return None if entry is None else entry[1]


def _all(*nodes: Node) -> Masks:
    """Mask every key and value, so that only mappings and lists can be seen."""
    return ((found, MASK) for node in nodes for found in scalars(node) if found.text)


@dataclass(frozen=True)
class _Walk:
    """Goes through nodes along their shapes and yields the scalars to mask."""

    references: Mapping[str, Reference]

    def object(self, node: Node, shape: Variants, below: Node | None = None) -> Masks:
        """Mask the secrets and unknown parts of an object. `below`: see `masked_scalars`."""
        if not isinstance(node, MappingNode):
            yield from _all(node)
            return
        fields: dict[str, Field] = {}
        for known in shape.objects.values():
            fields |= known.fields
        below = None if node.get(TYPE) else below
        named = _member(below or node, TYPE)
        tag = named.text if isinstance(named, ScalarNode) else ""
        own = shape.fields_of(tag)
        for key, value in node.entries:
            if key.text == TYPE and tag in shape.objects:
                continue
            if key.text in own:
                yield from self._field(value, own[key.text].shape, _member(below, key.text))
            else:
                yield from _all(*(() if key.text in {TYPE, *fields} else (key,)), value)

    def _field(self, node: Node, shape: Shape, below: Node | None) -> Masks:
        match shape, node:
            case _, ScalarNode() if is_null(node):
                pass
            case Variants(), _:
                yield from self.object(node, shape, below)
            case ListOf(item=item), SequenceNode():
                for inner in node.items:
                    yield from self.object(inner, item)
            case UrlSet(), SequenceNode():
                yield from chain.from_iterable(map(self._url, node.items))
            case UrlText(), _:
                yield from self._url(node)
            case SecretText(), _:
                yield from self._secret(node)
            case ((ListOf() | UrlSet()), _):
                yield from _all(node)
            case _:
                yield from self._value(node, shape)

    def _value(self, node: Node, shape: Shape) -> Masks:
        try:
            scalar(node, shape, (), nullable=True)
        except Mistake:
            return _all(node)
        return self._text(node)

    def _text(self, node: Node) -> Masks:
        """Mask parts of a text that could be a password in a URL."""
        if not isinstance(node, ScalarNode):
            yield from _all(node)
        elif (safe := masked(node.text)) != node.text:
            yield node, safe

    def _secret(self, node: Node) -> Masks:
        return self._reference(node) if isinstance(node, MappingNode) else _all(node)

    def _url(self, node: Node) -> Masks:
        if not isinstance(node, MappingNode):
            yield from self._text(node)
        elif not any(key.text in PARTS for key, _ in node.entries):
            yield from self._reference(node)
        else:
            for key, value in node.entries:
                if key.text not in PARTS:
                    yield from _all(key, value)
                elif key.text == PASSWORD:
                    yield from self._secret(value)
                else:
                    yield from self._text(value)

    def _reference(self, node: MappingNode) -> Masks:
        """Mask the arguments of a program, and whatever is not a valid reference."""
        if len(node.entries) != 1 or node.entries[0][0].text not in self.references:
            return _all(node)
        ((key, value),) = node.entries
        try:
            arguments(value, self.references[key.text].form, "")
        except Mistake:
            return _all(value)
        return _all(*value.items[1:]) if isinstance(value, SequenceNode) else iter(())
