"""Renderers: plans, states, outcomes and problems as text; each format is loaded when used."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.report.document import Document
    from confsync.report.printable import Look


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


_CI: Mapping[str, Callable[..., str]] = {
    "markdown": partial(_report, "markdown", "report_markdown"),
    "html": partial(_report, "html", "report_html"),
    "github": partial(_report, "github_step", "report_github"),
    "gitlab": partial(_report, "gitlab", "report_gitlab"),
    "prometheus": partial(_report, "prometheus", "report_prometheus"),
}
_JSON = partial(_render, "printable", "json_text")

STEP: Mapping[str, Callable[..., str]] = {
    "GITHUB_STEP_SUMMARY": partial(_report, "github_step", "report_step_summary"),
    "GITHUB_OUTPUT": partial(_report, "github_step", "report_step_outputs"),
}
"""Texts that `github` appends to the files of these variables."""

# Of plans and of an apply, text is made of a sequence, one for each target, and all else of their
# JSON document (docs/json.md). States and targets are rendered from a sequence too; problems from
# the names of the files and the problems. Texts take `look=`.
REPORTS: Mapping[str, Callable[..., str]] = {**_CI, "json": _JSON}
PLANS: Mapping[str, Callable[..., str]] = {
    "text": partial(_text, "text", "plans_text"),
    "json": _JSON,
    "jsonl": partial(_render, "json", "document_lines"),
    **_CI,
}
OUTCOMES: Mapping[str, Callable[..., str]] = {
    **PLANS,
    "text": partial(_text, "outcomes", "outcomes_text"),
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
    "json": partial(_render, "render", "rendered_json"),
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
