"""What a resolver is: from a reference to the text of a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.secret import Ref


class Unavailable(Exception):
    """A reference leads to nothing that can be used. Fact and hint hold no value."""

    def __init__(self, fact: str, hint: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.hint = hint


class Resolver(Protocol):
    """Gives the text of a reference, as it is: never coerced, never trimmed. Raises Unavailable."""

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Look where `ref` leads; `environment` is that of the process."""
