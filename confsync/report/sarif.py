"""Problems as SARIF 2.1.0, for GitHub's code scanning and other viewers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from confsync import __version__
from confsync.report.printable import json_text
from confsync.report.problems import Located, located
from confsync.rules import rules as known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.errors import Problem
    from confsync.report.printable import Json

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def problems_sarif(_files: Sequence[str], problems: Sequence[Problem]) -> str:
    """A log of one run: the rules of the problems, and a result for each problem."""
    rules = sorted({problem.rule for problem in problems})
    titles = {rule: known()[rule].title for rule in rules if rule in known()}
    texts = {rule: titles.get(rule, rule.replace("-", " ")) for rule in rules}
    described: Json = [
        {
            "id": rule,
            "shortDescription": {"text": text},
            "fullDescription": {"text": text},
            "help": {"text": f"{text}. Each result says what to write instead."},
        }
        for rule, text in texts.items()
    ]
    run: Json = {
        "tool": {"driver": {"name": "confsync", "version": __version__, "rules": described}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, rules) for found in located(problems)],
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(found: Located, rules: Sequence[str]) -> Json:
    uri = quote(os.fsencode(found.path))
    artifact = {"uri": uri, "uriBaseId": "%SRCROOT%"}
    if found.path.startswith("/"):
        artifact = {"uri": f"file://{uri}"}
    region = {"startLine": found.line}
    if found.problem.column:
        region["startColumn"] = found.problem.column
    place: Json = {"artifactLocation": artifact, "region": region}
    return {
        "ruleId": found.problem.rule,
        "ruleIndex": rules.index(found.problem.rule),
        "level": found.problem.severity,
        # The standard has braces doubled, but viewers show a text without arguments as it stands.
        "message": {"text": found.text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"confsync/v1": found.fingerprint},
    }
