"""The lines of a plan: one difference each, in columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.report.printable import MOST, WIDTH, cut, printable, wrapped
from confsync.store.encode import to_file
from confsync.sync.shape import Shape, UrlText
from confsync.sync.tree import Members, Object, Tree, leaves, path_text, same_skeleton
from confsync.sync.url import Url, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from confsync.report.printable import Look
    from confsync.sync.tree import Path
    from confsync.sync.values import Change, Desired, Origin, Plan, Unknown, Why
    from confsync.yaml.emit import Plain

SIGNS = {"add": "+", "remove": "-", "update": "~", "replace": "~", "reorder": "~"}
_STYLES = {"+": "green", "-": "red", "~": "yellow", "?": "cyan"}
_MOST_ITEMS = 100  # items of a list in one line
_WIDEST_PATH = 40
_INDENT = 8
_NOWHERE = "not in any file"
NOT_MANAGED: Mapping[Why, str] = {"unmanaged": _NOWHERE, "ignored": "ignored"}
"""Why a field keeps the server's value."""
CAUSES = {"change": "from files", "drift": "drift", "both": "both"}
"""The words for causes of changes."""
_IN_WORDS = 10  # changes in one line


@dataclass(frozen=True)
class Line:
    """A sign, a path, a text (or two, with an arrow between them), a remark behind it, and its
    place, like `stores/in-memory.yaml:5`.
    """

    sign: str
    path: str
    before: str
    after: str
    place: str
    remark: str = ""


def change_lines(changes: Sequence[Change]) -> tuple[Change | None, list[Line]]:
    """The change of the object's own variant, or None, and the lines of all other changes."""
    top = changes[0] if changes and not changes[0].path else None
    if top is None:
        return None, _numbered(changes)
    return top, [*_numbered(top.members), *_numbered(changes[1:])]


def variants(top: Change) -> str:
    """The variants before and after a change of an object's own; of another client's only one."""
    sides = (side for side in (top.before, top.after) if isinstance(side, Object))
    return " → ".join(printable(side.tag) for side in sides)


def with_addresses(lines: Sequence[Line], desired: Desired, *, replaced: bool) -> list[Line]:
    """Lines, and behind those of new objects their URLs that no line shows. `replaced`: the whole
    object is new.
    """
    found, shown = [*lines], {line.path for line in lines}
    for path, leaf in leaves(desired.tree):
        field = path[:-1] if isinstance(path[-1], int) else path
        around, name = shown_path(field[:-1]), shown_path(field)
        new = [one for one in found if one.path == around and one.sign != "-"]
        if isinstance(leaf, Url) and name not in shown and (new or (replaced and not around)):
            origin = desired.origin(path)
            place, remark = _place(origin), ""
            if origin.why != "file":
                place, remark = _NOWHERE, " (default)"
            line = Line("+", name, "", _show(leaf, UrlText()), place, remark)
            found.insert(found.index(new[-1]) + 1 if new else 0, line)
    return found


def changes_in_words(changes: Sequence[Change]) -> str:
    """Changes in one line, like `timeout 10s → 7s, + urls redis://a`; empty without any."""
    top, lines = change_lines(changes)
    parts = [f"@type {tags}"] if top is not None and (tags := variants(top)) else []
    for line in lines:
        arrow = f"{line.before} → " if line.before else ""
        sign = "" if line.sign == "~" else f"{line.sign} "
        parts.append(f"{sign}{line.path} {arrow}{line.after}".rstrip())
    more = [f"{len(parts) - _IN_WORDS} more"] if len(parts) > _IN_WORDS else []
    return ", ".join([*parts[:_IN_WORDS], *more])


def laid_out(lines: Sequence[Line], look: Look) -> Iterator[str]:
    """Lines in three columns: path, text, place. A line that is too wide is broken at its arrow or
    between words. A place beside it is cut to `…:5` if another line has it in full, and no line has
    another file; else it has a line of its own. All places then end at the edge.
    """
    widest = max((len(line.path) for line in lines), default=0)
    width = min(_WIDEST_PATH, look.width * 2 // 5, widest)
    rows = [_row(one, width, look) for one in lines[:MOST]]
    placed = [row for row in rows if row.place]
    fitting = [row for row in placed if row.end + 2 + len(row.place) <= look.width]
    files = {row.place.rpartition(":")[0] for row in fitting}
    several = len({row.place.rpartition(":")[0] for row in placed if ":" in row.place}) > 1
    longest = max((len(row.place) for row in placed), default=0)
    ends = (row.end for row in fitting if row.end < WIDTH)
    column = min(max(ends, default=0) + 3, look.width - longest)
    at_edge = len(fitting) < len(placed)
    for row in rows:
        *first, last = row.lines
        yield from first
        place = row.place
        space = max(2, (look.width - len(place) if at_edge else column) - row.end)
        file, _, number = place.rpartition(":")
        if place and row.end + 2 + len(place) > look.width:
            if file in files and not several and row.end + 4 + len(number) <= look.width:
                place = f"…:{number}"
                space = look.width - row.end - len(place)
            else:
                yield last
                last, space = "", max(2, look.width - len(place))
        yield f"{last}{' ' * space}{look.paint('dim', place)}" if place else last
    yield from (f"  {note}" for note in cut(lines)[MOST:])


@dataclass(frozen=True)
class _Row:
    """The painted lines of a row, and the column where the last one ends."""

    lines: list[str]
    end: int
    place: str


def _row(line: Line, width: int, look: Look) -> _Row:
    style, path = _STYLES[line.sign], f"{line.path:<{width}}  "
    head, start = f"  {look.paint(style, line.sign)} {path}", 4 + len(path)
    before = f"{line.before} → " if line.before else ""
    end = start + len(before) + len(line.after) + len(line.remark)
    if end <= look.width:
        text = f"{head}{before}{look.paint(style, line.after)}{line.remark}"
        return _Row([text.rstrip()], end, line.place)
    after = f"{before and '→ '}{line.after}{line.remark}"
    alone = start + max(map(len, f"{line.before} {after}".split())) > look.width
    if alone:
        # A word that does not fit behind the path begins in a line of its own.
        start = _INDENT
    texts = wrapped(after, " " * (start - 2 if before else start), " " * start, look=look)
    lines = [" " * start + line.before] if before else []
    for text in texts:
        bare = text.lstrip()
        lines.append(" " * (len(text) - len(bare)) + look.paint(style, bare))
    lines = [head.rstrip(), *lines] if alone else [head + lines[0][start:], *lines[1:]]
    return _Row(lines, len(texts[-1]), line.place)


def unknown_line(unknown: Unknown, plan: Plan) -> Line:
    """The line of a pair of a plan that cannot be compared."""
    after = unknown.after
    secrets = after.secrets if isinstance(after, Url) else (after,)
    reference = printable(" and ".join(str(secret.ref) for secret in secrets if secret.ref))
    if unknown.hidden:
        fate = f"; sent from {reference}"
        if unknown.path in plan.kept:
            fate = "" if plan.hidden_secrets == "fail" else f"; kept, {reference} is not sent"
        text = f"not comparable{fate}"
    elif isinstance(after, Url) and not after.parts:
        text = f"not comparable; {reference} is not resolved"
    else:
        text = f"{_show(after, UrlText())}  password not compared"
    return Line("?", shown_path(unknown.path), "", text, _place(unknown.origin))


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


def shown_path(path: Path) -> str:
    """A path in a line: keys of maps come from the server."""
    return printable(path_text(path))


def _place(origin: Origin) -> str:
    return f"{printable(origin.file)}:{origin.line}" if origin.line else ""


def placed(place: str, action: str, why: str, *, below: bool) -> tuple[str, str]:
    """The place of a change, or else words for it, and a remark. `below`: in a changed item."""
    if place:
        return place, ""
    if action != "remove":
        return _NOWHERE, " (default)"
    # A field that the new variant lacks, or a member of a removed item.
    return "" if below or why == "variant" else _NOWHERE, ""


def _lines(change: Change, *, below: bool = False) -> Iterator[Line]:
    """The line of a change; members of an item of a list come `below` it."""
    members: tuple[Change, ...] = ()
    if change.action == "reorder":
        texts = _new_order(change)
    elif password_changes(change):
        texts = [f"{_show(change.after, change.shape)}  password changes"]
    elif change.path and isinstance(change.path[-1], int):
        tagged = (side for side in (change.before, change.after) if isinstance(side, Object))
        texts, members = [printable(side.tag) or "item" for side in tagged], change.members
    else:
        # An added value has no side before, a removed one no side after.
        sides = {"add": change.before, "remove": change.after}
        texts = [_show(side, change.shape) for no, side in sides.items() if change.action != no]
    before, after = ["", "", *texts][-2:]
    place, remark = placed(_place(change.origin), change.action, change.origin.why, below=below)
    if change.cause is not None:
        cause = CAUSES[change.cause]
        remark = f"{remark[:-1]}, {cause})" if remark else f" ({cause})"
    path = shown_path(change.path)
    yield Line(SIGNS[change.action], path, before, after, place, remark)
    for member in members:
        yield from _lines(member, below=change.action == "remove")


def _new_order(change: Change) -> list[str]:
    """The first member of a set before and after, which decides for the others."""
    # Of a change that another client made, the side before is not known.
    sides = (change.before, change.after)
    first = [_show(side.members[0], UrlText()) for side in sides if isinstance(side, Members)]
    if len(set(first)) == 1:
        return [f"new order; first: {first[0]}"]
    return [f"first: {first[0]}", f"{first[1]} (new order)"]


def _show(value: Tree, shape: Shape) -> str:
    """A value of a file in one line, secrets masked."""
    inner = to_file(value, shape)
    if not isinstance(value, Object) or not isinstance(inner, dict):
        return word(inner)
    named = [
        f"{printable(masked(name))} {word(member)}"
        for name, member in inner.items()
        if name != "@type"
    ]
    return ", ".join([printable(value.tag)] * bool(value.tag) + named) or "none"


def word(value: Plain) -> str:
    """A value of a file in one line; of an object only its variant."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return printable(value if value and value == value.strip() else f'"{value}"')
        case dict():
            return printable(str(value.get("@type")))
        case list():
            return ", ".join(map(word, cut(value, _MOST_ITEMS))) or "none"
        case _:
            return str(value)
