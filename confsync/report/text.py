"""Plans, outcomes and problems for people."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from confsync.files.write import yaml_text
from confsync.kinds import KINDS
from confsync.kinds.to_store import FILL_IN, to_store
from confsync.report.lines import Line, change_lines, member_lines, unknown_line
from confsync.report.printable import plural, printable
from confsync.sync.outcome import NotSent, Outcome, Rejected, Stored, Unknown
from confsync.sync.tree import Object, path_text
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from confsync.errors import Problem
    from confsync.sync.values import Change, Finding, Live, Plan

WIDTH = 80
_SOURCE = 72
_WIDEST_PATH = 40
_FATE = {
    "send": "will send {0}",
    "keep": "leaves {0} as the server has {0}",
    "fail": "refuses to go on",
}
_UNMANAGED = {"unmanaged": "no file mentions it", "ignored": "it is ignored"}
_RESTART = "Apply stores it at once; it takes effect when every Stalwart node has restarted."
_RESTARTED = "It takes effect when every Stalwart node has restarted: restart each of them."


def plan_text(plan: Plan) -> str:
    """A plan: what changes and why, what cannot be compared, and the totals. Ends in a newline."""
    lines = [*_header(plan), *_body(plan), "", *map(_finding, plan.findings)]
    lines += [*textwrap.wrap(totals_text(plan), WIDTH), f"Digest {plan.digest}"]
    if plan.refusals:
        lines += textwrap.wrap(_refused(plan), _SOURCE, break_on_hyphens=False)
    elif not plan.empty:
        lines += textwrap.wrap(_RESTART, _SOURCE)
    return "\n".join([*lines, ""])


def totals_text(plan: Plan) -> str:
    """The one sentence that says how much there is to do."""
    changes, unknown = plan.difference.changes, plan.difference.unknown
    hidden = [item for item in unknown if item.hidden]
    unresolved = len(unknown) - len(hidden)
    parts: list[str] = []
    if changes:
        counts = [plural(len(changes), "change")]
        if plan.to_send:
            counts.append(f"{plural(len(plan.to_send), 'secret')} to send")
        parts.append(f"{', '.join(counts)}.")
    elif not unknown:
        return "No changes."
    else:
        parts.append("No visible changes.")
    if hidden and (not changes or plan.hidden_secrets != "send"):
        them = "it" if len(hidden) == 1 else "them"
        fate = _FATE[plan.hidden_secrets].format(them)
        parts.append(f"{plural(len(hidden), 'secret')} cannot be compared; apply {fate}.")
    if unresolved:
        them = "its reference is" if unresolved == 1 else "their references are"
        parts.append(
            f"{plural(unresolved, 'password')} cannot be compared here: {them} not resolved."
        )
    return " ".join(parts)


def _refused(plan: Plan) -> str:
    risks = dict.fromkeys(finding.rule for finding in plan.refusals if finding.risk)
    if not all(finding.risk for finding in plan.refusals):
        return "Apply refuses to go on, because of the errors above."
    options = " ".join(f"--allow {risk}" for risk in risks)
    return f"Apply refuses to go on, because of the errors above; {options} lets it."


def outcome_text(outcome: Outcome) -> str:
    """What became of an apply, after its plan has been shown. Ends in a newline."""
    match outcome:
        case NotSent():
            lines = ["Nothing was sent: the server has what the files say."]
        case Rejected(refusal=refusal):
            lines = [
                f"The server refused the update ({refusal.kind}).",
                "Nothing was changed on the server.",
                *(f"  at {printable(pointer)}" for pointer in refusal.properties if pointer),
                *(f"  {printable(error)}" for error in refusal.errors),
                f"hint: {refusal.hint}",
            ]
        case Stored():
            lines = list(_stored(outcome))
        case Unknown(reason=reason):
            lines = [
                f"It is not known whether the update was stored: {reason}.",
                "hint: run `confsync plan`: it shows what the server has now",
            ]
    return "\n".join([*lines, ""])


def problems_text(problems: Iterable[Problem]) -> str:
    """Problems, one after the other: `file:line:column: error: fact`, then the hint."""
    return "".join(f"{_problem(problem)}\n" for problem in problems)


def verdict_text(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """What a validation found in some files: the problems, or one line that there are none."""
    errors = sum(problem.severity == "error" for problem in problems)
    checked = plural(len(files), "file")
    if errors:
        return f"{problems_text(problems)}{checked} checked, {plural(errors, 'error')}.\n"
    return f"{problems_text(problems)}{checked} checked, no errors.\n"


def _problem(problem: Problem) -> str:
    place = printable(problem.file)
    if problem.line:
        place += f":{problem.line}" + (f":{problem.column}" if problem.column else "")
    head = f"{place}: {problem.severity}: {printable(problem.message)} [{problem.rule}]"
    return f"{head}\n  hint: {printable(problem.hint)}" if problem.hint else head


def _header(plan: Plan) -> Iterator[str]:
    name, url = printable(plan.target.name), printable(plan.target.url)
    yield url if name in {"", url} else f"{name}  {url}"
    yield ""
    tag = printable(plan.live.tree.tag)
    if plan.live.tree.tag != plan.desired.tree.tag:
        tag = f"{tag} → {printable(plan.desired.tree.tag)}"
    title = f"{plan.desired.object} · {tag}"
    file = printable(plan.desired.file)
    gap = max(2, _SOURCE - len(title) - len(file))
    yield f"{title}{' ' * gap}{file}"


def _body(plan: Plan) -> Iterator[str]:
    top, rest = _top(plan.difference.changes)
    lines = [*(member_lines(top) if top is not None else ()), *change_lines(rest)]
    hidden = [unknown_line(item, plan.hidden_secrets) for item in plan.difference.unknown]
    width = min(_WIDEST_PATH, max((len(line.path) for line in [*lines, *hidden]), default=0))
    asked = [line for line in lines if line.origin.why != "default"]
    reset = [line for line in lines if line.origin.why == "default"]
    if top is not None and not lines and plan.desired.tree.members:
        yield "  every field at its default"
    yield from _laid_out(asked, width, plan)
    if reset:
        yield "  back to the default, because no file mentions it"
        yield from _laid_out(reset, width, plan)
    if hidden:
        yield "  secrets"
        yield from _laid_out(hidden, width, plan)
    if any(_whole_for_password(change) for change in plan.difference.changes):
        yield from textwrap.wrap(
            "a member to remove holds a password, which must not be sent back: the whole set is"
            " replaced",
            WIDTH - 4,
            initial_indent="  ",
            subsequent_indent="  ",
        )
    yield from _unmanaged(plan)


def _top(changes: tuple[Change, ...]) -> tuple[Change | None, tuple[Change, ...]]:
    """A change of the object's own variant, and the changes beside it."""
    if changes and not changes[0].path:
        return changes[0], changes[1:]
    return None, changes


def _tags(change: Change) -> str:
    tags = (side.tag for side in (change.before, change.after) if isinstance(side, Object))
    return " → ".join(map(printable, tags))


def _whole_for_password(change: Change) -> bool:
    return (
        change.within is not None and isinstance(change.before, Url) and bool(change.before.secrets)
    )


def _laid_out(lines: Iterable[Line], width: int, plan: Plan) -> Iterator[str]:
    for line in lines:
        source = _source(line, plan)
        head = f"  {line.sign} {line.path:<{width}}  "
        arrow = f"{line.before} → {line.after}" if line.before else line.after
        gap = _SOURCE - len(head) - len(arrow) - len(source)
        if not source:
            yield f"{head}{arrow}".rstrip()
        elif gap >= 2 or not line.before:  # noqa: PLR2004 - two spaces keep columns apart
            yield f"{head}{arrow}{' ' * max(2, gap)}{source}"
        else:
            yield f"{head}{line.before}"
            second = f"{' ' * (len(head) - 2)}→ {line.after}"
            yield f"{second}{' ' * max(2, _SOURCE - len(second) - len(source))}{source}"


def _source(line: Line, plan: Plan) -> str:
    if not line.origin.line:
        return ""
    file = "" if line.origin.file == plan.desired.file else printable(line.origin.file)
    return f"{file}:{line.origin.line}"


def _unmanaged(plan: Plan) -> Iterator[str]:
    for why, told in _UNMANAGED.items():
        paths = [path for path in plan.unmanaged if plan.desired.origin(path).why == why]
        if paths:
            yield f"  unmanaged, because {told}"
            names = ", ".join(map(path_text, paths))
            yield from textwrap.wrap(
                names, WIDTH - 4, initial_indent="    ", subsequent_indent="    "
            )


def _finding(finding: Finding) -> str:
    place = ""
    if finding.origin is not None and finding.origin.line:
        place = f"{printable(finding.origin.file)}:{finding.origin.line}: "
    fact = f"{finding.severity}: {place}{printable(finding.message)}"
    hint = f"hint: {printable(finding.hint)}"
    return "\n".join([*_wrapped(fact, 0), *_wrapped(hint, 2)])


def _wrapped(text: str, indent: int) -> list[str]:
    """A sentence in lines of 80 columns, all but the first indented by four."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _stored(outcome: Stored) -> Iterator[str]:
    sent = plural(len(outcome.plan.difference.changes), "change")
    secrets = len(outcome.plan.to_send)
    told = f"{sent} and {plural(secrets, 'secret')}" if secrets else sent
    if outcome.verified:
        yield f"Stored and verified: {told}."
    else:
        yield f"Stored, but not as wanted: after {told} the server still differs."
        top, rest = _top(outcome.remaining.changes)
        if top is not None:
            yield f"  ~ @type  {_tags(top)}"
        lines = [*(member_lines(top) if top is not None else ()), *change_lines(rest)]
        width = max((len(line.path) for line in lines), default=0)
        yield from _laid_out(lines, width, outcome.plan)
    if outcome.overwritten:
        paths = ", ".join(path_text(path) or "@type" for path in outcome.overwritten)
        yield f"Somebody else's change was overwritten: {paths}."
    elif outcome.foreign:
        paths = ", ".join(path_text(path) or "@type" for path in outcome.foreign)
        yield f"Somebody else changed the object in between: {paths}."
    yield from textwrap.wrap(_RESTARTED, WIDTH)
    yield from _way_back(outcome.before)


def _way_back(before: Live) -> Iterator[str]:
    """What was stored before, as a file that brings it back."""
    document = to_store(before, KINDS[before.object])
    if document is None:
        yield "What was there before cannot be said in a file: confsync does not know all of it."
        return
    text = yaml_text(document)
    hint = f"; {FILL_IN}… stands for secrets, which are not shown" if FILL_IN in text else ""
    yield from textwrap.wrap(f"To go back to what was there before, apply this{hint}:", WIDTH)
    yield ""
    yield text.removesuffix("\n")
