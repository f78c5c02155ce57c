"""`apply --after`: run a command after a target that must be restarted, then look at its server."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import TYPE_CHECKING

from confsync.errors import ConfsyncError, ServerRefused
from confsync.guard import caught
from confsync.net.endpoint import on_loopback
from confsync.secrets.built_in import running
from confsync.sync.outcome import Restart
from confsync.sync.tree import secrets
from confsync.workflow.server import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confsync.sync.values import Plan
    from confsync.workflow.server import Session

_LOCKED_OUT = 500
_GRACE = 2.0
"""Seconds that an interrupted command gets to end."""


@dataclass(frozen=True)
class After:
    """A command and its arguments. `environment`: that of this run; `without`: the names of more
    variables with secrets; `output`: the descriptor for what it prints, or None.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    without: frozenset[str] = frozenset()
    output: int | None = None

    def restarted(self, plans: Sequence[Plan], session: Session) -> tuple[Restart, bool]:
        """Run the command for the target of some plans, and read one of its objects afterwards.
        True if an interrupt ended that. Raises nothing but faults.
        """
        result = Restart("failed", "interrupted before the command was run")
        if session.server.interrupted:
            return result, True
        try:
            try:
                session.sending("restarting")
                result = Restart("failed", "interrupted while the command ran")
                if failed := self._run(plans, session):
                    return Restart("failed", failed), False
                result = Restart("unknown", "interrupted before the server was asked")
                return _looked(plans[0], session), False
            finally:
                session.sending("known")
        except KeyboardInterrupt:
            session.sending("known")
            return result, True

    def _run(self, plans: Sequence[Plan], session: Session) -> str:
        """Run the command without a shell, and without a terminal or standard input. Returns why it
        failed, or an empty text.
        """
        target = session.target
        environment = {
            **self._without_secrets(plans, session),
            "CONFSYNC_NAME": target.name,
            "CONFSYNC_URL": target.url,
        }
        output = DEVNULL if self.output is None else self.output

        def start() -> Popen[bytes]:
            return Popen(  # noqa: S603 - the user's own command
                self.words,
                env=environment,
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

        try:
            with running(start) as process:
                try:
                    status = process.wait()
                except KeyboardInterrupt:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGTERM)
                    with suppress(TimeoutExpired):
                        process.wait(_GRACE)
                    raise
        except (OSError, ValueError, RuntimeError):
            return "the command cannot be started: is it installed, executable and on the PATH?"
        ended = "was killed by signal" if status < 0 else "exited with status"
        return f"the command {ended} {abs(status)}" if status else ""

    def _without_secrets(self, plans: Iterable[Plan], session: Session) -> dict[str, str]:
        """The environment without variables that references name, or that hold a known secret."""
        refs = (one.ref for plan in plans for _, one in secrets(plan.desired.written))
        named = {ref.argument for ref in refs if ref is not None and ref.kind == "env"}
        return {
            name: value
            for name, value in self.environment.items()
            if name not in self.without | named and session.vault.scrub(value) == value
        }


def _looked(plan: Plan, session: Session) -> Restart:
    found = caught(lambda: read(plan.desired.object, session))
    match found:
        case ServerRefused(status=status) if status == _LOCKED_OUT:
            return Restart("locked-out", found.message)
        case ServerRefused(status=status) if status < _LOCKED_OUT:
            return Restart("running")
        case ConfsyncError():
            return Restart("unknown", found.message)
        case _:
            own = "through loopback, where a locked-out server answers too"
            return Restart("running", own if on_loopback(session.target.url) else "")
