"""The resolvers of references: built-in ones, and those of other packages by entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, cast, get_args

from confsync.errors import WrongUsage
from confsync.secrets.built_in import Command, Env, File
from confsync.secrets.resolver import Moment, Resolver
from confsync.sync.secret import Form

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "confsync.resolvers"
"""The group of entry points of resolvers: `key = "package.module:resolver"`."""


class _Registry(Mapping[str, Resolver]):
    """Resolvers by the key of their references.

    Other packages are searched only for an unknown key. They cannot replace a built-in resolver.
    """

    def __getitem__(self, key: str) -> Resolver:
        return BUILT_IN[key] if key in BUILT_IN else _loaded(self._foreign[key])

    def __contains__(self, key: object) -> bool:
        return key in BUILT_IN or key in self._foreign

    def __iter__(self) -> Iterator[str]:
        yield from BUILT_IN
        yield from (key for key in sorted(self._foreign) if key not in BUILT_IN)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _foreign(self) -> Mapping[str, EntryPoint]:
        from importlib.metadata import entry_points  # noqa: PLC0415 - paid for when needed

        return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> Resolver:
    """Load the resolver of another package. Raises WrongUsage if that is not possible."""
    wrong = "is not a resolver"
    try:
        found: object = point.load()
    except Exception:  # noqa: BLE001 - somebody else's code
        found, wrong = None, "cannot be loaded"
    form, moment = getattr(found, "form", None), getattr(found, "moment", None)
    if callable(found) and isinstance(form, Form) and moment in get_args(Moment):
        return cast("Resolver", found)
    fact = f"the resolver of `{point.name}` references, {point.value}, {wrong}"
    raise WrongUsage(fact, hint="it is from another package: update or remove that package")


BUILT_IN: Mapping[str, Resolver] = {"env": Env(), "file": File(), "command": Command()}

RESOLVERS: Mapping[str, Resolver] = _Registry()
"""Every resolver by its key: the built-in ones and those of installed packages."""
