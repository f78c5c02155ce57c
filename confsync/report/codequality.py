"""Problems as GitLab's Code Quality report, for the widget of a merge request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from confsync.report.printable import json_text
from confsync.report.problems import located

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.errors import Problem

_SEVERITIES = {"error": "major", "warning": "minor"}


def problems_codequality(_files: Sequence[str], problems: Sequence[Problem]) -> str:
    """A list with an entry for each problem."""
    entries = [
        {
            "description": found.text.replace("\n", "; "),
            "check_name": found.problem.rule,
            "fingerprint": found.fingerprint,
            "severity": _SEVERITIES[found.problem.severity],
            "location": {
                "path": os.fsencode(found.path).decode("utf-8", "replace"),
                "lines": {"begin": found.line},
            },
        }
        for found in located(problems)
    ]
    return json_text(entries)
