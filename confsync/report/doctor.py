"""Results of `confsync doctor`: a short block a target for people, and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from confsync.report.json import error_json, named_json
from confsync.report.printable import PLAIN, data_texts, printable, versioned_text, wrapped
from confsync.report.several import grouped, title
from confsync.sync.values import Failed, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.report.printable import Json, Look
    from confsync.sync.values import Checked

Name: TypeAlias = Literal["server", "credentials", "permissions", "edition", "state", "redis"]
Verdict: TypeAlias = Literal["starts", "locks-out", "cannot-tell"]

_STYLES = {"ok": "green", "starts": "green", "failed": "red", "locks-out": "red"}
_INDENT = " " * 28


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `path`: OBJECT or OBJECT/path, or empty."""

    name: Name
    result: Checked
    fact: str
    hint: str = ""
    path: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """The checks of a target, and what a restart of its server with this state would come to."""

    target: Target
    checks: tuple[Check, ...]
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """True if something is certainly wrong."""
        return self.verdict == "locks-out" or any(one.result == "failed" for one in self.checks)


def doctor_text(found: Sequence[Diagnosis | Failed], look: Look = PLAIN) -> str:
    """Equal blocks of several targets once, with their names. Failures are told elsewhere."""
    seen = [one for one in found if isinstance(one, Diagnosis)]
    same = grouped(seen, lambda one: (one.checks, one.verdict))
    groups = [[one] for one in seen] if look.each else same
    return "\n".join(_block(group, look) for group in groups)


def _block(group: Sequence[Diagnosis], look: Look) -> str:
    first = group[0]
    lines = [title([one.target for one in group], look)]
    for one in first.checks:
        where = f"{printable(one.path)}: " if one.path else ""
        lines += _row(one.name, one.result, f"{where}{printable(one.fact)}", look)
        if one.hint:
            lines += wrapped(f"hint: {printable(one.hint)}", _INDENT, _INDENT, look=look)
    lines += _row("verdict", first.verdict, "", look)
    return "".join(f"{line}\n" for line in lines)


def _row(name: str, result: str, text: str, look: Look) -> list[str]:
    start, word = f"  {name:<12}  ", result.replace("-", " ")
    if not text:
        return [start + look.paint(_STYLES.get(result, "yellow"), word)]
    first, *rest = wrapped(text, f"{start}{word:<12}", _INDENT, look=look)
    return [first.replace(word, look.paint(_STYLES.get(result, "yellow"), word), 1), *rest]


def doctor_json(found: Sequence[Diagnosis | Failed]) -> str:
    """All checks of all targets (docs/json.md)."""
    seen = [one for one in found if isinstance(one, Diagnosis)]
    summary: dict[str, Json] = {
        "targets": len(found),
        "failed": sum(isinstance(one, Failed) or one.failed for one in found),
        **{
            verdict.replace("-", "_"): sum(one.verdict == verdict for one in seen)
            for verdict in get_args(Verdict)
        },
    }
    targets = [_target(one) for one in found]
    return versioned_text({"targets": targets, "summary": summary})


def _target(one: Diagnosis | Failed) -> dict[str, Json]:
    named = named_json(one.target)
    if isinstance(one, Failed):
        return {**named, "checks": [], "verdict": "cannot-tell", "error": error_json(one.error)}
    checks: list[Json] = [
        {
            "check": check.name,
            "result": check.result,
            **data_texts(path=check.path, message=check.fact, hint=check.hint),
        }
        for check in one.checks
    ]
    return {**named, "checks": checks, "verdict": one.verdict}
