"""Renderers: a plan, an outcome or problems as text; one format a file, one line each here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report import codequality, github, json, junit, problems, sarif, several, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.errors import Problem
    from confsync.report.several import State
    from confsync.sync.outcome import Ended
    from confsync.sync.values import Failed, Plan

PLAN: Mapping[str, Callable[[Plan], str]] = {"text": text.plan_text, "json": json.plan_json}

PLANS: Mapping[str, Callable[[Sequence[Plan | Failed]], str]] = {
    "text": several.plans_text,
    "json": json.plans_json,
}

STATES: Mapping[str, Callable[[Sequence[State | Failed]], str]] = {
    "text": several.states_text,
    "json": json.states_json,
}

OUTCOMES: Mapping[str, Callable[[Sequence[Ended]], str]] = {
    "text": several.outcomes_text,
    "json": json.outcomes_json,
}

PROBLEMS: Mapping[str, Callable[[Sequence[str], Sequence[Problem]], str]] = {
    "text": problems.verdict_text,
    "json": json.problems_json,
    "github": github.problems_github,
    "sarif": sarif.problems_sarif,
    "junit": junit.problems_junit,
    "codequality": codequality.problems_codequality,
}
