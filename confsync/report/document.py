"""The JSON document of plan or apply, and checked access to one that may come from anywhere."""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

from confsync.report.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confsync.report.view import Report

_DEEPEST = 64  # lists and mappings in each other
_GREATEST = 2**53  # of a number that is counted


class Document(dict[str, Any]):
    """The JSON document of a plan or an apply. `report`: what it says, read once."""

    @cached_property
    def report(self) -> Report:
        """The report that it is. Raises NotAReport."""
        from confsync.report.view import report_of  # noqa: PLC0415 - JSON alone does not need it

        return report_of(self)


class NotAReport(Exception):
    """A document that is no report. `reason`: why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_depth(document: object) -> None:
    """Raise NotAReport for a document that is nested too deep, or that JSON cannot hold."""
    level: list[object] = [document]
    for _ in range(_DEEPEST):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif isinstance(value, float) and not isfinite(value):
                raise NotAReport("has a number that is too great")
        if not below:
            return
        level = below
    raise NotAReport(f"is nested deeper than {_DEEPEST}")


class Node:
    """A value of a document, and its path in it. Everything that is not as documented raises
    NotAReport; a member that is absent or null is empty.
    """

    def __init__(self, value: object, path: str = "") -> None:
        self.value = value
        self.path = path

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of an object."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def wrong(self, what: str) -> NotAReport:
        """The error for a value that is not what is documented."""
        return NotAReport(f"is not a report of plan or apply: {self.path or 'it'} is not {what}")

    def __getitem__(self, name: str) -> Node:
        """A member."""
        return Node(self.members.get(name), f"{self.path}.{name}" if self.path else name)

    @property
    def items(self) -> Iterator[Node]:
        """The items of a list."""
        found = [] if self.value is None else self.value
        if not isinstance(found, list):
            raise self.wrong("a list")
        for number, one in enumerate(found):
            yield Node(one, f"{self.path}[{number}]")

    @property
    def raw(self) -> str:
        """A text as it is."""
        if self.value is not None and not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value or ""

    @property
    def text(self) -> str:
        """A text, fit to be shown."""
        return printable(self.raw)

    @property
    def texts(self) -> tuple[str, ...]:
        """A list of texts, fit to be shown."""
        return tuple(one.text for one in self.items)

    def one_of(self, known: Sequence[str]) -> str:
        """One of some words."""
        if self.raw not in known:
            raise self.wrong(f"one of {', '.join(filter(None, known))}")
        return self.raw

    @property
    def flag(self) -> bool:
        """True or false."""
        if self.value is not None and not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return bool(self.value)

    @property
    def number(self) -> int:
        """A number from 0."""
        number = 0 if self.value is None else self.value
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < _GREATEST:
            raise self.wrong("a number from 0")
        return number
