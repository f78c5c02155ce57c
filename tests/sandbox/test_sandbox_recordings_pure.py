"""The rules, executed in this process, against every recorded random update."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import body
from confsync.sandbox import patch_rules as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

WIRE = Path(__file__).parent.parent / "wire"


def recorded(name: str) -> Iterator[dict[str, object]]:
    for line in gzip.decompress((WIRE / name).read_bytes()).splitlines():
        read = body.read(line)
        assert isinstance(read, dict)
        yield read


def outcome(result: rules.Updated | rules.NotUpdated) -> dict[str, object]:
    if isinstance(result, rules.Updated):
        return {"updated": {"singleton": None}}
    refusal: dict[str, object] = {"type": result.type}
    if result.properties:
        refusal["properties"] = list(result.properties)
    if result.validation_errors:
        refusal["validationErrors"] = list(result.validation_errors)
    return {"notUpdated": {"singleton": refusal}}


def played(line: dict[str, object]) -> dict[str, object]:
    """Answer as the recorded server was asked: `start` over another variant, then the patch."""
    start = line["start"]
    assert isinstance(start, dict)
    other = "Redis" if start["@type"] == "Default" else "Default"
    started = rules.update(rules.defaults(other), start)
    assert isinstance(started, rules.Updated), f"the start of {line['n']} is refused"
    before = json.dumps(started.stored)
    result = rules.update(started.stored, line["patch"])
    assert json.dumps(started.stored) == before, f"{line['n']} changes what was handed in"
    after = result.stored if isinstance(result, rules.Updated) else started.stored
    return {
        "before": rules.get_view(started.stored),
        "result": outcome(result),
        "after": rules.get_view(after),
    }


def disagreement(line: dict[str, object], answers: dict[str, object]) -> str:
    """Name what differs, the order of members included; empty where nothing does."""
    differing = [
        f"{part}\n    recorded: {json.dumps(line[part])}\n    answered: {json.dumps(answer)}"
        for part, answer in answers.items()
        if json.dumps(line[part]) != json.dumps(answer)
    ]
    if not differing:
        return ""
    asked = f"start: {json.dumps(line['start'])}\n  patch: {json.dumps(line['patch'])}"
    return "\n  ".join([f"number {line['n']}, {line['family']}", asked, *differing])


@pytest.mark.parametrize(
    ("name", "count"), [("random-updates.jsonl.gz", 20_000), ("random-edges.jsonl.gz", 6_000)]
)
def test_every_recorded_update_is_answered_alike(name: str, count: int) -> None:
    found = [disagreement(line, played(line)) for line in recorded(name)]
    differing = list(filter(None, found))
    first = "\n".join(differing[:3])
    assert not differing, f"{len(differing)} of {len(found)} disagree, first:\n{first}"
    assert len(found) == count
