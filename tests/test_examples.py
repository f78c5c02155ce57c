"""The examples are valid, and their commands are those of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.workflow.validate import validate
from tests.pipelines import EXAMPLES, loaded, shell

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ONE_SERVER = EXAMPLES / "one-server"
FLEET = EXAMPLES / "fleet"


def test_every_file_of_the_examples_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = [str(path) for path in EXAMPLES.glob("**/stores/*.yaml") if FLEET not in path.parents]
    assert len(stores) > 1
    assert validate(stores) == ()
    monkeypatch.chdir(ONE_SERVER)
    assert shell("confsync validate", ONE_SERVER).stdout == "2 files checked, no errors.\n"


def test_the_fleet_has_forty_servers_and_says_nothing_twice() -> None:
    assert shell("confsync validate", FLEET).stdout == "9 files checked, no errors.\n"
    names = shell("confsync targets --output names", FLEET).stdout.split()
    assert len(names) == 40
    assert len({name.split("-")[0] for name in names}) == 3
    assert len({name.split("-")[1] for name in names}) == 3
    eu = shell(
        "confsync targets --quiet --group production,eu --output names", FLEET
    ).stdout.split()
    assert eu == [name for name in names if name.startswith("production-eu-")]
    lines = [
        line.strip()
        for file in FLEET.glob("**/*.yaml")
        if file.parent.name != "kubernetes"
        for line in file.read_text().splitlines()
        if line.strip() and not line.endswith(":") and "'@type'" not in line
    ]
    twice = {line for line in lines if lines.count(line) > 1}
    assert twice == {"in: [all]"}


def test_the_page_on_targets_shows_how_the_desired_state_begins() -> None:
    page = (EXAMPLES.parent / "docs/targets.md").read_text()
    shown = page.partition("begins with\n\n```text\n")[2].partition("```")[0]
    assert shown.count("\n") > 5
    assert shell("confsync render --target production-eu-03", FLEET).stdout.startswith(shown)


def test_the_hooks_of_the_example_are_those_that_init_writes_and_the_plan(
    tmp_path: Path,
) -> None:
    shell("confsync init", tmp_path)
    (written,) = loaded(tmp_path / ".pre-commit-config.yaml")["repos"]
    (example,) = loaded(ONE_SERVER / ".pre-commit-config.yaml")["repos"]
    assert example["hooks"][:-1] == written["hooks"]
    plan = example["hooks"][-1]
    assert (plan["entry"], plan["args"]) == ("confsync plan", ["--all"])
