"""Several targets in one text: equal results are shown once, with the names of their targets."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from confsync.errors import ConfsyncError
    from confsync.sync.values import Failed

T = TypeVar("T")


def grouped(items: Iterable[T], key: Callable[[T], object]) -> list[list[T]]:
    """Items with equal keys together, in the order of the first of them."""
    groups: dict[object, list[T]] = {}
    for one in items:
        groups.setdefault(key(one), []).append(one)
    return [*groups.values()]


def without_address(one: Failed) -> ConfsyncError:
    """The error of a target, with `the server` for its URL: others may have the same error."""
    error = copy(one.error)
    if url := one.target.url:
        error.message, error.hint = (
            text.replace(url, "the server") for text in (error.message, error.hint)
        )
    return error
