"""Read JSON reports of plan or apply, of one run or of its shards, and put them together."""

from __future__ import annotations

import json
import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from confsync.disk.read import MAX_PLAN_BYTES
from confsync.errors import Problem, WrongUsage
from confsync.report.document import Document, NotAReport
from confsync.report.printable import FORMAT_VERSION
from confsync.report.summary import summary_of
from confsync.report.view import report_of
from confsync.yaml.read import content

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confsync.report.view import Report

_MAKE = "write one with `confsync plan --output json=FILE` or `apply --output json=FILE`"
_ONE_RUN = "name the reports of one run"
_MOST_SHARDS = 10_000


def merged(files: Sequence[str]) -> Document:
    """One document with the targets of all reports, in the order of the files; the numbers are
    counted again. Its selection has the missing shards.

    Raises WrongUsage, which names the file, for a file that is no report, and for reports that are
    not of one run or have a target twice.
    """
    if any("://" in file or not file for file in files):
        raise WrongUsage("no file name, or a URL instead", hint="save the JSON report to a file")
    if len({*files}) < len(files):
        raise WrongUsage("a report is named twice", hint="name each report once")
    documents = {file: _read(file) for file in files}
    reports = {file: document.report for file, document in documents.items()}
    for (first, one), (file, other) in pairwise(reports.items()):
        if one.kind != other.kind:
            fact = f"is a report of {other.kind}, but {first} one of {one.kind}"
            raise WrongUsage(fact, where=file, hint=_ONE_RUN)
        if one.commit != other.commit:
            commits = [report.commit[:12] or "an unknown one" for report in (other, one)]
            fact = "is of another commit than {}: {}, not {}".format(first, *commits)
            raise WrongUsage(fact, where=file, hint=_ONE_RUN)
    _check_targets(reports)
    every = documents.values()
    selection = _selection(reports)
    targets = [target for one in every for target in one["targets"]]
    if len(reports) > 1:
        # By name, with numbers as numbers: each shard has targets from everywhere.
        padded = partial(re.sub, "[0-9]+", lambda number: number[0].zfill(9))
        targets.sort(key=lambda target: padded(str(target.get("name"))))
    times = [one["generated_at"] for one in every if one.get("generated_at")]
    whole = Document(
        {
            "format_version": FORMAT_VERSION,
            "confsync": _only(one.get("confsync") for one in every),
            # The oldest: no target is said to be younger than it is.
            "generated_at": min(times, default=None),
            "commit": _only(one.get("commit") for one in every),
            "selection": selection,
            # That of a shard is not that of the run.
            "digest": None
            if selection and selection.get("missing")
            else _only(one.get("digest") for one in every),
            "targets": targets,
            "summary": {"base": _only(one.base for one in reports.values())},
        }
    )
    if any(report.kind == "apply" for report in reports.values()):
        whole["summary"]["outcomes"] = {}
    interrupted = any(report.interrupted for report in reports.values())
    return Document(whole, summary=summary_of(whole.report, interrupted=interrupted))


def _read(file: str) -> Document:
    found = content(file, MAX_PLAN_BYTES)
    if isinstance(found, Problem):
        raise WrongUsage(found.message, where=file, hint=found.hint)
    if len(found) > MAX_PLAN_BYTES:
        hint = "split the run with --shard"
        raise WrongUsage(f"is larger than {MAX_PLAN_BYTES // 2**20} MiB", where=file, hint=hint)
    try:
        document = json.loads(found.decode("utf-8-sig"), parse_constant=_refused)
        report_of(document)
    except NotAReport as wrong:
        raise WrongUsage(wrong.reason, where=file, hint=_MAKE) from None
    except (ValueError, RecursionError):
        raise WrongUsage("is not a whole JSON document", where=file, hint=_MAKE) from None
    return Document(document)


def _refused(_: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError


def _only(values: Iterable[object]) -> object:
    """The value that all have; None if there are several."""
    first, *rest = values
    return first if all(one == first for one in rest) else None


def _check_targets(reports: Mapping[str, Report]) -> None:
    """Raise WrongUsage for a target that is there twice."""
    names: dict[str, str] = {}
    for file, report in reports.items():
        for target in report.targets:
            if target.title in names:
                before = names[target.title]
                where = "twice" if before == file else f"that {before} has too"
                hint = "name one report of each target"
                raise WrongUsage(f"has the target {target.title} {where}", where=file, hint=hint)
            names[target.title] = file


def _selection(reports: Mapping[str, Report]) -> dict[str, Any] | None:
    """The choice of all targets together, and the shards that are missing."""
    found = {file: one.selection for file, one in reports.items() if one.selection is not None}
    if not found:
        return None
    shards, number, words = dict[int, str](), 0, dict[str, str]()
    for file, one in found.items():
        by = one.by.removesuffix(f"shard {one.shard}/{one.shards}").removesuffix(", ")
        words[by] = file
        if not one.shards:
            continue
        if one.shards > _MOST_SHARDS or one.shard > one.shards:
            raise WrongUsage(f"has no shard {one.shard}/{one.shards}", where=file, hint=_MAKE)
        if number and one.shards != number:
            fact = f"is one of {one.shards} shards, others of {number}"
            raise WrongUsage(fact, where=file, hint=_ONE_RUN)
        number = one.shards
        covered = {one.shard} if one.shard else {*range(1, number + 1)} - {*one.missing}
        for shard in sorted(covered):
            if (before := shards.setdefault(shard, file)) != file:
                fact = f"is of shard {shard}/{number}, and so is {before}"
                raise WrongUsage(fact, where=file, hint="name one report of each shard")
    if number and len(words) > 1:
        file = [*words.values()][-1]
        raise WrongUsage("is of another choice of targets", where=file, hint=_ONE_RUN)
    selection: dict[str, Any] = {
        "chosen": sum(one.chosen for one in found.values()),
        "of": max(one.of for one in found.values()),
        "by": next(iter(words)) or None if len(words) == 1 else None,
        "shard": None,
    }
    if number:
        missing = [shard for shard in range(1, number + 1) if shard not in shards]
        selection |= {"shards": number, "missing": missing}
    return selection
