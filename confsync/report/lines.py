"""The lines of a plan: one difference each, in columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.report.printable import MARGIN, at_right, columns, cut, printable
from confsync.store.encode import to_file
from confsync.sync.shape import Shape, UrlText
from confsync.sync.tree import Object, Tree, path_text, same_skeleton
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.sync.values import Change, HiddenSecrets, Origin, Unknown
    from confsync.yaml.emit import Plain

_SIGNS = {"add": "+", "remove": "-", "update": "~", "replace": "~", "reorder": "~"}
_FATE: Mapping[HiddenSecrets, str] = {
    "send": "apply sends it from {}",
    "keep": "apply leaves it as it is",
    "fail": "apply refuses to go on",
}
_MOST = 100  # items of a list in one line
_IN_WORDS = 10  # changes in one line


@dataclass(frozen=True)
class Line:
    """A sign, a path, a text (or two, with an arrow between them), and its place in a file."""

    sign: str
    path: str
    before: str
    after: str
    origin: Origin


def change_lines(changes: Sequence[Change]) -> tuple[Change | None, list[Line]]:
    """The change of the object's own variant, or None, and the lines of all other changes."""
    top = changes[0] if changes and not changes[0].path else None
    if top is None:
        return None, _numbered(changes)
    return top, [*_numbered(top.members), *_numbered(changes[1:])]


def changes_in_words(changes: Sequence[Change]) -> str:
    """Changes in one line, like `timeout 10s → 7s, + urls redis://a`; empty without any."""
    top, lines = change_lines(changes)
    tags = [side.tag for side in (top.before, top.after) if isinstance(side, Object)] if top else []
    parts = [f"@type {' → '.join(map(printable, tags))}"] if tags else []
    for line in lines:
        arrow = f"{line.before} → " if line.before else ""
        sign = "" if line.sign == "~" else f"{line.sign} "
        parts.append(f"{sign}{line.path} {arrow}{line.after}".rstrip())
    more = [f"{len(parts) - _IN_WORDS} more"] if len(parts) > _IN_WORDS else []
    return ", ".join([*parts[:_IN_WORDS], *more])


def laid_out(lines: Sequence[Line], width: int, file: str) -> Iterator[str]:
    """Lines with their paths in a column of `width`. Places in `file` are a line number alone."""
    for line in cut(lines):
        if isinstance(line, str):
            yield f"  {line}"
            continue
        origin, head = line.origin, f"  {line.sign} {line.path:<{width}}  "
        text = f"{head}{line.before} → {line.after}" if line.before else f"{head}{line.after}"
        if not origin.line:
            yield text.rstrip()
            continue
        source = f"{'' if origin.file == file else printable(origin.file)}:{origin.line}"
        text = at_right(text, source)
        if not line.before or len(text) <= columns(MARGIN):
            yield text
        else:
            yield f"{head}{line.before}"
            yield at_right(f"{' ' * (len(head) - 2)}→ {line.after}", source)


def unknown_line(unknown: Unknown, policy: HiddenSecrets) -> Line:
    """The line of a pair that cannot be compared. `policy`: for hidden secrets."""
    after = unknown.after
    secrets = after.secrets if isinstance(after, Url) else (after,)
    reference = printable(" and ".join(str(secret.ref) for secret in secrets if secret.ref))
    if unknown.hidden:
        text = f"hidden; {_FATE[policy].format(reference)}"
    elif isinstance(after, Url) and not after.parts:
        text = f"cannot be compared: {reference} is not resolved"
    else:
        text = f"{_show(after, UrlText())}  password not compared"
    return Line("!", path_text(unknown.path), "", text, unknown.origin)


def password_changes(change: Change) -> bool:
    """True for two URLs that differ in nothing but their passwords."""
    before, after = change.before, change.after
    return (
        isinstance(before, Url)
        and isinstance(after, Url)
        and after.ref is None
        and same_skeleton(before, after)
    )


def _numbered(changes: Iterable[Change]) -> list[Line]:
    """The lines of changes. Lines that differ only in masked secrets get a number."""
    lines = [line for change in changes for line in _lines(change)]
    keys = [(line.sign, line.path, line.before, line.after) for line in lines]
    alike, seen = Counter(keys), Counter[tuple[str, ...]]()
    for index, key in enumerate(keys):
        if alike[key] > 1:
            seen[key] += 1
            lines[index] = replace(lines[index], after=f"{lines[index].after} ({seen[key]})")
    return lines


def _lines(change: Change) -> Iterator[Line]:
    """The line of a change; members of an item of a list come below it."""
    members: tuple[Change, ...] = ()
    if change.action == "reorder":
        texts = ["in another order: the first one decides"]
    elif password_changes(change):
        texts = [f"{_show(change.after, change.shape)}  password changes"]
    elif change.path and isinstance(change.path[-1], int):
        tagged = (side for side in (change.before, change.after) if isinstance(side, Object))
        texts, members = [printable(side.tag) for side in tagged], change.members
    else:
        # An added value has no side before, a removed one no side after.
        sides = {"add": change.before, "remove": change.after}
        texts = [_show(side, change.shape) for no, side in sides.items() if change.action != no]
    before, after = ["", "", *texts][-2:]
    yield Line(_SIGNS[change.action], path_text(change.path), before, after, change.origin)
    yield from (line for member in members for line in _lines(member))


def _show(value: Tree, shape: Shape) -> str:
    """A value of a file in one line, secrets masked."""
    inner = to_file(value, shape)
    if not isinstance(value, Object) or not isinstance(inner, dict):
        return _word(inner)
    named = [f"{name} {_word(member)}" for name, member in inner.items() if name != "@type"]
    return ", ".join([printable(value.tag), *named])


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
            return ", ".join(map(_word, cut(value, _MOST))) or "none"
        case _:
            return str(value)
