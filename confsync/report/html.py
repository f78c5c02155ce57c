"""A report as one HTML file, which loads nothing from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.report.summary import (
    BAD,
    Row,
    about,
    active_lines,
    digest_of,
    effect,
    error_lines,
    fate,
    groups,
    headline,
    lock_out,
    missing_shards,
    object_text,
    outcome_lines,
    quiet_title,
    refusals,
    remarks,
    rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from confsync.report.view import Object, Remark, Report, Target

_CLASSES = {"+": "add", "-": "remove", "~": "change", "?": "unknown"}
_WORDS = {"+": "added", "-": "removed", "~": "changed", "?": "not comparable"}


def report_html(report: Report) -> str:
    """The whole report. Only its style and its script count, and nothing can be loaded or sent.
    Without the script, which filters the report, all of it is visible.
    """
    page, style, script = map(_file, ("report.html", "report.css", "report.js"))
    style, script = f"\n{style}", f"\n{script}"
    told, quiet = groups(report)
    sections = [line for same in told for line in _section(same, report)]
    digest = digest_of(report)
    missing, advice = missing_shards(report), lock_out(report)
    return page.format(
        policy="default-src 'none'; base-uri 'none'; form-action 'none';"
        f" style-src 'sha256-{_checksum(style)}'; script-src 'sha256-{_checksum(script)}'",
        kind=report.kind,
        total=escape(headline(report)),
        style=style,
        incomplete=missing and f'\n<p class="incomplete"><b>Incomplete: {escape(missing)}.</b></p>',
        advice=advice and f"\n<p>{escape(advice)}</p>",
        facts=escape(" · ".join(about(report))),
        digest=digest and f'\n<p class="digest">Digest <code>{escape(digest)}</code></p>',
        filters="\n".join(_filters(report)),
        sections="".join(f"\n{line}" for line in (*sections, *_quiet(quiet))),
        script=script,
    )


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _checksum(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _filters(report: Report) -> Iterator[str]:
    """The choices in the form that the script shows."""
    objects = [found for target in report.targets for found in target.objects]
    listed = (row for found in objects for row in rows(found))
    causes = {row.cause for row in listed if isinstance(row, Row) and row.cause}
    choices = {
        "group": sorted({name for target in report.targets for name in target.groups}),
        "cause": sorted(causes),
        "risk": sorted(_risks(objects)),
    }
    for name, values in choices.items():
        options = "".join(f'<option value="{escape(one)}">{escape(one)}</option>' for one in values)
        every = f'<option value="">all</option>{options}'
        yield f'<label>{name.capitalize()} <select name="{name}">{every}</select></label>'


def _risks(objects: Iterable[Object]) -> set[str]:
    """The rules of errors and warnings."""
    findings = (one for found in objects for one in found.findings)
    return {one.rule for one in findings if one.severity != "note"}


def _section(same: Sequence[Target], report: Report) -> Iterator[str]:
    """Targets of which the same is told."""
    first, ended = same[0], fate(same[0])
    bad = ' class="bad"' if ended in BAD else ""
    yield f'<section{bad} data-risks="{_joined(sorted(_risks(first.objects)))}">'
    number = f"{len(same)} targets: " if len(same) > 1 else ""
    yield f"<h2>{number}{escape(ended)}</h2>"
    yield from _targets(same)
    yield from _pre(error_lines(first, alone=len(same) == 1))
    if first.outcome is not None:
        yield from _pre(outcome_lines(first.outcome, first.objects[0] if first.objects else None))
    for found in first.objects:
        yield from _object(found, first)
    yield from _pre(active_lines(first))
    refused = dict.fromkeys(one.rule for found in first.objects for one in refusals(found))
    if report.kind == "plan" and refused:
        yield f"<p>Apply will be refused: {escape(', '.join(refused))}.</p>"
    elif sentences := effect(first):
        yield f"<p>{escape(' '.join(sentences))}</p>"
    yield "</section>"


def _joined(texts: Iterable[str]) -> str:
    """Texts of one line in an attribute."""
    return escape("\n".join(texts))


def _targets(targets: Sequence[Target]) -> Iterator[str]:
    yield '<ul class="targets">'
    for one in targets:
        url = one.url if one.url != one.title else ""
        yield (
            f'<li data-name="{escape(one.title)}" data-groups="{_joined(one.groups)}">'
            f'<b>{escape(one.title)}</b> <span class="url">{escape(url)}</span></li>'
        )
    yield "</ul>"


def _pre(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<pre>{escape(chr(10).join(lines))}</pre>"


def _object(found: Object, target: Target) -> Iterator[str]:
    listed, told = rows(found), remarks(found)
    if listed or found.before != found.after or told or found.outcome is not None:
        yield f"<h3>{escape(object_text(found, target.outcome))}</h3>"
    if found.outcome is not None:
        yield from _pre(outcome_lines(found.outcome, found))
    if listed:
        yield "<table>"
        yield from map(_row, listed)
        yield "</table>"
    yield from map(_finding, told)


def _row(row: Row | str) -> str:
    if isinstance(row, str):
        return f'<tr><td colspan="4">{escape(row)}</td></tr>'
    cause = f' <span class="cause">{escape(row.cause)}</span>' if row.cause else ""
    data = f' data-cause="{escape(row.cause)}"' if row.cause else ""
    return (
        f'<tr class="{_CLASSES[row.sign]}"{data}>'
        f'<td class="sign" title="{_WORDS[row.sign]}">{row.sign}</td><td>{escape(row.path)}</td>'
        f'<td class="text">{escape(row.text)}{cause}</td>'
        f'<td class="place">{escape(row.place)}</td></tr>'
    )


def _finding(found: Remark) -> str:
    place = f"{found.place}: " if str(found.place) else ""
    hint = f"<br>hint: {escape(found.hint)}" if found.hint else ""
    return (
        f'<p class="finding {found.severity}">{escape(place)}<b>{found.severity}</b>:'
        f" {escape(found.message)} <code>[{escape(found.rule)}]</code>{hint}</p>"
    )


def _quiet(quiet: Sequence[Target]) -> Iterator[str]:
    if quiet:
        yield "<section>"
        yield f"<details><summary>{quiet_title(quiet)}</summary>"
        yield from _targets(quiet)
        yield "</details>"
        yield "</section>"
