"""Members of `confsync.yaml` as they are written: texts, paths, choices, days and lists of them.

A reader takes a node and the name that messages call it by, and raises Mistake or Mistakes. No
message repeats a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar

from confsync.store import scalars
from confsync.store.mistakes import Mistake, Mistakes, check_read
from confsync.sync.secret import MASK
from confsync.sync.spelling import nearest
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

_LONGEST_PATH = 1024
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass
class Gathering:
    """Mistakes on the way: none of them ends the reading."""

    mistakes: list[Mistake] = field(default_factory=list)

    def tried(self, node: Node, name: str, read: Callable[[Node, str], T]) -> T | None:
        """What a reader makes of a node; None where it finds mistakes, which are at the node if
        they say no other place.
        """
        try:
            return read(node, name)
        except (Mistake, Mistakes) as found:
            for mistake in found.mistakes if isinstance(found, Mistakes) else (found,):
                self.add(mistake.mark or node.mark, mistake)
            return None

    def add(self, mark: Mark, mistake: Mistake) -> None:
        """Note one at a place."""
        self.mistakes.append(Mistake(mistake.rule, mistake.message, mistake.hint, mark))

    def end(self) -> None:
        """Raise Mistakes, if there are any."""
        if self.mistakes:
            raise Mistakes(self.mistakes)


def mapping(node: Node, name: str, hint: str) -> MappingNode:
    """A mapping."""
    check_read(node)
    if not isinstance(node, MappingNode):
        raise Mistake("wrong-type", f"{name} must be a mapping", hint)
    return node


def text(node: Node, name: str) -> str:
    """One text, trimmed, and not empty."""
    check_read(node)
    if not isinstance(node, ScalarNode):
        what = "a list" if isinstance(node, SequenceNode) else "a mapping"
        raise Mistake("wrong-type", f"{name} must be a text, not {what}", "write the text alone")
    if scalars.is_null(node):
        raise Mistake("null-value", f"{name} has no value", "write one, or leave the line out")
    if node.text == MASK:
        fact = f"{name} is the mask that stands for a hidden secret"
        raise Mistake("mask", fact, "write the value itself")
    return scalars.text(node, name, trimmed=True)


def path(node: Node, name: str) -> str:
    """A file's path that starts at the file it is written in, as one from the working directory."""
    value = text(node, name)
    if "://" in value or "-----" in value or not value.isprintable() or len(value) > _LONGEST_PATH:
        hint = "write the path of a file: not a URL, and not what is in the file"
        raise Mistake("file-path", f"{name} is no path of a file", hint)
    return beside(node.mark.file, value)


def beside(file: str, relative: str) -> str:
    """A path that starts in the directory of a file, as one from the working directory.

    A `..` stays where it is: it may follow a link.
    """
    return str(PurePath(file).parent / relative)


def choice(choices: Sequence[T]) -> Callable[[Node, str], T]:
    """A reader of one of some texts."""
    known = {str(one): one for one in choices}

    def read(node: Node, name: str) -> T:
        value = node.text if isinstance(node, ScalarNode) and not node.broken else text(node, name)
        if value not in known:
            hint = f"{nearest(value, known)}allowed are {', '.join(known)}"
            raise Mistake("unknown-choice", f"{name} is none of the values that are allowed", hint)
        return known[value]

    return read


def day(node: Node, name: str) -> date:
    """A day like 2027-01-31."""
    value = text(node, name)
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        hint = "is the month one of 01 to 12, and does it have so many days?"
        raise Mistake("until-date", f"{name} is no day of the calendar", hint) from None
    raise Mistake(
        "until-date", f"{name} must be a day", "write it like 2027-01-31: year, month, day"
    )


def _itself(value: object) -> object:
    return value


def items(
    read: Callable[[Node, str], T], example: str, key: Callable[[T], object] = _itself
) -> Callable[[Node, str], tuple[T, ...]]:
    """A reader of a list in which no item has the `key` of another."""

    def read_all(node: Node, name: str) -> tuple[T, ...]:
        check_read(node)
        if not isinstance(node, SequenceNode):
            hint = f"write it like `{example}`, also for one alone"
            raise Mistake("wrong-type", f"{name} must be a list", hint)
        gathering = Gathering()
        found: dict[object, T] = {}
        for item in node.items:
            one = gathering.tried(item, f"an item of {name}", read)
            if one is not None and key(one) in found:
                mistake = Mistake(
                    "duplicate-entry", f"{name} names this twice", "keep one of the two"
                )
                gathering.add(item.mark, mistake)
            elif one is not None:
                found[key(one)] = one
        gathering.end()
        return tuple(found.values())

    return read_all
