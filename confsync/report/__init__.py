"""Renderers: a plan, an outcome or problems as text; one format a file, one line each here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.report import json, text
from confsync.report.outcome import outcome_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.errors import Problem
    from confsync.sync.outcome import Outcome
    from confsync.sync.values import Plan

PLAN: Mapping[str, Callable[[Plan], str]] = {"text": text.plan_text, "json": json.plan_json}

OUTCOME: Mapping[str, Callable[[Outcome], str]] = {
    "text": outcome_text,
    "json": json.outcome_json,
}

PROBLEMS: Mapping[str, Callable[[Sequence[str], Sequence[Problem]], str]] = {
    "text": text.verdict_text,
    "json": json.problems_json,
}
