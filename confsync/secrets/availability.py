"""Resolvers that are not asked at this moment: a plan runs no command, an apply only if allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.secrets.resolver import Moment, Resolver, Unavailable

if TYPE_CHECKING:
    from confsync.sync.secret import Form, Ref

_ORDER: tuple[Moment, ...] = ("plan", "apply", "allowed")


@dataclass(frozen=True)
class At(Mapping[str, Resolver]):
    """Resolvers as they are at a moment: those whose own comes later say so when asked."""

    resolvers: Mapping[str, Resolver]
    now: Moment

    def __getitem__(self, key: str) -> Resolver:
        found = self.resolvers[key]
        later = _ORDER.index(found.moment) > _ORDER.index(self.now)
        return _NotNow(found, self.now) if later else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.resolvers)

    def __len__(self) -> int:
        return len(self.resolvers)


@dataclass(frozen=True)
class _NotNow:
    resolver: Resolver
    now: Moment

    @property
    def form(self) -> Form:
        return self.resolver.form

    @property
    def moment(self) -> Moment:
        return self.resolver.moment

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Say when it is asked. Raises Unavailable."""
        del environment
        if self.now == "plan":
            option = ", with --allow-commands" if self.moment == "allowed" else ""
            raise Unavailable(f"{ref} is not run by a plan", f"an apply runs it{option}")
        hint = "look at the command in the file, then add --allow-commands"
        raise Unavailable(f"{ref} is not run without --allow-commands", hint)
