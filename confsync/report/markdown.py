"""A report as Markdown, for a comment in a merge request or the summary of a CI job.

Text from outside stands in code spans and code blocks alone: nothing in them is markup, a mention
or a link, and no line begins with it.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from confsync.report.printable import plural
from confsync.report.summary import (
    Row,
    about,
    active_lines,
    change_count,
    effect,
    error_lines,
    fate,
    fates_text,
    groups,
    headline,
    lock_out,
    missing_shards,
    names_of,
    object_text,
    outcome_lines,
    quiet_title,
    refusals,
    remark_line,
    remarks,
    rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from confsync.report.view import Object, Report, Target

LIMIT = 65_536
"""Characters (code points) of a comment on GitHub."""

_NAMES = 40  # names of targets in a title
_QUIET_NAMES = 200  # names of unchanged targets
_RESERVED = 700  # characters of the words about what is left out
_SIGNS = {"~": "!"}  # what highlighters of `diff` have a colour for
_BACKTICKS = re.compile("`+")


def report_markdown(report: Report, limit: int = LIMIT, size: Callable[[str], int] = len) -> str:
    """The report, errors first and equal targets once, cut at whole groups. `size`: of a text, in
    the unit of `limit`. The first line is a comment that is equal for every run of this selection.
    """
    told, quiet = groups(report)
    head = [marker(report), f"### confsync {report.kind} of {headline(report)}"]
    if missing := missing_shards(report):
        head.append(f"**Incomplete: {missing}.**")
    if report.kind == "plan" and len(report.targets) > 1 and report.digest:
        head.append(f"Digest of the run {code(report.digest)}")
    head += filter(None, [lock_out(report)])
    facts = f"<sub>{', '.join(map(code, about(report)))}</sub>"
    fold = _fold(quiet)
    room = limit - _RESERVED - size(_joined([*head, facts]))
    if size(fold) > room // 2:
        fold = f"{quiet_title(quiet)}."
    room -= size(fold) + 2
    blocks: list[str] = []
    left_out: list[Target] = []
    for same in told:
        block = _block(same, report)
        if size(block) + 2 > room:
            left_out += same
            continue
        room -= size(block) + 2
        blocks.append(block)
    word = _left_out(left_out)
    return _joined(filter(None, [*head, word, *blocks, fold, facts]))


def marker(report: Report) -> str:
    """A comment that identifies a run by its kind and its choice of targets, so that the comment of
    an earlier commit is found. Without words for the choice the targets are part of it.
    """
    found = report.selection
    parts: list[str] = [report.kind]
    if found is not None:
        parts += [found.by, f"{found.shard}/{found.shards}"]
    if found is None or not (found.by or found.chosen == found.of):
        parts += [f"{one.name} {one.url}" for one in report.targets]
    digest = sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
    return f"<!-- confsync {report.kind} {digest[:16]} -->"


def code(text: str) -> str:
    """A text of one line as a code span."""
    runs = {len(found) for found in _BACKTICKS.findall(text)}
    fence = "`" * next(number for number in range(1, len(runs) + 2) if number not in runs)
    space = " " if not text.strip() or {text[0], text[-1]} & {"`", " "} else ""
    return f"{fence}{space}{text}{space}{fence}"


def _fenced(lines: Iterable[str], language: str = "text") -> str:
    """Lines as a code block. Each begins with a word or a sign of ours, so that none ends it."""
    return "\n".join([f"```{language}", *lines, "```"])


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _fold(quiet: Sequence[Target]) -> str:
    if not quiet:
        return ""
    names = ", ".join(code(one.title) for one in quiet[:_QUIET_NAMES])
    more = len(quiet) - _QUIET_NAMES
    names += f" and {more:,} more" if more > 0 else ""
    return f"<details><summary>{quiet_title(quiet)}</summary>\n\n{names}\n\n</details>"


def _left_out(targets: Sequence[Target]) -> str:
    if not targets:
        return ""
    left_out = f"{plural(len(targets), 'target')} ({fates_text(targets)})"
    return (
        f"**Left out here, because it would be too long: {left_out}.**"
        " The JSON and the HTML report have all of them."
    )


def _block(same: Sequence[Target], report: Report) -> str:
    """Targets of which the same is told."""
    first, alone = same[0], len(same) == 1
    parts = [f"#### {names_of(same, _NAMES, code)}: {fate(first)}"]
    if alone and first.url and first.url != first.title:
        parts.append(code(first.url))
    if error := error_lines(first, alone=alone):
        parts.append(_fenced(error))
    if ends := [*_ends(first)]:
        parts.append(_fenced(ends))
    parts += [part for found in first.objects for part in _object(found, first)]
    parts += [*_advice(first, report, alone=alone)]
    return "\n\n".join(parts)


def _object(found: Object, target: Target) -> Iterator[str]:
    listed, told = rows(found), remarks(found)
    if listed or found.before != found.after:
        yield f"**{code(object_text(found, target.outcome))}**"
    if listed:
        yield _fenced(map(_row, listed), "diff")
    if told:
        hints = ((one, [f"  hint: {one.hint}"] if one.hint else []) for one in told)
        yield _fenced(line for one, hint in hints for line in (f"- {remark_line(one)}", *hint))


def _row(row: Row | str) -> str:
    if isinstance(row, str):
        return f"  {row}"
    more = [f"[{row.cause}]"] if row.cause else []
    more += [f"({row.place})"] if row.place else []
    return "  ".join([f"{_SIGNS.get(row.sign, row.sign)} {row.path}", row.text, *more]).rstrip()


def _ends(target: Target) -> Iterator[str]:
    """The outcome of an apply."""
    several = len(target.objects) > 1
    for found in target.objects:
        if found.outcome is not None:
            lines = outcome_lines(found.outcome, found)
            yield from [f"- {found.name}: {lines[0]}", *lines[1:]] if several and lines else lines
    if target.outcome is not None:
        yield from outcome_lines(target.outcome, target.objects[0] if target.objects else None)
    yield from active_lines(target)


def _advice(target: Target, report: Report, *, alone: bool) -> Iterator[str]:
    refused = [one.rule for found in target.objects for one in refusals(found)]
    if report.kind == "plan" and refused:
        rules = ", ".join(map(code, dict.fromkeys(refused)))
        yield f"Apply will be refused: {rules}."
    elif report.kind == "plan" and target.objects:
        changes = sum(map(change_count, target.objects))
        secrets = sum(len(one.to_send) for one in target.objects)
        listed = [plural(changes, "change")] if changes else []
        listed += [f"{plural(secrets, 'secret')} to send"] if secrets else []
        yield " ".join([f"{', '.join(listed) or 'No visible changes'}.", *effect(target)])
    else:
        yield from effect(target)
    if alone and target.digest:
        yield f"Digest {code(target.digest)}"
