"""The published JSON Schemas of the JSON outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator, ValidationError

from confsync.report import SCHEMAS
from confsync.report.schemas import report_schema
from tests.reported import check_report

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PAGE = re.sub("```.*?```", "", (ROOT / "docs" / "json.md").read_text("utf-8"), flags=re.DOTALL)
CASES = sorted((ROOT / "tests" / "cases" / "plan").glob("*/plan.json"))


def document(case: int = 0) -> Any:  # noqa: ANN401 - JSON
    return json.loads(CASES[case].read_text("utf-8"))


def members(schema: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """The names of all members that a schema says."""
    if isinstance(schema, list):
        for part in schema:
            yield from members(part)
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        for key, part in schema.items():
            named = key in {"properties", "definitions"}
            yield from members([*part.values()] if named else part)


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_stands_alone_and_has_no_unused_definition(name: str) -> None:
    schema = report_schema(name)
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    used = {*re.findall('"#/definitions/([a-z_]+)"', json.dumps(schema))}
    assert used == schema["definitions"].keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_member_of_a_schema_is_on_the_page(name: str) -> None:
    told = {
        word for words in re.findall("`([^`]+)`", PAGE) for word in re.split(r"[.\[\]]+", words)
    }
    assert {*members(report_schema(name))} <= told


def test_a_later_version_can_add_members_and_the_tests_know_each() -> None:
    found = document()
    check_report("plan", found)
    for place in (found, found["targets"][0], found["targets"][0]["objects"][0], found["summary"]):
        place["newer"] = 1
        Draft7Validator(report_schema("plan")).validate(found)
        with pytest.raises(ValidationError, match="'newer'"):
            check_report("plan", found)
        del place["newer"]


def test_an_apply_has_all_of_a_plan_and_more() -> None:
    found = document()
    for one in found["targets"]:
        one |= {
            "reload": None,
            "reload_reason": None,
            "after": None,
            "after_reason": None,
            "outcome": {"result": "not-sent"},
        }
    names = ("stored", "not-sent", "rejected", "failed", "overtaken", "unknown", "not-begun")
    found["summary"] |= {"outcomes": dict.fromkeys(names, 0), "as_wanted": True}
    found["summary"] |= {"interrupted": False, "restart_required": "no"}
    check_report("apply", found)
    for place in (found["targets"][0], found["summary"]):
        for name in [*place]:
            kept = place.pop(name)
            assert not Draft7Validator(report_schema("apply")).is_valid(found) or name == "outcome"
            place[name] = kept
    with pytest.raises(ValidationError):
        check_report("plan", found)
