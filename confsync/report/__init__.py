"""Renderers: plans, states, outcomes and problems as text; each format is loaded when used."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.errors import Problem
    from confsync.report.text import State
    from confsync.sync.outcome import Ended
    from confsync.sync.values import Failed, Plan


def _render(module: str, function: str, *found: object) -> str:
    text: str = getattr(import_module(f"confsync.report.{module}"), function)(*found)
    return text


PLANS: Mapping[str, Callable[[Sequence[Plan | Failed]], str]] = {
    "text": partial(_render, "text", "plans_text"),
    "json": partial(_render, "json", "plans_json"),
}
STATES: Mapping[str, Callable[[Sequence[State | Failed]], str]] = {
    "text": partial(_render, "text", "states_text"),
    "json": partial(_render, "json", "states_json"),
}
OUTCOMES: Mapping[str, Callable[[Sequence[Ended]], str]] = {
    "text": partial(_render, "text", "outcomes_text"),
    "json": partial(_render, "json", "outcomes_json"),
}
PROBLEMS: Mapping[str, Callable[[Sequence[str], Sequence[Problem]], str]] = {
    "text": partial(_render, "problems", "verdict_text"),
    "json": partial(_render, "json", "problems_json"),
    "github": partial(_render, "github", "problems_github"),
    "sarif": partial(_render, "sarif", "problems_sarif"),
    "junit": partial(_render, "junit", "problems_junit"),
    "codequality": partial(_render, "codequality", "problems_codequality"),
}
