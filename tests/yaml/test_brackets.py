"""Collections in brackets, taken apart and put together."""

from __future__ import annotations

import pytest

from confsync.yaml.members import Brackets, Unclear
from confsync.yaml.nodes import Span
from tests.pace import Baseline


def brackets(source: str) -> Brackets:
    """The members are the capital letters."""
    places = [(index, index + 1) for index, letter in enumerate(source) if letter.isupper()]
    return Brackets.of(source, Span(0, len(source), flow=True), places)


@pytest.mark.parametrize(
    "source",
    [
        "[]",
        "[ ]",
        "[A]",
        "{ A, B,C, }",
        "[\n  A,\n  B\n]",
        "[ # s\n  # above\n  A, # x\n\n  # c\n  B # y\n  # z\n]",
        "[\r\n  A,  # x\r\n  B\r\n  ]",
    ],
)
def test_what_keeps_its_members_stays_to_the_byte(source: str) -> None:
    wanted = enumerate(letter for letter in source if letter.isupper())
    assert brackets(source).joined(list(wanted)) == source


@pytest.mark.parametrize(
    ("source", "wanted", "joined"),
    [
        ("[A, B, C]", [(1, "B"), (2, "C")], "[B, C]"),
        ("[A, B, C]", [(2, "C"), (None, "X"), (0, "A")], "[C, X, A]"),
        ("[A, B ,C,]", [(0, "A"), (1, "B")], "[A, B,]"),
        ("[A,B]", [(1, "B"), (None, "X"), (0, "A")], "[B,X,A]"),
        ("[A, B, C,]", [], "[]"),
        ("[]", [(None, "X"), (None, "Y")], "[X, Y]"),
        ("[A]", [(0, "A"), (None, "X")], "[A, X]"),
        ("[\n  A, # a\n  B # b\n]", [(1, "B"), (None, "X")], "[\n  B, # b\n  X\n]"),
        ("[\n  # a\n  A\n]", [(None, "X"), (0, "A")], "[\n  X,\n  # a\n  A\n]"),
        ("[A, # a\n B]", [(0, "A")], "[A # a\n]"),
    ],
)
def test_members_go_come_and_move(
    source: str, wanted: list[tuple[int | None, str]], joined: str
) -> None:
    assert brackets(source).joined(wanted) == joined


@pytest.mark.parametrize("source", ["(A)", "[? A]", f"[{chr(10) * 60_000}? A]", "[A B]"])
def test_what_is_unclear_is_said_at_once(source: str) -> None:
    """At most as long as many times a list of the same length that is clear."""

    def refused() -> None:
        with pytest.raises(Unclear):
            brackets(source)

    clear = f"[{'A, ' * 20_000}]"
    assert Baseline(lambda: brackets(clear)).times(refused, 20) <= 20
