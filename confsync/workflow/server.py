"""What the use cases need of a server, and the connection that has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.jmap.answers import Json
    from confsync.jmap.client import Decode, Exchange
    from confsync.kinds.kind import Kind
    from confsync.sync.secret import Vault
    from confsync.sync.values import Live, Patch, Target


class Server(Protocol):
    """Reads and updates one object, one request each. `jmap.client.Client` is one."""

    def read(self, name: str, decode: Decode) -> Live:
        """Get the object. Raises the errors of a connection, ServerRefused, UnexpectedAnswer."""

    def update(
        self, name: str, patch: Patch, decode: Decode, *, not_done: Callable[[Exchange], bool]
    ) -> Exchange:
        """Update the object and get it before and after. Where `not_done` says so of what came
        back, it may be sent once more. Raises the same.
        """

    @property
    def interrupted(self) -> bool:
        """Whether it was told to hurry."""

    def hurry(self) -> None:
        """An interrupt: end what is under way in another thread within a few seconds."""


Sending: TypeAlias = Literal["under way", "finishing", "not sent", "known"]
"""Where an update is: it may have left; an interrupt makes it hurry; it certainly did not leave, or
was not looked at; it is known what came of it."""


def untold_of_sending(_: Sending) -> None:
    """Who is told of an update on its way, where nobody asked."""


@dataclass(frozen=True)
class Session:
    """A server, what it is called, and the vault that holds the secrets of this run.

    `sending` is told where an update is: who is interrupted knows from it whether something may
    have been changed.
    """

    target: Target
    server: Server
    vault: Vault
    sending: Callable[[Sending], None] = untold_of_sending


def read(name: str, session: Session) -> Live:
    """The live state of an object. One request."""
    return session.server.read(name, decoder(KINDS[name], session.vault))


def decoder(kind: Kind, vault: Vault) -> Callable[[Mapping[str, Json]], Live]:
    """How the answers about an object are decoded, and their passwords sealed."""
    return lambda answer: from_wire(kind, answer, vault)
