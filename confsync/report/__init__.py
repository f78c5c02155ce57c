"""Renderers: plans, states, outcomes and problems as text; each format is loaded when used."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.report.printable import Look
    from confsync.report.run import Run


def _render(
    module: str,
    function: str,
    *found: object,
    look: Look | None = None,
    run: Run | None = None,
) -> str:
    """Text for programs: every look is the same."""
    del look
    runs = () if run is None else (run,)
    text: str = getattr(import_module(f"confsync.report.{module}"), function)(*found, *runs)
    return text


def _text(
    module: str,
    function: str,
    *found: object,
    look: Look | None = None,
    run: Run | None = None,
) -> str:
    """Text for people, in a look or else the plain one. It says nothing of the run."""
    del run
    looks = () if look is None else (look,)
    text: str = getattr(import_module(f"confsync.report.{module}"), function)(*found, *looks)
    return text


def _from(
    module: str, function: str, found: object, *more: object, document: str, run: Run, **_: object
) -> str:
    """Text made of the JSON document of plans or of an apply."""
    import json  # noqa: PLC0415 - `--help` loads this module

    made = json.loads(_render("json", document, found, run=run))
    return _render(module, function, made, *more)


_from_plans = partial(_from, document="plans_json")
_from_outcomes = partial(_from, document="outcomes_json")

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
"""Texts from the same document that `github` appends to the files of these variables."""

# Plans, states, targets and outcomes are rendered from a sequence, one for each target; problems
# from the names of the files and the problems. Each takes `look=`; those of plans and outcomes for
# programs need `run=`.
PLANS: Mapping[str, Callable[..., str]] = {
    "text": partial(_text, "text", "plans_text"),
    "json": partial(_render, "json", "plans_json"),
    "jsonl": partial(_render, "json_lines", "plans_lines"),
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
DOCTOR: Mapping[str, Callable[..., str]] = {
    "text": partial(_text, "doctor", "doctor_text"),
    "json": partial(_render, "doctor", "doctor_json"),
}
RENDERED: Mapping[str, Callable[..., str]] = {
    "text": partial(_render, "render", "rendered_text"),
    "json": partial(_render, "json", "rendered_json"),
}
OUTCOMES: Mapping[str, Callable[..., str]] = {
    "text": partial(_text, "outcomes", "outcomes_text"),
    "json": partial(_render, "json", "outcomes_json"),
    "jsonl": partial(_render, "json_lines", "outcomes_lines"),
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
AUDITS: Mapping[str, Mapping[str, Callable[..., str]]] = {
    "check": {
        "text": partial(_render, "audits", "check_text"),
        "json": partial(_render, "audits", "check_json"),
    },
    "pending": {
        "text": partial(_render, "audits", "pending_text"),
        "json": partial(_render, "audits", "pending_json"),
    },
}
SCHEMAS = (
    *("plan", "apply", "validate", "show", "render", "targets", "doctor"),
    *("audit-check", "audit-pending"),
)
"""The commands whose JSON has a schema in `schemas.json`."""
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
