"""What of a store file may be shown as it stands there, whatever is wrong with the file.

Only what is known to be no secret: names of fields, values that their fields take, the names in
references. Everything else is masked, rather too much than too little.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from confsync.store.mistakes import TYPE, Mistake
from confsync.store.scalars import is_null, scalar
from confsync.store.urls import PARTS, PASSWORD, Reference, arguments
from confsync.sync.secret import MASK
from confsync.sync.shape import (
    Field,
    ListOf,
    SecretText,
    Shape,
    UrlSet,
    UrlText,
    Variants,
)
from confsync.sync.url import masked
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.kinds.kind import Kind
    from confsync.yaml.nodes import Mark


def hidden(
    document: MappingNode, kinds: Mapping[str, Kind], references: Mapping[str, Reference]
) -> Mapping[Mark, str]:
    """The scalars of a document, keys included, that may not be shown: what to show instead."""
    masker = _Masker(references)
    for key, node in document.entries:
        if key.text in kinds:
            masker.object(node, kinds[key.text].shape)
        else:
            masker.all(key, node)
    return masker.found


@dataclass
class _Masker:
    references: Mapping[str, Reference]
    found: dict[Mark, str] = field(default_factory=dict)

    def all(self, *nodes: Node) -> None:
        """Mask all that is in some nodes; only the mapping and the list can be seen."""
        for node in nodes:
            match node:
                case MappingNode():
                    self.all(*(inner for entry in node.entries for inner in entry))
                case SequenceNode():
                    self.all(*node.items)
                case ScalarNode():
                    if node.text:
                        self.found[node.mark] = MASK

    def object(self, node: Node, shape: Variants) -> None:
        """Mask what is secret, or not known, in an object of any variant."""
        if not isinstance(node, MappingNode):
            self.all(node)
            return
        fields: dict[str, Field] = {}
        for known in shape.objects.values():
            fields |= known.fields
        entry = node.get(TYPE)
        tag = entry[1].text if entry is not None and isinstance(entry[1], ScalarNode) else ""
        own = shape.objects[tag].fields if tag in shape.objects else {}
        for key, value in node.entries:
            if key.text == TYPE and tag in shape.objects:
                continue
            if key.text in own:
                self._field(value, own[key.text].shape)
            else:
                self.all(*(() if key.text in {TYPE, *fields} else (key,)), value)

    def _field(self, node: Node, shape: Shape) -> None:
        if isinstance(node, ScalarNode) and is_null(node):
            return
        match shape:
            case Variants():
                self.object(node, shape)
            case ListOf(item=item) if isinstance(node, SequenceNode):
                for inner in node.items:
                    self.object(inner, item)
            case UrlSet() if isinstance(node, SequenceNode):
                for inner in node.items:
                    self._url(inner)
            case UrlText():
                self._url(node)
            case SecretText():
                self._secret(node)
            case ListOf() | UrlSet():
                self.all(node)
            case _:
                self._scalar(node, shape)

    def _scalar(self, node: Node, shape: Shape) -> None:
        try:
            scalar(node, shape, (), nullable=True)
        except Mistake:
            self.all(node)
        else:
            self._text(node)

    def _text(self, node: Node) -> None:
        """Mask what could be a password in a URL."""
        if not isinstance(node, ScalarNode):
            self.all(node)
        elif (safe := masked(node.text)) != node.text:
            self.found[node.mark] = safe

    def _secret(self, node: Node) -> None:
        if isinstance(node, MappingNode):
            self._reference(node)
        else:
            self.all(node)

    def _url(self, node: Node) -> None:
        if not isinstance(node, MappingNode):
            self._text(node)
        elif not any(key.text in PARTS for key, _ in node.entries):
            self._reference(node)
        else:
            for key, value in node.entries:
                if key.text not in PARTS:
                    self.all(key, value)
                elif key.text == PASSWORD:
                    self._secret(value)
                else:
                    self._text(value)

    def _reference(self, node: MappingNode) -> None:
        """Show where a reference leads, but not what else a program is called with."""
        if len(node.entries) != 1 or node.entries[0][0].text not in self.references:
            self.all(node)
            return
        ((key, value),) = node.entries
        try:
            arguments(value, self.references[key.text].form, "")
        except Mistake:
            self.all(value)
        else:
            self.all(*(value.items[1:] if isinstance(value, SequenceNode) else ()))
