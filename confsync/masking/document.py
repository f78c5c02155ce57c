"""Masked diffs of store files, and the names of fields with secrets.

Names of fields, values that their fields accept and names in references are shown. Everything else
is masked. Comments are shown as `# …`: they may contain anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, NamedTuple

from confsync.errors import Fault
from confsync.store.layers import member_of
from confsync.store.mistakes import TYPE, UNNAMED, Mistake, quoted_name
from confsync.store.scalars import is_null, scalar
from confsync.store.urls import (
    NAMED,
    NAMED_FORM,
    PARTS,
    PASSWORD,
    VERSION_FORM,
    References,
    arguments,
    parted,
)
from confsync.sync.secret import MASK
from confsync.sync.shape import (
    Choice,
    ListOf,
    SecretText,
    Shape,
    TextSet,
    UrlText,
    ValueMap,
    Variants,
    variants_within,
)
from confsync.sync.url import is_sensitive, masked, masked_text
from confsync.yaml.format import BLOCK_TEXT, normal, tokens_of
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, members_of, scalars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

    from confsync.kinds.kind import Kind

    Masks: TypeAlias = Iterator[tuple[ScalarNode, str]]


def secret_names(kinds: Iterable[Kind]) -> frozenset[str]:
    """The names of fields, and of parts of URLs, with nothing but a secret."""
    known = [one.fields for kind in kinds for one in variants_within(kind.shape)]
    shapes = [(name, field.shape) for fields in known for name, field in fields.items()]
    urls = any(isinstance(shape, UrlText | TextSet | ValueMap) for _, shape in shapes)
    secrets = {name for name, shape in shapes if isinstance(shape, SecretText)}
    return frozenset(secrets | ({PASSWORD} if urls else set()))


def masked_scalars(
    document: MappingNode,
    kinds: Mapping[str, Kind],
    references: References,
    below: MappingNode | None = None,
) -> dict[tuple[int, int], str]:
    """The masks of the keys and values of a valid or invalid document, by line and column.

    `below` is the document of the layers below: an object without `@type` has its variant there.
    """
    walk = _Walk(references)
    found: dict[tuple[int, int], str] = {}
    for key, node in document.entries:
        if key.text in kinds:
            masks = walk.object(node, kinds[key.text].shape, member_of(below, key.text))
        else:
            masks = _all(key, node)
        found |= {(scalar.mark.line, scalar.mark.column): text for scalar, text in masks}
    return found


def _all(*nodes: Node) -> Masks:
    """Mask every key and value: only mappings and lists can be seen."""
    return ((found, MASK) for node in nodes for found in scalars(node) if found.text)


@dataclass(frozen=True)
class _Walk:
    """Goes through nodes along their shapes and yields the scalars to mask."""

    references: References

    def object(self, node: Node, shape: Variants, below: Node | None = None) -> Masks:
        """Mask the secrets and unknown parts of an object. `below`: see `masked_scalars`."""
        if not isinstance(node, MappingNode):
            short = shape.short and isinstance(node, ScalarNode)
            yield from _text(node, masked_text) if short else _all(node)
            return
        names = {TYPE, *(name for known in shape.objects.values() for name in known.fields)}
        below = None if node.get(TYPE) else below
        named = None if shape.plain else member_of(below or node, TYPE)
        tag = named.text if isinstance(named, ScalarNode) else ""
        own = shape.fields_of(tag)
        for key, value in node.entries:
            if key.text in own:
                yield from self._field(value, own[key.text].shape, member_of(below, key.text))
            elif key.text != TYPE or shape.plain or tag not in shape.objects:
                yield from _all(*(() if key.text in names else (key,)), value)

    def _field(self, node: Node, shape: Shape, below: Node | None) -> Masks:
        match shape, node:
            case _, ScalarNode() if is_null(node):
                pass
            case Variants(), _:
                yield from self.object(node, shape, below)
            case ListOf() | TextSet(), SequenceNode():
                item = shape.item if isinstance(shape, ListOf) else shape.member
                for inner in node.items:
                    yield from self._field(inner, item, None)
            case ValueMap(), MappingNode():
                yield from self._map(node, shape, below)
            case UrlText(), _:
                yield from self._url(node)
            case SecretText(), _:
                yield from self._secret(node)
            case _:
                yield from _text(node, masked_text) if _is_valid(node, shape) else _all(node)

    def _map(self, node: MappingNode, shape: ValueMap, below: Node | None) -> Masks:
        """Mask keys that do not look like names, and the values of those named like secrets."""
        for key, value in node.entries:
            if isinstance(shape.key, Choice):
                named = key.text in shape.key.choices
            else:
                named = quoted_name(key.text) != UNNAMED
            if named and is_sensitive(key.text) and isinstance(shape.value, UrlText):
                yield from self._secret(value)
            elif named:
                yield from self._field(value, shape.value, member_of(below, key.text))
            else:
                yield from _all(key, value)

    def _url(self, node: Node) -> Masks:
        if not isinstance(node, MappingNode):
            yield from _text(node)
        elif not any(key.text in PARTS for key, _ in node.entries):
            yield from self._secret(node)
        else:
            for key, value in node.entries:
                if key.text not in PARTS:
                    yield from _all(key, value)
                elif key.text == PASSWORD:
                    yield from self._secret(value)
                else:
                    yield from _text(value)

    def _secret(self, node: Node) -> Masks:
        """Mask everything but a valid reference; of that, the arguments of a program."""
        alone, version = parted(node) if isinstance(node, MappingNode) else (None, None)
        entries = () if alone is None else alone.entries
        named = len(entries) == 1 and entries[0][0].text == NAMED
        if len(entries) != 1 or not (named or entries[0][0].text in self.references):
            return _all(node)
        ((key, value),) = entries
        try:
            arguments(value, NAMED_FORM if named else self.references[key.text].form, "")
            if version is not None:
                arguments(version, VERSION_FORM, "")
        except Mistake:
            return _all(*(inner for _, inner in members_of(node)))
        return _all(*value.items[1:]) if isinstance(value, SequenceNode) else iter(())


def _is_valid(node: Node, shape: Shape) -> bool:
    """Return True for a scalar that its field accepts."""
    try:
        scalar(node, shape, (), nullable=True)
    except Mistake:
        return False
    return not isinstance(shape, ListOf | TextSet | ValueMap)


def _text(node: Node, safe_form: Callable[[str], str] = masked) -> Masks:
    """Mask parts of a text that could be a password in a URL."""
    if not isinstance(node, ScalarNode):
        yield from _all(node)
    elif (safe := safe_form(node.text)) != node.text:
        yield node, safe


class Side(NamedTuple):
    """One text of a diff: its name, and its masks by line and column (from 1)."""

    name: str
    text: str
    masks: Mapping[tuple[int, int], str]


def masked_diff(before: Side, after: Side) -> str:
    """The unified diff of two texts, with carriage returns.

    A masked text of several lines is one line, because its number of lines is a secret too. If
    only a masked text changes, its line appears twice with equal masks.
    """
    start, end = (side.name.replace("\n", "\\x0a") for side in (before, after))
    lines = unified_diff(_lines(before), _lines(after), start, end, lineterm="")
    return "".join(re.sub("\0[^\0]*\0", "", line) + "\n" for line in lines)


def _lines(side: Side) -> list[str]:
    """The masked lines; behind each mask the masked text between two NUL, to compare alone."""
    ends = ("\n" if end == "\n" else "\r\n" for end in re.findall(r"\r\n?|\n", side.text))
    shown = ["\ufeff" if side.text.startswith("\ufeff") else ""]
    masks = dict(side.masks)
    for gap, token in tokens_of(normal(side.text)):
        parts = [*_masked_comments(gap)]
        if token is not None:
            text, mask = token.text, masks.pop((token.line, token.column), None)
            if mask is None and token.style in BLOCK_TEXT:
                header, end, rest = text.partition("\n")
                parts += _masked_comments(header)
                text = end + rest
            parts.append((text, mask))
        for text, mask in parts:
            whole = re.sub("\n", lambda _: next(ends), text)
            unseen = whole.replace("\n", "\v")
            shown.append(whole if mask is None else f"{mask}\0{unseen}\0")
    if masks:
        raise Fault("a text to mask is not where it was read")
    *lines, last = "".join(shown).split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines


def _masked_comments(gap: str) -> Iterator[tuple[str, str | None]]:
    """The parts of a text between tokens, each with its mask; None for a part that is shown."""
    for text in re.split(r"(#[^\n]*)", gap):
        yield text, "# …" if text.startswith("#") else None
