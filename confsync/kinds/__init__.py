"""Objects of the server: models, from which shapes, defaults and decoding derive."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from confsync.kinds.in_memory_store import IN_MEMORY_STORE
from confsync.sync.shape import Choice, ListOf, Shape, Variants
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.kinds.kind import Kind

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (IN_MEMORY_STORE,)}
"""Every object that a file can have, by its name in Stalwart."""


_RULES: Mapping[str, str] = {
    **{rule.id: rule.severity for kind in KINDS.values() for rule in kind.state_rules},
    **{rule.id: rule.severity for kind in KINDS.values() for rule in kind.change_rules},
}
RISKS = ("plaintext-secret", *(name for name, how in _RULES.items() if how == "error"))
"""The rules that stop an apply until they are allowed."""

WARNINGS = ("guessable-secret", *(name for name, how in _RULES.items() if how == "warning"))
"""The rules that `--fail-on` can make risks."""


@cache
def documented() -> frozenset[str]:
    """Names of objects, variants and fields, choices and default texts: as secrets, guessable."""
    return frozenset(word for kind in KINDS.values() for word in (kind.name, *_words(kind.shape)))


def _words(shape: Shape) -> Iterator[str]:
    match shape:
        case Variants(objects=objects):
            for tag, known in objects.items():
                yield tag
                for name, field in known.fields.items():
                    yield name
                    if isinstance(field.default, str | Url):
                        yield str(field.default)
                    yield from _words(field.shape)
        case ListOf(item=item):
            yield from _words(item)
        case Choice(choices=choices):
            yield from choices
        case _:
            pass
