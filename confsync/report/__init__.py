"""Renderers: plans, states, outcomes and problems as text; each format is loaded when used."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.report.document import Document
    from confsync.report.printable import Look

    Renderers: TypeAlias = Mapping[str, Callable[..., str]]


def _text(module: str, function: str, *found: object, **look: Look) -> str:
    """Text for people, in a look or else the plain one."""
    text: str = getattr(import_module(f"confsync.report.{module}"), function)(*found, **look)
    return text


def _render(module: str, function: str, *found: object, **_look: Look) -> str:
    """Text that is the same in every look."""
    return _text(module, function, *found)


def _report(module: str, function: str, document: Document, *more: object) -> str:
    """Text made of the report that a JSON document is."""
    return _text(module, function, document.report, *more)


_CI: Renderers = {
    "markdown": partial(_report, "markdown", "report_markdown"),
    "html": partial(_report, "html", "report_html"),
    "github": partial(_report, "github_step", "report_github"),
    "gitlab": partial(_report, "gitlab", "report_gitlab"),
    "prometheus": partial(_report, "prometheus", "report_prometheus"),
}
_JSON = partial(_render, "printable", "json_text")

STEP: Renderers = {
    "GITHUB_STEP_SUMMARY": partial(_report, "github_step", "report_step_summary"),
    "GITHUB_OUTPUT": partial(_report, "github_step", "report_step_outputs"),
}
"""Texts that `github` appends to the files of these variables."""

# Of plans and of an apply, text is made of a sequence, one for each target, and all else of their
# JSON document (docs/json.md). States and targets are rendered from a sequence too; problems from
# the names of the files and the problems. Texts take `look=`.
REPORTS: Renderers = {**_CI, "json": _JSON}
PLANS: Renderers = {
    "text": partial(_text, "text", "plans_text"),
    "json": _JSON,
    "jsonl": partial(_render, "json", "document_lines"),
    **_CI,
}
OUTCOMES: Renderers = {**PLANS, "text": partial(_text, "outcomes", "outcomes_text")}
STATES: Renderers = {
    "text": partial(_render, "text", "states_text"),
    "json": partial(_render, "json", "states_json"),
}
TARGETS: Renderers = {
    "text": partial(_render, "targets", "targets_text"),
    "json": partial(_render, "targets", "targets_json"),
    "names": partial(_render, "targets", "targets_names"),
    "matrix": partial(_render, "targets", "targets_matrix"),
}
DOCTOR: Renderers = {
    "text": partial(_text, "doctor", "doctor_text"),
    "json": partial(_render, "doctor", "doctor_json"),
}
RENDERED: Renderers = {
    "text": partial(_render, "render", "rendered_text"),
    "json": partial(_render, "render", "rendered_json"),
}
PROBLEMS: Renderers = {
    "text": partial(_text, "problems", "verdict_text"),
    "json": partial(_render, "json", "problems_json"),
    "github": partial(_render, "github", "problems_github"),
    "sarif": partial(_render, "sarif", "problems_sarif"),
    "junit": partial(_render, "junit", "problems_junit"),
    "codequality": partial(_render, "codequality", "problems_codequality"),
}
AUDITS: Mapping[str, Renderers] = {
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
