"""Lay one document over another: product page, section 2."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from confsync.sync.document import MappingNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Sequence


def lay_over(documents: Sequence[MappingNode]) -> MappingNode:
    """All documents as one, later ones over earlier ones.

    Objects merge member by member; lists, references, URL mappings and objects of another
    variant are replaced whole. Every node keeps the place where it was written.
    """
    return reduce(_merge, documents)


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
    entry = node.get("@type")
    return entry[1].text if entry is not None and isinstance(entry[1], ScalarNode) else None
