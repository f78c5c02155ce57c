"""A report as GitLab's report of a Terraform plan, which a widget of a merge request shows."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confsync.report.view import Report


_COUNTED = {"add": "create", "remove": "delete"}


def report_gitlab(report: Report) -> str:
    """The numbers of changes of all targets. If a target failed or a shard is missing they are not
    known: without them the widget says that the report could not be made.
    """
    ends = (target.outcomes for target in report.targets)
    failed = any(target.error is not None for target in report.targets)
    failed = failed or any(one.error is not None for some in ends for one in some)
    if failed or (report.selection is not None and report.selection.missing):
        return json.dumps({"error": "not every target could be planned"}) + "\n"
    objects = [found for target in report.targets for found in target.objects]
    counts = Counter(
        _COUNTED.get(change.action, "update") for found in objects for change in found.changes
    )
    counts["update"] += sum(found.left_out for found in objects)
    return json.dumps({name: counts[name] for name in ("create", "update", "delete")}) + "\n"
