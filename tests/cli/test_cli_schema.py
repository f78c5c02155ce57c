"""`confsync schema` as a process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft7Validator

from confsync.report import SCHEMAS
from confsync.report.schemas import report_schema
from confsync.workflow.documentation import schema
from tests.editor.core_yaml import load

if TYPE_CHECKING:
    from tests.cli.process import Desk

BARE = {"STALWART_TOKEN": None, "REDIS_PASSWORD": None}
FLEET = Path(__file__).parent.parent.parent / "examples/fleet"
POINTS = "[confsync.resolvers]\nkeychain = keychain_for_confsync:absent\n"


def test_it_prints_the_schema_without_a_server_a_file_or_a_secret(offline: Desk) -> None:
    ran = offline.run("schema", env=BARE)
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out) == json.loads(json.dumps(schema()))
    assert ran.out.endswith("}\n")


def test_it_prints_that_of_a_layer(offline: Desk) -> None:
    ran = offline.run("schema", "--layer", env=BARE)
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out) == json.loads(json.dumps(schema(layer=True)))


def test_it_prints_that_of_the_configuration(offline: Desk) -> None:
    ran = offline.run("schema", "--config", env=BARE)
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out) == json.loads(json.dumps(schema(config=True)))


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_prints_that_of_a_json_output(offline: Desk, name: str) -> None:
    ran = offline.run("schema", "--report", name, env=BARE)
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out) == report_schema(name)


def test_a_schema_is_of_a_store_file_or_of_a_json_output(offline: Desk) -> None:
    ran = offline.run("schema", "--config", "--report", "plan")
    assert ran.err.startswith("error: --config and --report cannot be combined\n")
    ran = offline.run("schema", "--update", "--report", "plan")
    assert ran.err.startswith("error: --update and --report cannot be combined\n")


def test_that_of_included_files_takes_targets_and_groups_alone(offline: Desk) -> None:
    ran = offline.run("schema", "--included", env=BARE)
    assert (ran.status, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert found == json.loads(json.dumps(schema(included=True)))
    validator = Draft7Validator(found)
    for file in FLEET.glob("targets/*.yaml"):
        assert validator.is_valid(load(file.read_bytes()))
    assert validator.is_valid({"groups": {"eu": {"files": ["eu.yaml"]}}})
    assert not validator.is_valid({"include": ["more.yaml"], "groups": {}})
    assert not validator.is_valid({"targets": {"one": {"url": 1, "in": ["eu"]}}})


def test_it_prints_one_schema_at_a_time(offline: Desk) -> None:
    ran = offline.run("schema", "--layer", "--config", env=BARE)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: --layer and --config cannot be combined")


def test_it_takes_no_file(offline: Desk) -> None:
    ran = offline.run("schema", "stores/in-memory.yaml")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(
        "error: `confsync schema` takes no argument\nhint: see `confsync schema --help`\n"
    )


def test_a_reference_of_a_broken_package_is_named(offline: Desk) -> None:
    """Rather than a schema in which it is missing."""
    offline.file("packages/keychain_for_confsync.py", "")
    offline.file("packages/keychain_for_confsync-1.dist-info/entry_points.txt", POINTS)
    offline.file("packages/keychain_for_confsync-1.dist-info/METADATA", "Name: keychain\n")
    ran = offline.run("schema", env={"PYTHONPATH": str(offline.directory / "packages")})
    assert (ran.status, ran.out) == (1, "")
    assert "`keychain` references" in ran.err
    assert "server" not in ran.err
