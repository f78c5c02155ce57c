"""When settings take effect: advice before an update, and after it the end of a reload, as text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.kinds.forms import LOCKS_OUT, RESTARTED
from confsync.report.printable import printable, wrapped
from confsync.sync.outcome import NotSent, Reload, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confsync.report.printable import Look
    from confsync.sync.outcome import Ended, Restart
    from confsync.sync.values import Plan

_ENDS: Mapping[str, str] = {
    "done": "Active: the server has reloaded its settings",
    "failed": "Stored, but not active: the server did not reload its settings",
    "unknown": "Stored. It is unknown whether the server has reloaded its settings",
}
_UNCHANGED: Mapping[str, str] = {
    "done": "Active: the server has reloaded its settings",
    "failed": "The server did not reload its settings",
    "unknown": "It is unknown whether the server has reloaded its settings",
}
_RESTARTED: Mapping[str, str] = {
    "running": "Restarted: the server answers",
    "locked-out": "Locked out: since the restart the server answers remote clients with errors",
    "failed": "Stored, but not restarted",
    "unknown": "Stored. It is unknown whether the server has restarted",
}
RELOADED_FATES: Mapping[str, str] = {
    "done": "applied",
    "failed": "stored but not active",
    "unknown": "stored and perhaps not active",
}
UNCHANGED_FATES: Mapping[str, str] = {
    "done": "unchanged",
    "failed": "unchanged but not reloaded",
    "unknown": "unchanged and perhaps not reloaded",
}
RESTARTED_FATES: Mapping[str, str] = {
    "running": "applied and restarted",
    "locked-out": "locked out",
    "failed": "stored but not restarted",
    "unknown": "stored and perhaps not restarted",
}
"""The fates of a target with the wanted state, by the end of its reload or restart."""
SEEN: Mapping[str, str] = {
    "before": "A second read shows the previous visible state. The update may still arrive.",
    "wanted": "A second read shows the desired visible state. Hidden secrets cannot be read.",
    "other": "A second read shows neither the previous nor the desired state.",
}
"""The state read after an update that may have been stored."""
_OR_RESTART = "or restart every Stalwart node"
_ADVICE: Mapping[str, str] = {
    "failed": f"reload the settings (ReloadSettings), {_OR_RESTART}",
    "unknown": f"reload the settings again, which is harmless (ReloadSettings), {_OR_RESTART}",
}

_AFTER: Mapping[str, str] = {
    "locked-out": "restart no other node; get back in: confsync explain lock-out",
    "failed": "restart one Stalwart node, and check that you can log in",
    "unknown": "check the server; if it is locked out: confsync explain lock-out",
}


RELOAD = "Takes effect when the server reloads its settings (apply --reload) or restarts."


def effect(plan: Plan) -> str:
    """Advice before an update."""
    if not plan.effective:
        when = f"if {_secret(plan)} is another one than before"
        return {
            "reload": f"Takes effect at a reload (apply --reload) or restart, {when}.",
            "restart": f"Takes effect at restart, {when}.",
            "lock-out": f"Takes effect at restart, {when}. Then restart one node first: a wrong"
            " password locks out every remote client (confsync explain lock-out).",
        }[_moment(plan)]
    return {
        "reload": RELOAD,
        "restart": "Takes effect when every Stalwart node has restarted.",
        "lock-out": "Takes effect at restart. After the apply, restart one node first: a wrong"
        " address or password locks out every remote client (confsync explain lock-out).",
    }[_moment(plan)]


def _next(plan: Plan) -> str:
    """Advice after an update."""
    if not plan.effective:
        when = f"only if {_secret(plan)} was changed"
        return {
            "reload": f"Reload the settings (ReloadSettings), {_OR_RESTART}, {when}.",
            "restart": f"Restart every Stalwart node {when}.",
            "lock-out": f"Restart {when}: one Stalwart node first, check that you can log in, then"
            " the others (confsync explain lock-out).",
        }[_moment(plan)]
    return {
        "reload": f"Not active yet: reload the settings (ReloadSettings), {_OR_RESTART}.",
        "restart": "Not active yet: restart every Stalwart node.",
        "lock-out": "Not active yet: restart one Stalwart node, check that you can log in, then"
        " restart the others (confsync explain lock-out).",
    }[_moment(plan)]


def _secret(plan: Plan) -> str:
    return "the secret" if len(plan.to_send) == 1 else "a secret"


def _moment(plan: Plan) -> str:
    """What puts a plan into effect. A default store has no address and no password."""
    name = plan.desired.object
    if name not in RESTARTED:
        return "reload"
    safe = name not in LOCKS_OUT or plan.desired.tree.tag == "Default"
    return "restart" if safe else "lock-out"


def activity(ended: Stored | NotSent, look: Look) -> Iterator[str]:
    """The ends of the reload and of the restart, or else advice."""
    if isinstance(ended, Stored) and ended.restart is not None:
        yield from _restarted(ended.restart, look)
    found, ends = ended.reload, _ENDS if isinstance(ended, Stored) else _UNCHANGED
    if found is None:
        if isinstance(ended, Stored) and ended.restart is None:
            yield from wrapped(_next(ended.plan), look=look)
        return
    reason = f": {printable(found.reason)}" if found.reason else ""
    style = "green" if found.result == "done" else "red"
    yield from wrapped(f"{ends[found.result]}{reason}.", look=look, style=style)
    if found.reason:
        first = f"{printable(found.hint)}, then " if found.hint else ""
        yield from wrapped(f"hint: {first}{_ADVICE[found.result]}", look=look)


def _restarted(found: Restart, look: Look) -> Iterator[str]:
    style = "green" if found.result == "running" else "red"
    text = restarted_text(found.result, printable(found.reason))
    yield from wrapped(text, look=look, style=style)
    if advice := _AFTER.get(found.result):
        yield from wrapped(f"hint: {advice}", look=look)


def restarted_text(result: str, reason: str) -> str:
    """The end of a restart. `reason`: fit to be shown, or empty."""
    gap = " " if result == "running" else ": "
    return f"{_RESTARTED[result]}{gap if reason else ''}{reason}."


def told_once(found: Sequence[Ended]) -> list[Ended]:
    """Ends of applies, with the reason for a target's missing reload in the last one alone."""
    reloaded = [one for one in found if isinstance(one, Stored | NotSent) and one.reload]
    last = {one.plan.target: one for one in reloaded}
    return [
        replace(one, reload=Reload(one.reload.result))
        if isinstance(one, Stored | NotSent) and one.reload and one is not last[one.plan.target]
        else one
        for one in found
    ]
