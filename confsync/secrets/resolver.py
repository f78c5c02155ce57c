"""What a resolver is: from a reference to the text of a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.secret import Form, Ref

Moment: TypeAlias = Literal["plan", "apply", "allowed"]


class Unavailable(Exception):
    """A reference leads to nothing that can be used. Fact and hint hold no value."""

    def __init__(self, fact: str, hint: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.hint = hint


class Resolver(Protocol):
    """One kind of reference.

    `form` says what a file writes behind its key. `moment` says when it may be asked: by every
    plan, by an apply alone, or by an apply alone that was allowed to run commands.
    """

    @property
    def form(self) -> Form:
        """What stands behind the key."""

    @property
    def moment(self) -> Moment:
        """When it may be asked."""

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """The text that `ref` leads to, as it is: never coerced, never trimmed.

        `environment` is that of the process. Raises Unavailable.
        """
