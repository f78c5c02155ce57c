"""JSON reports in tests: the run that they are about, and their schemas, read strictly."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from jsonschema import Draft7Validator

from confsync.report import REPORTS
from confsync.report.document import Document
from confsync.report.json import outcomes_document, plans_document
from confsync.report.run import Run
from confsync.report.schemas import report_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.sync.outcome import Ended
    from confsync.sync.values import Failed, Plan

Schema: TypeAlias = dict[str, Any]

RUN = Run("1.2.3", "2026-11-27T23:36:30Z")


def rendered(format_: str, document: dict[str, Any]) -> str:
    """The report of a JSON document."""
    return REPORTS[format_](Document(document))


def plans_json(found: Sequence[Plan | Failed]) -> str:
    """The JSON report of plans."""
    return REPORTS["json"](plans_document(found, RUN))


def outcomes_json(ended: Sequence[Ended]) -> str:
    """The JSON report of an apply."""
    return REPORTS["json"](outcomes_document(ended, RUN))


def check_report(name: str, document: object) -> None:
    """Every member of a report is in its schema, and what it says there."""
    for error in strict(name).iter_errors(document):
        raise error


@cache
def strict(name: str) -> Draft7Validator:
    """The schema of a report, in which no member can be added."""
    schema = report_schema(name)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(_strict(schema, schema["definitions"]))


def _strict(schema: Any, definitions: Schema) -> Any:  # noqa: ANN401 - JSON
    if isinstance(schema, list):
        return [_strict(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    whole = _with_bases(schema, definitions)
    if "properties" in whole:
        whole.setdefault("additionalProperties", False)
    for key, value in whole.items():
        if key in {"properties", "definitions"}:
            whole[key] = {name: _strict(one, definitions) for name, one in value.items()}
        else:
            whole[key] = _strict(value, definitions)
    return whole


def _with_bases(schema: Schema, definitions: Schema) -> Schema:
    """A schema with the members of those that it extends."""
    own = {key: value for key, value in schema.items() if key != "allOf"}
    for base in schema.get("allOf", ()):
        known = _with_bases(definitions[base["$ref"].rpartition("/")[2]], definitions)
        required = [*known.get("required", ()), *own.get("required", ())]
        properties = {**known["properties"], **own["properties"]}
        own = {**known, **own, "required": required, "properties": properties}
    return own
