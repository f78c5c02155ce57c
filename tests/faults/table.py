"""The matrix as a table at the end of the test output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CELL = "cell of the fault matrix"
MOMENTS = ("read", "reread", "update", "look", "secret")
"""The planning read, the one after the question, the update, the read after an update whose answer
was lost, and an update that sends a hidden secret too."""


def pytest_terminal_summary(terminalreporter: Any) -> None:  # noqa: ANN401 - it has no public type
    """Print each fault with the statuses at its moments, and how many cells are right."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        if report.when == "call"
    ]
    cells = {
        value: report.passed
        for report in reports
        for name, value in report.user_properties
        if name == CELL
    }
    if cells:
        terminalreporter.section("fault matrix: the exit status of an apply")
        for line in table(cells):
            terminalreporter.write_line(line)


def table(cells: Mapping[str, bool]) -> Iterator[str]:
    """The lines: cells are named `fault/moment/status`, and False for one that is not right."""
    shown: dict[tuple[str, str], str] = {}
    for name, right in cells.items():
        fault, moment, status = name.split("/")
        shown[fault, moment] = status if right else f"{status} WRONG"
    faults = sorted({fault for fault, _ in shown})
    width = max(map(len, faults))
    yield "  ".join([" " * width, *MOMENTS])
    for fault in faults:
        marks = (f"{shown.get((fault, moment), ''):>{len(moment)}}" for moment in MOMENTS)
        yield "  ".join([f"{fault:{width}}", *marks])
    yield f"{sum(cells.values())} of {len(cells)} cells, {len(faults)} faults at each moment"
