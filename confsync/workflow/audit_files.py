"""Applies without an end, and pending restarts, over many audit files: docs/audit.md."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.disk.read import audit_records
from confsync.errors import OutputFailed, WrongUsage
from confsync.kinds.forms import RESTARTED
from confsync.report.audits import Audited, Recorded, Stored
from confsync.report.printable import plural, printable
from confsync.sync.url import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def check(files: Sequence[str], tell: Callable[[str], None]) -> Audited:
    """The applies that began in a file and ended in none, in the order of the files. `tell` gets a
    warning for each file with broken lines. Raises WrongUsage.
    """
    events = [*_events(files, tell)]
    ended = {one.id for one in events if one.name == "finished"}
    begun = (one for one in events if one.name == "started" and one.id not in ended)
    return Audited(len({*files}), unfinished=tuple(map(_recorded, begun)))


def pending(files: Sequence[str], tell: Callable[[str], None]) -> Audited:
    """The objects that were stored, or may have been, and take effect at a restart that no file
    knows of; in the order of the last updates. Servers are told apart by their URLs. `tell` also
    gets a warning for updates whose beginning is in no file. Raises as `check` does.
    """
    events = sorted(_events(files, tell), key=lambda one: one.time)
    begun = {one.id: one for one in events if one.name == "started"}
    found: dict[tuple[str, str], Stored] = {}
    for one in events:
        result = one.text("result")
        if one.name == "restarted" and result == "running":
            url = one.text("target", "url")
            found = {key: stored for key, stored in found.items() if key[0] != url}
        if one.name != "finished" or not _maybe_stored(one):
            continue
        if (first := begun.get(one.id)) is None:
            place = f"{printable(one.file)}:{one.line}"
            tell(f"warning: {place}: the beginning of this apply is in none of the files")
        elif first.text("object") in RESTARTED:
            last = replace(_recorded(first), time=one.time)
            certain = bool(first.record.get("changes") or first.record.get("rotated"))
            before = found.pop((last.url, last.object), None)
            found[last.url, last.object] = Stored(
                last,
                certain or (before is not None and before.certain),
                result == "stored" or (before is not None and before.known),
            )
    return Audited(len({*files}), pending=tuple(found.values()))


@dataclass(frozen=True)
class _Event:
    """A record, and its place."""

    file: str
    line: int
    record: dict[str, object]

    @property
    def name(self) -> str:
        return self.text("event")

    @property
    def id(self) -> str:
        return self.text("id")

    @property
    def time(self) -> str:
        return self.text("time")

    def text(self, *path: str) -> str:
        """The text at a path, without passwords of URLs; empty if there is none."""
        found: object = self.record
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return masked(found) if isinstance(found, str) else ""


def user_of(record: dict[str, object]) -> str:
    """The user of a beginning, or the number of one without a name, or empty."""
    event = _Event("", 0, record)
    uid = event.text("who", "uid")
    return event.text("who", "user") or (uid and f"uid {uid}")


def _events(files: Sequence[str], tell: Callable[[str], None]) -> Iterator[_Event]:
    for file in dict.fromkeys(files):
        if not os.path.lexists(file):
            raise WrongUsage("no such file", where=file, hint="check the path")
        known, broken = 0, []
        try:
            for line, record in audit_records(file):
                if (event := _Event(file, line, record)).name:
                    known += 1
                    yield event
                else:
                    broken.append(line)
        except OutputFailed:
            hint = "it must be a regular file: check its owner and mode"
            raise WrongUsage("cannot be read", where=file, hint=hint) from None
        if broken and not known:
            hint = "use the file of `apply --audit FILE`"
            raise WrongUsage("is not an audit file", where=file, hint=hint)
        if broken:
            fact = f"{plural(len(broken), 'line')} cut off or edited, and left out"
            tell(f"warning: {printable(file)}:{broken[0]}: {fact}")


def _recorded(begun: _Event) -> Recorded:
    return Recorded(
        *(begun.file, begun.line, begun.id),
        *(begun.text("target", "name"), begun.text("target", "url"), begun.text("object")),
        *(user_of(begun.record), begun.text("run_url"), begun.time),
    )


def _maybe_stored(end: _Event) -> bool:
    result = end.text("result")
    return result == "stored" or (result == "unknown" and end.text("seen") != "before")
