"""Problems as GitLab's Code Quality report, which the widget of a merge request shows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from confsync.report.located import Located, located
from confsync.report.printable import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.errors import Problem

_SEVERITIES = {"error": "major", "warning": "minor"}


def problems_codequality(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """A list with an entry for each problem; an empty one where there is none."""
    del files
    return json_text([_entry(found) for found in located(problems)])


def _entry(found: Located) -> object:
    return {
        "description": found.told.replace("\n", "; "),
        "check_name": found.problem.rule,
        "fingerprint": found.fingerprint,
        "severity": _SEVERITIES[found.problem.severity],
        "location": {
            "path": os.fsencode(found.path).decode("utf-8", "replace"),
            "lines": {"begin": found.line},
        },
    }
