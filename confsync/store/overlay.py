"""Lay one document over another: product page, section 2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from confsync.store.mistakes import TYPE
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def lay_over(documents: Sequence[MappingNode]) -> MappingNode:
    """All documents as one, later ones over earlier ones.

    Objects merge member by member; lists, references, URL mappings and objects of another
    variant are replaced whole. Every node keeps the place where it was written.
    """
    return reduce(_merge, documents)


@dataclass(frozen=True)
class Discarded:
    """An object of which a layer discards everything that stands in earlier files, because it has
    another `@type`, whose place is `mark`.
    """

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
            entry = value.get(TYPE) if isinstance(value, MappingNode) else None
            if below is not None and laid[name] is value and entry is not None:
                yield Discarded(name, files.pop(name), entry[1].mark)
            files[name] = (*files.get(name, ()), key.mark.file)


def _merge(below: MappingNode, above: MappingNode) -> MappingNode:
    entries = {key.text: (key, value) for key, value in below.entries}
    for key, value in above.entries:
        old = entries.get(key.text)
        entries[key.text] = (key, value if old is None else _over(old[1], value))
    return MappingNode(below.mark, tuple(entries.values()))


def _over(below: Node, above: Node) -> Node:
    if not (isinstance(below, MappingNode) and isinstance(above, MappingNode)):
        return above
    tag, other = _tag(below), _tag(above)
    return _merge(below, above) if tag is not None and other in {None, tag} else above


def _tag(node: MappingNode) -> str | None:
    """The variant of an object; None for a reference or the mapping form of a URL."""
    entry = node.get(TYPE)
    return entry[1].text if entry is not None and isinstance(entry[1], ScalarNode) else None
