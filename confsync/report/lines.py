"""The lines of a plan: one difference each, before they are laid out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.report.printable import cut, printable
from confsync.store.encode import Plain, to_file
from confsync.sync.shape import Shape, UrlText
from confsync.sync.tree import Object, Tree, path_text, same_skeleton
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from confsync.sync.values import Change, HiddenSecrets, Origin, Unknown

SIGNS = {"add": "+", "remove": "-", "update": "~", "replace": "~", "reorder": "~"}

_FATE: Mapping[HiddenSecrets, str] = {
    "send": "apply sends it from {}",
    "keep": "apply leaves it as it is",
    "fail": "apply refuses to go on",
}


_MOST = 100
"""Items of a list that stands in one line."""


@dataclass(frozen=True)
class Line:
    """A sign, a path, a text (or two, with an arrow between them), and where it comes from."""

    sign: str
    path: str
    before: str
    after: str
    origin: Origin


def change_lines(changes: Iterable[Change]) -> tuple[Line, ...]:
    """The lines of some changes; members of a rebuilt object come under it."""
    return _numbered([line for change in changes for line in _lines(change)])


def member_lines(change: Change) -> tuple[Line, ...]:
    """The lines of what is under a change of variant."""
    return change_lines(change.members)


def unknown_line(unknown: Unknown, policy: HiddenSecrets) -> Line:
    """The line of a pair that cannot be compared; `policy` for hidden secrets."""
    if unknown.hidden:
        text = f"hidden; {_FATE[policy].format(_reference(unknown))}"
    elif isinstance(unknown.after, Url) and not unknown.after.parts:
        text = f"cannot be compared: {_reference(unknown)} is not resolved"
    else:
        text = f"{show(unknown.after, UrlText())}  password not compared"
    return Line("!", path_text(unknown.path), "", text, unknown.origin)


def show(value: Tree, shape: Shape) -> str:
    """A value in one line, as a file would say it, secrets masked."""
    if isinstance(value, Object):
        inner = to_file(value, shape)
        members = inner.items() if isinstance(inner, dict) else ()
        told = [f"{name} {_word(member)}" for name, member in members if name != "@type"]
        return ", ".join([printable(value.tag), *told])
    return _word(to_file(value, shape))


def _lines(change: Change) -> Iterator[Line]:
    sign, path = SIGNS[change.action], path_text(change.path)
    if change.action == "reorder":
        yield Line(sign, path, "", "in another order: the first one decides", change.origin)
    elif password_changes(change):
        text = f"{show(change.after, change.shape)}  password changes"
        yield Line(sign, path, "", text, change.origin)
    elif _is_item(change):
        before, after = (_tag(side) for side in (change.before, change.after))
        yield Line(sign, path, before if after else "", after or before, change.origin)
        yield from (line for member in change.members for line in _lines(member))
    else:
        before = "" if change.action == "add" else show(change.before, change.shape)
        after = "" if change.action == "remove" else show(change.after, change.shape)
        if change.action == "remove":
            before, after = "", before
        yield Line(sign, path, before, after, change.origin)


def _is_item(change: Change) -> bool:
    return bool(change.path) and isinstance(change.path[-1], int)


def _tag(side: Tree) -> str:
    return printable(side.tag) if isinstance(side, Object) else ""


def password_changes(change: Change) -> bool:
    """Whether two URLs look alike and differ in nothing but their passwords."""
    before, after = change.before, change.after
    return (
        isinstance(before, Url)
        and isinstance(after, Url)
        and after.ref is None
        and same_skeleton(before, after)
    )


def _reference(unknown: Unknown) -> str:
    after = unknown.after
    secrets = after.secrets if isinstance(after, Url) else (after,)
    return printable(" and ".join(str(secret.ref) for secret in secrets if secret.ref))


def _numbered(lines: list[Line]) -> tuple[Line, ...]:
    """Lines that look alike once their secrets are masked get a number."""
    alike = Counter((line.sign, line.path, line.before, line.after) for line in lines)
    seen: Counter[tuple[str, str, str, str]] = Counter()
    numbered: list[Line] = []
    for line in lines:
        key = (line.sign, line.path, line.before, line.after)
        seen[key] += 1
        after = f"{line.after} ({seen[key]})" if alike[key] > 1 else line.after
        numbered.append(replace(line, after=after))
    return tuple(numbered)


def _word(value: Plain) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return printable(value if value == value.strip() else f'"{value}"')
        case dict():
            return printable(str(value.get("@type")))
        case list():
            kept, more = cut(value, _MOST)
            return ", ".join([*map(_word, kept), *([more] if more else [])]) or "none"
        case _:
            return str(value)
