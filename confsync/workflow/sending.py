"""Take note of an update that may have left: what an interrupt means depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.jmap.client import Decode, Exchange
    from confsync.sync.values import Live, Patch
    from confsync.workflow.server import Server


@dataclass
class Sending:
    """Whether an update may have left: nobody may say then that nothing was changed."""

    begun: bool = False


@dataclass(frozen=True)
class Noting:
    """A server whose updates are taken note of."""

    server: Server
    sending: Sending

    def read(self, name: str, decode: Decode) -> Live:
        """Get the object."""
        return self.server.read(name, decode)

    def update(
        self, name: str, patch: Patch, decode: Decode, *, not_done: Callable[[Exchange], bool]
    ) -> Exchange:
        """Update the object. From here on it may have left, until it is certain that it did not."""
        self.sending.begun = True
        try:
            return self.server.update(name, patch, decode, not_done=not_done)
        except ConnectionFailed:
            self.sending.begun = False
            raise
