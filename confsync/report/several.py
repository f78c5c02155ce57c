"""Several targets in one text: equal results are shown once, with the names of their targets."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, TypeVar

from confsync.report.printable import cut, paragraph, plural, printable, wrapped
from confsync.sync.values import named, plans_by_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from confsync.errors import ConfsyncError
    from confsync.report.printable import Look
    from confsync.sync.values import Failed, Plan, Target

T = TypeVar("T")

_ALL = 40  # names of targets in a title
_SOME = 10  # names in a title of more targets
_FEW = 8  # names of unchanged targets


def grouped(items: Iterable[T], key: Callable[[T], object]) -> list[list[T]]:
    """Items with equal keys together, in the order of the first of them."""
    groups: dict[object, list[T]] = {}
    for one in items:
        groups.setdefault(key(one), []).append(one)
    return [*groups.values()]


def folded(
    items: Iterable[T],
    *,
    quiet: Callable[[T], bool],
    rank: Callable[[T], int],
    key: Callable[[T], object],
) -> tuple[list[list[T]], list[T]]:
    """Items with something to tell, by rank and equal ones together; and quiet items."""
    told: list[T] = []
    silent: list[T] = []
    for one in items:
        (silent if quiet(one) else told).append(one)
    return grouped(sorted(told, key=rank), key), silent


def told_together(told: Iterable[tuple[Plan, str]], plans: Sequence[Plan]) -> list[str]:
    """Facts about some plans, equal ones once, with the names of their targets, if the plans have
    several, and of the object, if its target has several.
    """
    groups = {group[0].target: group for group in plans_by_target(plans)}
    facts: dict[str, dict[str, None]] = {}
    for plan, fact in told:
        known = facts.setdefault(named(plan, groups[plan.target]) + fact, {})
        known[plan.target.name] = None
    if len(groups) == 1:
        return [*facts]
    return [f"{', '.join(cut([*names], _SOME))}: {fact}" for fact, names in facts.items()]


def title(targets: Sequence[Target], look: Look) -> str:
    """The line over what is shown of targets: name and server of one, the names of several."""
    if len(targets) == 1:
        name, url = printable(targets[0].name), printable(targets[0].url)
        return look.paint("bold", url if name in {"", url} else f"{name}  {url}")
    names = [printable(one.name) for one in targets]
    text = f"{len(names)} targets: {', '.join(names)}"
    if len(names) > _ALL:
        text = f"{len(names)} targets: {', '.join(cut(names, _SOME))} (--each shows every one)"
    return "\n".join(wrapped(text, "", "  ", look=look, style="bold"))


def name_and_url(name: str, url: str) -> str:
    """A target in a sentence."""
    name, url = printable(name), printable(url)
    return url if name in {"", url} else f"{name} ({url})"


def unchanged(targets: Sequence[Target], look: Look) -> str:
    """The line for targets without any difference, with their names if they are few."""
    few = len(targets) <= _FEW
    names = f": {', '.join(printable(one.name) for one in targets)}" if few else ""
    text = f"{plural(len(targets), 'target')} unchanged{names}"
    return "".join(f"{line}\n" for line in wrapped(text, "", "  ", look=look))


def amounts(plans: Sequence[Plan]) -> list[str]:
    """The numbers of changes and of secrets to send, in words; none for 0."""
    changes = sum(len(plan.difference.changes) for plan in plans)
    secrets = sum(len(plan.to_send) for plan in plans)
    return [plural(one, what) for one, what in ((changes, "change"), (secrets, "secret")) if one]


def totals(
    fates: Sequence[str], order: Sequence[str], plans: Sequence[Plan], look: Look, sent: str
) -> str:
    """The last line: numbers of targets by their fates, in an order, and of changes and secrets of
    plans. `sent`: a word about the secrets.
    """
    parts = ", ".join(f"{fates.count(one)} {one}" for one in order if one in fates)
    behind = sent if any(plan.to_send for plan in plans) else ""
    more = f" {', '.join(made)}{behind}." if (made := amounts(plans)) else ""
    return paragraph(f"{len(fates)} targets: {parts}.{more}", look, "bold")


def without_address(one: Failed) -> ConfsyncError:
    """The error of a target, with `the server` for its URL: others may have the same error."""
    error = copy(one.error)
    if url := one.target.url:
        error.message, error.hint = (
            text.replace(url, "the server") for text in (error.message, error.hint)
        )
    return error
