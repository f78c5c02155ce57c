"""How to compare: the options of a plan. A validation loads them without the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.config.target import ignored_wrongly
from confsync.errors import WrongUsage
from confsync.sync.findings import check_allowed

if TYPE_CHECKING:
    from confsync.sync.findings import Lapse
    from confsync.sync.values import HiddenSecrets, Unlisted


@dataclass(frozen=True)
class Options:
    """How to compare.

    `unlisted`: what becomes of fields that no file mentions. `hidden_secrets`: what becomes of
    secrets that the server hides. `allow`: the risks that do not stop an apply, by their names.
    `ignore`: the fields that are left as the server has them, like
    `InMemoryStore/poolMaxConnections`. `lapses`: what was allowed until a day that has passed.
    """

    unlisted: Unlisted = "default"
    hidden_secrets: HiddenSecrets = "send"
    allow: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    lapses: tuple[Lapse, ...] = ()

    def check(self) -> None:
        """Raise WrongUsage for an unknown risk or field."""
        check_allowed(self.allow)
        for path in self.ignore:
            wrong = ignored_wrongly(path)
            if wrong is not None:
                raise WrongUsage(f"a path to ignore {wrong[0]}", hint=wrong[1])


DEFAULTS = Options()
