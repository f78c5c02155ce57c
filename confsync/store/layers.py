"""Lay documents over each other: product page, section 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.kinds import KINDS
from confsync.store.mistakes import TYPE
from confsync.sync.shape import ValueMap, Variants
from confsync.yaml.nodes import MappingNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from confsync.kinds.kind import Kind
    from confsync.sync.shape import Shape
    from confsync.yaml.nodes import Mark


def lay_over(documents: Sequence[MappingNode], kinds: Mapping[str, Kind] = KINDS) -> MappingNode:
    """All documents as one, later ones over earlier ones: product page, section 2.

    Objects and maps merge member by member; lists, references, URL mappings, short texts and
    objects of another variant are replaced whole. Every node keeps the place where it was written.
    """
    first, *others = documents
    for document in others:
        first = _merge(first, document, lambda name: _top(name, kinds))
    return first


def _top(name: str, kinds: Mapping[str, Kind]) -> Shape | None:
    return kinds[name].shape if name in kinds else None


@dataclass(frozen=True)
class Discarded:
    """An object whose `@type`, at `mark`, discards everything about it in earlier files."""

    name: str
    files: tuple[str, ...]
    mark: Mark


def discarded(
    documents: Sequence[MappingNode], kinds: Mapping[str, Kind] = KINDS
) -> Iterator[Discarded]:
    """Every layer that discards everything of an earlier one, in their order."""
    laid: dict[str, Node] = {}
    files: dict[str, tuple[str, ...]] = {}
    for document in documents:
        for key, value in document.entries:
            name, below = key.text, laid.get(key.text)
            laid[name] = value if below is None else _over(below, value, _top(name, kinds))
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


def _merge(
    below: MappingNode, above: MappingNode, shape_of: Callable[[str], Shape | None]
) -> MappingNode:
    entries = {key.text: (key, value) for key, value in below.entries}
    for key, value in above.entries:
        old = entries.get(key.text)
        found = value if old is None else _over(old[1], value, shape_of(key.text))
        entries[key.text] = (key, found)
    return MappingNode(below.mark, tuple(entries.values()))


def _over(below: Node, above: Node, shape: Shape | None) -> Node:
    if not (isinstance(below, MappingNode) and isinstance(above, MappingNode)):
        return above
    if isinstance(shape, ValueMap):
        value = shape.value
        return _merge(below, above, lambda _: value)
    tag, other = tag_of(below), tag_of(above)
    if isinstance(shape, Variants) and shape.plain:
        tag = ""
    elif tag is None or other not in {None, tag}:
        return above
    fields = shape.fields_of(tag) if isinstance(shape, Variants) else {}
    return _merge(below, above, lambda name: fields[name].shape if name in fields else None)


def tag_of(node: Node | None) -> str | None:
    """The variant of an object; None for a reference or the mapping form of a URL."""
    tag = member_of(node, TYPE)
    return tag.text if isinstance(tag, ScalarNode) else None


def member_of(node: Node | None, name: str) -> Node | None:
    """The value of a key of a mapping; None without one."""
    entry = node.get(name) if isinstance(node, MappingNode) else None
    return None if entry is None else entry[1]
