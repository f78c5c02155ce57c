"""Results of `confsync audit`, as text and as JSON (docs/audit.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.report.printable import data_texts, plural, printable, versioned_text
from confsync.report.several import grouped, name_and_url

if TYPE_CHECKING:
    from confsync.report.printable import Json


@dataclass(frozen=True)
class Recorded:
    """An apply of one object, from the line with its beginning. `user` and `run_url` can be empty.
    `time`: of its beginning, or of its end if that is what it is about.
    """

    file: str
    line: int
    id: str
    name: str
    url: str
    object: str
    user: str
    run_url: str
    time: str


@dataclass(frozen=True)
class Stored:
    """The last update of an object that no restart followed. `certain`: something visible differed
    in one of these updates; else only hidden secrets were sent. `known`: it was certainly stored.
    """

    last: Recorded
    certain: bool
    known: bool


@dataclass(frozen=True)
class Audited:
    """Applies without an end, or updates without a restart, in some files."""

    files: int
    unfinished: tuple[Recorded, ...] = ()
    pending: tuple[Stored, ...] = ()


def check_text(found: Audited) -> str:
    """A line for each apply without an end, and their number."""
    lines = [
        f"{printable(one.file)}:{one.line}: {name_and_url(one.name, one.url)}:"
        f" {printable(one.object)}: {printable(one.user) or 'an unknown user'} began at"
        f" {printable(one.time)}; no end\n"
        for one in found.unfinished
    ]
    if not lines:
        return f"Every apply in {plural(found.files, 'file')} has an end.\n"
    count = "1 apply has" if len(lines) == 1 else f"{len(lines)} applies have"
    last = f"{count} no end: cut off, or still running. The outcome is unknown.\n"
    return "".join([*lines, "\n", last])


def pending_text(found: Audited) -> str:
    """The objects of each target that wait for a restart."""
    blocks = [
        "".join([f"{name_and_url(one.name, one.url)}\n", *map(_pending_lines, target)])
        for target in _by_target(found)
        for one in [target[0].last]
    ]
    if not blocks:
        return f"No restart is pending in {plural(found.files, 'file')}.\n"
    count = "1 target waits" if len(blocks) == 1 else f"{len(blocks)} targets wait"
    return "\n".join([*blocks, f"{count} for a restart.\n"])


def _pending_lines(one: Stored) -> str:
    last, stored = one.last, "stored at" if one.known else "perhaps stored at"
    by = f" by {printable(last.user)}" if last.user else ""
    why = "" if one.certain else "; needed only if a secret changed"
    run = f"    {printable(last.run_url)}\n" if last.run_url else ""
    return f"  {printable(last.object)}: {stored} {printable(last.time)}{by}{why}\n{run}"


def check_json(found: Audited) -> str:
    """The applies without an end."""
    rows = [{**_recorded(one), "target": _named(one)} for one in found.unfinished]
    summary = {"files": found.files, "unfinished": len(rows)}
    return versioned_text({"unfinished": rows, "summary": summary})


def pending_json(found: Audited) -> str:
    """The targets that wait for a restart, with the objects that are the reason."""
    rows: list[Json] = [
        {**_named(target[0].last), "objects": [*map(_pending, target)]}
        for target in _by_target(found)
    ]
    summary = {"files": found.files, "targets": len(rows), "objects": len(found.pending)}
    return versioned_text({"targets": rows, "summary": summary})


def _pending(one: Stored) -> dict[str, Json]:
    result = "stored" if one.known else "unknown"
    required = "yes" if one.certain else "if-secret-changed"
    return {**_recorded(one.last), "result": result, "required": required}


def _by_target(found: Audited) -> list[list[Stored]]:
    return grouped(found.pending, lambda one: one.last.url)


def _recorded(one: Recorded) -> dict[str, Json]:
    texts = data_texts(file=one.file, object=one.object, time=one.time, id=one.id)
    optional = data_texts(user=one.user, run_url=one.run_url)
    return {**texts, "line": one.line, **{name: text or None for name, text in optional.items()}}


def _named(one: Recorded) -> dict[str, Json]:
    return data_texts(name=one.name, url=one.url)
