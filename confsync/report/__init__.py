"""Renderers: plans, states, outcomes and problems as text; each format is loaded when used."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.report.printable import Look


def _render(module: str, function: str, *found: object, look: Look | None = None) -> str:
    """Text for programs: every look is the same."""
    del look
    text: str = getattr(import_module(f"confsync.report.{module}"), function)(*found)
    return text


def _text(module: str, function: str, *found: object, look: Look | None = None) -> str:
    """Text for people, in a look or else the plain one."""
    looks = () if look is None else (look,)
    text: str = getattr(import_module(f"confsync.report.{module}"), function)(*found, *looks)
    return text


def _from_plans(module: str, function: str, found: object, *more: object, **_: object) -> str:
    """Text made of the JSON document of plans."""
    return _render(module, function, _document("plans_json", found), *more)


def _from_outcomes(module: str, function: str, found: object, *more: object, **_: object) -> str:
    """Text made of the JSON document of an apply."""
    return _render(module, function, _document("outcomes_json", found), *more)


def _document(function: str, found: object) -> object:
    import json  # noqa: PLC0415 - `--help` loads this module

    return json.loads(_render("json", function, found))


_REPORTS: Mapping[str, tuple[str, str]] = {
    "markdown": ("markdown", "report_markdown"),
    "html": ("html", "report_html"),
    "github": ("github_step", "report_github"),
    "gitlab": ("gitlab", "report_gitlab"),
    "prometheus": ("prometheus", "report_prometheus"),
}
"""The formats that are made of the JSON document of plans or of an apply (docs/json.md)."""

_STEP: Mapping[str, tuple[str, str]] = {
    "GITHUB_STEP_SUMMARY": ("github_step", "report_step_summary"),
    "GITHUB_OUTPUT": ("github_step", "report_step_outputs"),
}
"""What `github` appends to the files that these variables name, from the same document."""

# Plans, states, targets and outcomes are rendered from a sequence, one for each target; problems
# from the names of the files and the problems. Each takes `look=`.
PLANS: Mapping[str, Callable[..., str]] = {
    "text": partial(_text, "text", "plans_text"),
    "json": partial(_render, "json", "plans_json"),
    **{name: partial(_from_plans, *where) for name, where in _REPORTS.items()},
}
STATES: Mapping[str, Callable[..., str]] = {
    "text": partial(_render, "text", "states_text"),
    "json": partial(_render, "json", "states_json"),
}
TARGETS: Mapping[str, Callable[..., str]] = {
    "text": partial(_render, "targets", "targets_text"),
    "json": partial(_render, "targets", "targets_json"),
    "names": partial(_render, "targets", "targets_names"),
    "matrix": partial(_render, "targets", "targets_matrix"),
}
OUTCOMES: Mapping[str, Callable[..., str]] = {
    "text": partial(_text, "outcomes", "outcomes_text"),
    "json": partial(_render, "json", "outcomes_json"),
    **{name: partial(_from_outcomes, *where) for name, where in _REPORTS.items()},
}
PROBLEMS: Mapping[str, Callable[..., str]] = {
    "text": partial(_text, "problems", "verdict_text"),
    "json": partial(_render, "json", "problems_json"),
    "github": partial(_render, "github", "problems_github"),
    "sarif": partial(_render, "sarif", "problems_sarif"),
    "junit": partial(_render, "junit", "problems_junit"),
    "codequality": partial(_render, "codequality", "problems_codequality"),
}
REPORTS: Mapping[str, Callable[..., str]] = {
    **{name: partial(_render, *where) for name, where in _REPORTS.items()},
    "json": partial(_render, "printable", "json_text"),
}
PLANS_STEP: Mapping[str, Callable[..., str]] = {
    variable: partial(_from_plans, *where) for variable, where in _STEP.items()
}
OUTCOMES_STEP: Mapping[str, Callable[..., str]] = {
    variable: partial(_from_outcomes, *where) for variable, where in _STEP.items()
}
REPORTS_STEP: Mapping[str, Callable[..., str]] = {
    variable: partial(_render, *where) for variable, where in _STEP.items()
}
