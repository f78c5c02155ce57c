"""The way back after an apply: the command for it, or the previous settings and the command."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING

from confsync.errors import NotWritten
from confsync.kinds import KINDS
from confsync.kinds.kind import Kind
from confsync.report.printable import one_line, printable, shown, wrapped
from confsync.store.encode import way_back
from confsync.store.mistakes import listed
from confsync.sync.outcome import Stored, Unknown
from confsync.sync.plan import risks_back
from confsync.sync.secret import FILL_IN
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from confsync.report.printable import Look
    from confsync.sync.outcome import Ended
    from confsync.sync.values import Live, Target
    from confsync.yaml.emit import Plain

_COMMAND = "{command: "


def way_back_text(
    ended: Stored | Unknown, every: Sequence[Ended], look: Look, same: Sequence[Target] = ()
) -> Iterator[str]:
    """How to restore the state before an update that changes something visible. `every`: the
    outcomes of the run; the last such one of a target has the command for the target's backup.
    `same`: the targets with this outcome.
    """
    plan = ended.plan
    if not plan.difference.changes:
        return
    try:
        document = _document(ended)
    except NotWritten as error:
        why = printable(error.message)
        yield from wrapped(f"Previous settings not printed: {why}.", look=look)
        return
    unset = [
        name
        for name, known in plan.shape.fields_of(_before(ended).tree.tag).items()
        if known.kept and _before(ended).tree.members[name] == known.default
    ]
    if unset:
        fact = f"{listed(unset)} had no value: going back leaves the new one."
        yield from wrapped(fact, look=look)
    if plan.backup:
        changed = [
            one
            for one in every
            if isinstance(one, Stored | Unknown) and one.plan.target == plan.target
        ]
        if plan is [one.plan for one in changed if one.plan.difference.changes][-1]:
            documents = map(_document, changed)
            text = "".join(yaml_text(shown(one)) for one in documents)
            yield f"To go back{_first(text)}: {_command(plan.backup, changed, text)}"
        return
    text = yaml_text(shown(document))
    number = next(f"-{at}" for at, one in enumerate(every, start=1) if one.plan is plan)
    # Paths in references are relative to the store file.
    file = str(Path(plan.desired.file).parent / f"before{number * (len(every) > 1)}.yaml")
    told = f"To go back{_first(text)}, save this as {one_line(quote(file))} and run:"
    yield from wrapped(told, look=look)
    yield f"  {_command(file, [ended], text, same)}"
    yield ""
    yield text.removesuffix("\n")


def _before(ended: Stored | Unknown) -> Live:
    return ended.before if isinstance(ended, Stored) else ended.plan.live


def _document(ended: Stored | Unknown) -> dict[str, Plain]:
    """The state before an update, as its backup has it, or else as it is printed. Raises
    NotWritten.
    """
    before, plan = _before(ended), ended.plan
    beside = str(Path(plan.backup).parent) if plan.backup else None
    return way_back(before, plan, Kind(before.object, plan.shape), beside=beside)


def _command(
    file: str, changed: Iterable[Stored | Unknown], text: str, same: Sequence[Target] = ()
) -> str:
    """The command that restores the states before updates of a target, with the risks of that;
    for several targets in a loop of the shell.
    """
    ends = [*changed]
    target = ends[0].plan.target
    name = [] if target.name in {"", target.url} else ["--target", target.name]
    risks = (
        risk
        for one in ends
        if (kind := KINDS.get(one.plan.desired.object)) is not None
        for risk in risks_back(_before(one), one.plan, kind.state_rules, kind.change_rules)
    )
    loop = len(same) > 1
    words = [
        *("confsync", "apply", file, *([] if loop else [*name, "--url", target.url])),
        *(word for risk in dict.fromkeys(risks) for word in ("--allow", risk)),
        *(["--allow-commands"] if _COMMAND in text else []),
        *_policy(ends),
    ]
    if loop:
        names = join(one.name for one in same)
        return one_line(f'for name in {names}; do {join(words)} --target "$name"; done')
    return one_line(join(words))


def _policy(ends: Sequence[Stored | Unknown]) -> list[str]:
    """The option for hidden secrets, where those that have changed are sent: the way back has no
    base.
    """
    if ends[0].plan.hidden_secrets != "changed":
        return []
    return ["--hidden-secrets", "send" if any(one.plan.to_send for one in ends) else "keep"]


def _first(text: str) -> str:
    """The steps before the previous settings can be applied; empty without secrets in them."""
    steps = []
    if FILL_IN in text:
        steps.append(f"replace each {FILL_IN}… with a reference to the earlier secret")
    if re.search(rf"\{{(?!env: {FILL_IN})[a-z]+: ", text):
        steps.append("its references must lead to the earlier secrets")
    return f" ({'; '.join(steps)})" if steps else ""
