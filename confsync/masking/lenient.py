"""Where a secret can stand in clear in a file, whatever its variants are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.store.urls import PASSWORD
from confsync.sync.secret import MASK
from confsync.sync.shape import ListOf, SecretText, Shape, Variants
from confsync.sync.url import masked
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from confsync.store.urls import Reference

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NAMED = re.compile(
    r"((?:pass|pwd|secret|token|credential)[\w-]*['\"]?\s*[:=]\s*)(?!\{)\S.*", re.IGNORECASE
)


def replacements(
    document: Node, shape: Shape, references: Mapping[str, Reference]
) -> Iterator[tuple[ScalarNode, str]]:
    """Every scalar of a document that is not to be shown, and what is to be shown in its place.

    That is what stands in the place of a secret, what could be a password in a URL, and what a
    command consists of besides its program.
    """
    return _within(document, {*_secrets(shape), PASSWORD}, references)


def masked_comment(text: str) -> str:
    """A comment with everything masked that could be a secret: in a URL, or behind its name."""
    scheme = _SCHEME.search(text)
    start = 0 if scheme is None else scheme.start()
    return _NAMED.sub(lambda found: found[1] + MASK, text[:start] + masked(text[start:]))


def _within(
    node: Node, secrets: Collection[str], references: Mapping[str, Reference]
) -> Iterator[tuple[ScalarNode, str]]:
    match node:
        case MappingNode():
            for key, value in node.entries:
                reference = references.get(key.text)
                if isinstance(value, ScalarNode) and key.text in secrets:
                    yield value, MASK
                elif isinstance(value, SequenceNode) and reference and reference.form.words:
                    words = [item for item in value.items if isinstance(item, ScalarNode)]
                    yield from ((word, MASK) for word in words[1:])
                    yield from _within(SequenceNode(value.mark, tuple(words[:1])), (), {})
                else:
                    yield from _within(value, secrets, references)
        case SequenceNode():
            for item in node.items:
                yield from _within(item, secrets, references)
        case _ if masked(node.text) != node.text:
            yield node, masked(node.text)


def _secrets(shape: Shape) -> Iterator[str]:
    """The names of all fields that hold secrets."""
    if isinstance(shape, ListOf):
        yield from _secrets(shape.item)
    elif isinstance(shape, Variants):
        for fields in shape.objects.values():
            for name, known in fields.fields.items():
                if isinstance(known.shape, SecretText):
                    yield name
                yield from _secrets(known.shape)
