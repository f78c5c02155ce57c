"""What the fields are called that hold a secret and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.store.urls import PASSWORD
from confsync.sync.shape import ListOf, SecretText, Shape, UrlSet, UrlText, Variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from confsync.kinds.kind import Kind


def secret_names(kinds: Iterable[Kind]) -> frozenset[str]:
    """The names of the fields of some kinds, and of parts of URLs, that hold a secret alone."""
    return frozenset(name for kind in kinds for name in _names(kind.shape))


def _names(shape: Shape) -> Iterator[str]:
    match shape:
        case Variants():
            for known in shape.objects.values():
                for name, field in known.fields.items():
                    if isinstance(field.shape, SecretText):
                        yield name
                    yield from _names(field.shape)
        case ListOf():
            yield from _names(shape.item)
        case UrlText() | UrlSet():
            yield PASSWORD
        case _:
            pass
