"""Our own resolvers, and those of other packages, by the key of their references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeGuard, get_args

from confsync.errors import WrongUsage
from confsync.secrets.resolver import Moment, Resolver
from confsync.sync.secret import Form

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "confsync.resolvers"
"""The group of entry points that name a resolver each: `key = "package.module:resolver"`."""


class Registry(Mapping[str, Resolver]):
    """Resolvers by the key of their references.

    Other packages are asked for only where a key is none of ours, and ours cannot be replaced.
    """

    def __init__(self, built_in: Mapping[str, Resolver]) -> None:
        self._built_in = built_in

    def __getitem__(self, key: str) -> Resolver:
        if key in self._built_in:
            return self._built_in[key]
        return _loaded(self._foreign[key])

    def __contains__(self, key: object) -> bool:
        return key in self._built_in or key in self._foreign

    def __iter__(self) -> Iterator[str]:
        yield from self._built_in
        yield from (key for key in sorted(self._foreign) if key not in self._built_in)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _foreign(self) -> Mapping[str, EntryPoint]:
        from importlib.metadata import entry_points  # noqa: PLC0415 - most runs need none

        return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> Resolver:
    try:
        found: object = point.load()
    except Exception:  # noqa: BLE001 - somebody else's code
        raise _broken(point, "cannot be loaded") from None
    if not _is_resolver(found):
        raise _broken(point, "is no resolver")
    return found


def _is_resolver(found: object) -> TypeGuard[Resolver]:
    form, moment = getattr(found, "form", None), getattr(found, "moment", None)
    return callable(found) and isinstance(form, Form) and moment in get_args(Moment)


def _broken(point: EntryPoint, what: str) -> WrongUsage:
    return WrongUsage(
        f"the resolver of `{point.name}` references, {point.value}, {what}",
        hint="it comes from another package: update or remove that",
    )
