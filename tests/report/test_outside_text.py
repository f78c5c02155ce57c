"""Text from outside is never a command to a CI runner, never invisible and never endless."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from confsync.cli.console import Console
from confsync.cli.output import COMMANDING
from confsync.cli.standard_error import error_lines
from confsync.disk.write import append_audit
from confsync.errors import ConfsyncError, InvalidFiles, NotWritten, Problem, WrongUsage
from confsync.jmap.decode import from_wire
from confsync.kinds import KINDS
from confsync.masking.document import Side, masked_diff
from confsync.report import OUTCOMES, PLANS, PROBLEMS, STATES
from confsync.report.file_results import (
    Begun,
    Formatted,
    Pulled,
    begun_text,
    diff_text,
    formatted_text,
    pulled_text,
)
from confsync.report.json import outcomes_document, plans_document, started_record
from confsync.report.printable import PLAIN, Look, printable
from confsync.report.problems import verdict_text
from confsync.report.run import Run, Selection
from confsync.sandbox import patch_rules as rules
from confsync.sandbox.objects import defaults
from confsync.sandbox.schema import builtin
from confsync.store.encode import to_store
from confsync.sync.outcome import (
    NotBegun,
    NotSent,
    Overtaken,
    Refusal,
    Rejected,
    Stored,
    Unknown,
)
from confsync.sync.plan import check_no_secret_in_clear
from confsync.sync.scrub import scrubbing, visible, without_commands
from confsync.sync.secret import Vault
from confsync.sync.tree import Items, Object
from confsync.sync.values import Failed, Live, Target
from confsync.workflow.load import load
from confsync.workflow.plan import planned
from confsync.workflow.server import as_document
from confsync.workflow.targets import Options
from confsync.yaml.emit import yaml_text
from tests.report.runner import commands, obeyed
from tests.reported import check_report, outcomes_json, plans_json
from tests.store.test_every_object import live_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from confsync.sync.values import Live, Plan

KIND = KINDS["InMemoryStore"]
COMMANDS = (
    "::set-output name=digest::evil",
    "  ::stop-commands::x",
    "##[add-mask]a",
    "###[set-output name=digest]evil",
    "##vso[task.setvariable variable=digest]evil",
    "##VSO[task.complete]",
    "##teamcity[buildStatus]",
    "a\n::stop-commands::x",
    "a\r::stop-commands::x",
    "a\u2028::stop-commands::x",
    "\u3164::stop-commands::x",
    "\u00a0::stop-commands::x",
    " ".join(f"{'x' * length} ::stop-commands::x" for length in range(1, 12)),
)
WIDTHS = range(20, 201)


def live(name: str) -> Live:
    state: Any = rules.defaults("RedisSentinel")
    fields: Any = {"serviceName": name, "authUsername": name, "urls": {f"redis://{name}": True}}
    wire: Any = rules.get_view({"@type": "RedisSentinel", **state, **fields})
    return from_wire(KIND, {**wire, "newer": 1}, Vault())


def plan_of(text: str, directory: Path) -> Plan:
    """A plan in which a text stands in every place where one from outside can."""
    file = directory / f"{text.replace('/', '')[:200]}.yaml"
    wanted = {"@type": "RedisSentinel", "serviceName": f"{text} too", "urls": [f"redis://{text}"]}
    secret = {"@type": "Value", "secret": {"env": "A"}}
    document: Any = {"InMemoryStore": {**wanted, "authUsername": f"{text} 2", "authSecret": secret}}
    file.write_text(yaml_text(document), encoding="utf-8")
    found = load([str(file.relative_to(directory))], Vault())
    target = Target(text, f"https://{text}")
    return planned(target, found.desired[0], live(text), Options(), found.problems)


def reports(text: str, plan: Plan, look: Look = PLAIN) -> Iterator[tuple[str, str]]:
    """Everything that confsync writes with a text in it, each with its format."""
    error = ConfsyncError(text, where=text, hint=text)
    problem = Problem(text, 1, 1, "yaml", text, text)
    invalid = InvalidFiles((problem,))
    failed = Failed(plan.target, error)
    changes = plan.difference.changes
    refusal = Refusal("invalidPatch", text, (text,), (text,))
    stored = Stored(plan, plan.live, plan.difference, changes, changes, text)
    ended = (
        *(NotSent(plan), NotBegun(plan), Rejected(plan, refusal, changes)),
        *(Overtaken(plan, changes), stored, Unknown(plan, text, "other"), failed),
        Failed(plan.target, invalid),
    )
    selection = Selection(1, 2, text, (1, 8))
    run = Run("1.2.3", "2026-11-27T23:36:30Z", text, selection, {text: (text,)}, {text: 0.25})
    for found in ([plan], (plan, failed, plan)):
        yield "text", PLANS["text"](found, look=look)
        document = plans_document(found, run)
        yield from ((name, PLANS[name](document)) for name in PLANS if name != "text")
    for some in (ended, *([alone] for alone in ended)):
        yield "text", OUTCOMES["text"](some, look=look)
        document = outcomes_document(some, run)
        yield from ((name, OUTCOMES[name](document)) for name in OUTCOMES if name != "text")
    state = plan.target, as_document([live(text)])
    for name, states in STATES.items():
        yield name, states([state])
        yield name, states([state, failed])
    for name, problems in PROBLEMS.items():
        yield name, problems([text, "a.yaml"], [problem, problem], look=look)
    yield "text", verdict_text([text], [problem], replace(look, people=True))
    diff = masked_diff(Side(text, f"a: '{text}'\nb: 1\n", {}), Side(text, f"c: '{text}'\n", {}))
    filled: Any = {"new": False, "changed": (), "gone": (), "fill_in": (problem,)}
    changed = Pulled(text, **filled, comments=0, diff=diff)
    yield "text", diff_text([changed]) + pulled_text(changed)
    diff = masked_diff(Side(text, f"a:  '{text}'\n", {}), Side(text, "a: 'b'\n", {}))
    files = [Formatted(text, changed=True, diff=diff), Formatted(text, store=False)]
    yield "text", diff_text(files)
    yield "text", formatted_text(files, "formatted")
    yield "text", begun_text(Begun(text, text, text, frozenset({text}), "- repo: local\n"))
    for one_error in (error, invalid):
        yield "text", "\n".join(error_lines(one_error, Console(), text))


def kind_of(report: Mapping[str, Any]) -> str:
    """The command of a JSON report."""
    if "problems" in report:
        return "validate"
    if "summary" not in report:
        return "show"
    return "apply" if "outcomes" in report["summary"] else "plan"


def written(format_: str, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    Console().print(text, commands=format_ in COMMANDING)
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("text", COMMANDS)
def test_no_text_from_outside_is_a_command_in_any_report(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for format_, report in reports(text, plan_of(text, tmp_path)):
        out = written(format_, report, capsys)
        if format_ == "github":
            names = {found.name for found in commands(out)}
            assert names <= {"error", "warning", "notice"}
            starts = tuple(f"::{name} " for name in names)
            assert not [line for line in obeyed(out) if not line.startswith(starts)]
            assert "##[" not in out
            assert "##vso[" not in out
        else:
            assert obeyed(out) == [], format_
            if format_ == "json":
                assert json.loads(out) == json.loads(report)
                check_report(kind_of(json.loads(out)), json.loads(out))


def test_no_width_puts_a_command_at_the_start_of_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = COMMANDS[-1]
    plan = plan_of(text, tmp_path)
    broken = 0
    for width in WIDTHS:
        for format_, report in reports(text, plan, Look(width)):
            if format_ == "text":
                out = written(format_, report, capsys)
                assert obeyed(out) == [], width
                broken += "\\x3a:stop-commands" in out
    assert broken > len(WIDTHS)


@pytest.mark.parametrize("text", COMMANDS[2:7])
def test_json_and_yaml_have_the_true_value(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan_of(text, tmp_path)
    out = written("json", plans_json([plan]), capsys)
    changes = {one["path"]: one for one in json.loads(out)["targets"][0]["objects"][0]["changes"]}
    assert changes["serviceName"]["before"] == text
    assert json.loads(out)["targets"][0]["name"] == text
    shown = written("text", STATES["text"]([(plan.target, as_document([live(text)]))]), capsys)
    assert YAML(typ="safe").load(shown)["InMemoryStore"]["serviceName"] == text
    append_audit("audit.jsonl", started_record(plan))
    line = (tmp_path / "audit.jsonl").read_text()
    assert obeyed(line) == []
    assert json.loads(line)["target"]["name"] == text
    assert obeyed(shown) == []


def test_github_commands_keep_their_properties_and_data_apart() -> None:
    problem = Problem("a,b=c::d%.yaml", 3, 2, "yaml", "100%: ::x, ##[y]", "::z")
    (found,) = commands(PROBLEMS["github"]([], [problem]))
    assert found.properties["file"] == "a,b=c::d%.yaml"
    assert found.data == "100%: ::x, \\x23#[y]\nhint: ::z"


def test_only_what_a_runner_would_obey_is_broken() -> None:
    for text in ("a::b", "http://[::1]:80", "## title", "#[a]", "a: ::b", "# ##\n[a]", "\n: :a"):
        assert without_commands(text) == text
    assert without_commands("::a\n \t::b\n#") == "\\x3a:a\n \t\\x3a:b\n#"
    assert without_commands("a##[b ##Vso[c") == "a\\x23#[b \\x23#Vso[c"


def test_breaking_commands_takes_no_longer_for_blank_lines() -> None:
    assert without_commands("\n \t" * 100_000) == "\n \t" * 100_000


def test_a_secret_in_a_long_line_of_a_pull_is_masked_wherever_it_stands() -> None:
    secret = "Canary-in-a-long-line"
    for start in (0, 390, 399, 60_000):
        changed = Pulled(
            "a.yaml",
            new=False,
            changed=(),
            gone=(),
            comments=0,
            fill_in=(),
            diff=f"+{'x' * start}{secret}{'y' * 500}\n",
        )
        vault = Vault()
        vault.seal(secret)
        with scrubbing(vault.scrub):
            shown = diff_text([changed])
        assert f"+{'x' * start}****{'y' * 500}\n" in shown


# Invisible characters


DEFAULT_IGNORABLE = (
    *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180E, 0x180F),
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    0x3164,
    *range(0xFE00, 0xFE10),
    *(0xFEFF, 0xFFA0),
    *range(0xFFF0, 0xFFF9),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
    *range(0xE0000, 0xE1000),
)
BLANKS = tuple(
    code for code in range(0x11_0000) if unicodedata.category(chr(code)) == "Zs" and code != 0x20
)


@pytest.mark.parametrize("shows", [printable, visible, lambda text: yaml_text({"a": text})])
def test_no_invisible_character_is_shown(shows: Any) -> None:  # noqa: ANN401 - any of three
    for code in (*DEFAULT_IGNORABLE, 0x2800, *BLANKS, 0x1B, 0x85, 0xE000, 0xFDD0, 0x10FFFF):
        shown = shows(f"a{chr(code)}b")
        assert chr(code) not in shown
        assert "a\\" in shown


def test_a_mark_without_a_letter_is_shown_as_a_number() -> None:
    assert visible("\u0301a\u0301 \u0301\u20dd1\u20dd'\u0301") == (
        "\\u0301a\u0301 \\u0301\\u20dd1\u20dd'\\u0301"
    )
    for text in ("\u0301a", "'\u0301", '"\u0301', ' "\u0301', "a\\\u0301", "\n\u0301"):
        assert YAML(typ="safe").load(yaml_text({"a": text})) == {"a": text}


def test_a_change_by_an_invisible_character_can_be_seen(tmp_path: Path) -> None:
    store = tmp_path / "a.yaml"
    store.write_text("InMemoryStore: {'@type': RedisSentinel, serviceName: cache}\n")
    found = load(["a.yaml"], Vault())
    plan = planned(Target("", ""), found.desired[0], live("cache\ufe0f"), Options(), ())
    assert "cache\\ufe0f → cache " in PLANS["text"]([plan])


def test_a_key_of_a_map_is_escaped_and_its_password_is_masked(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("Http: {}\n")
    headers = {"x\n\nNo changes.\n\x1b[31m": "v", "https://u:Canary-1@h": "v"}
    stored = {**defaults(builtin().type("x:Http")), "responseHeaders": headers}
    state = live_of("Http", stored, Vault())
    plan = planned(Target("", ""), load(["a.yaml"], Vault()).desired[0], state, Options(), ())
    text = PLANS["text"]([plan])
    assert "\nNo changes" not in text
    assert "\x1b" not in text
    assert "responseHeaders/x\\x0a\\x0aNo changes.\\x0a\\x1b[31m" in text
    shown = STATES["text"]([(plan.target, as_document([state]))])
    assert "Canary" not in text + plans_json([plan]) + shown
    with pytest.raises(WrongUsage, match="plain-text secret"):
        check_no_secret_in_clear(state.tree)
    with pytest.raises(NotWritten) as caught:
        to_store(state, KINDS["Http"])
    assert "Http/responseHeaders" in caught.value.message
    assert "Canary" not in caught.value.message


def test_what_can_be_seen_stays_as_it_is() -> None:
    text = "größe ✓ 日本語 العربية हिन्दी é e\u0301 ❤ \U0001f600 ©®™ §"
    assert printable(text) == text


# Endless reports


def test_a_report_is_cut_with_a_word_about_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("InMemoryStore: {'@type': Default}\n")
    found = load(["a.yaml"], Vault())
    shard: Any = {"@type": "Redis", **rules.defaults("Redis")}
    shards = {str(slot): {**shard, "url": f"redis://{slot}"} for slot in range(1000)}
    wire: Any = rules.get_view({"@type": "Sharded", "stores": shards})
    state = from_wire(KIND, wire, Vault())
    # More than the door lets in: a report has a limit of its own.
    state = replace(state, tree=Object("Sharded", {"stores": Items(shards_of(state) * 10)}))
    wanted = load_shards(tmp_path)
    plan = planned(Target("", ""), wanted[0], state, Options(), ())
    text, document = PLANS["text"]([plan]), json.loads(plans_json([plan]))
    assert re.search(r"^  … and [0-9,]+ more$", text, re.MULTILINE)
    assert len(text.splitlines()) < 1100
    (only,) = document["targets"][0]["objects"]
    assert (len(only["changes"]), only["changes_left_out"]) == (1000, 8998)
    shown = STATES["json"]([(plan.target, as_document([state]))])
    listed = json.loads(shown)["state"]["InMemoryStore"]["stores"]
    assert (len(listed), listed[-1]) == (1001, "… and 9,000 more")
    back = planned(Target("", ""), found.desired[0], state, Options(), ())
    stored = OUTCOMES["text"]([Stored(back, state, back.difference)])
    assert "    - … and 9,000 more\n" in stored


def shards_of(state: Live) -> tuple[Object, ...]:
    stores = state.tree.members["stores"]
    assert isinstance(stores, Items)
    return stores.items


def load_shards(tmp_path: Path) -> Any:  # noqa: ANN401 - a desired state
    """Two shards."""
    shards = [{"@type": "Redis", "url": f"redis://{slot}"} for slot in range(2)]
    document: Mapping[str, Any] = {"InMemoryStore": {"@type": "Sharded", "stores": shards}}
    (tmp_path / "shards.yaml").write_text(yaml_text(document))
    return load(["shards.yaml"], Vault()).desired


def test_fields_that_nobody_knows_do_not_fill_a_report(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("InMemoryStore: {'@type': Default}\n")
    unknown: Any = {"@type": "Default", **{f"newer{number}": 1 for number in range(100_000)}}
    state = from_wire(KIND, unknown, Vault())
    plan = planned(Target("", ""), load(["a.yaml"], Vault()).desired[0], state, Options(), ())
    assert [finding.rule for finding in plan.findings] == ["unknown-on-server"] * 21
    assert "unknown field on the server: 99,980 other names" in plan.findings[-1].message
    assert len(PLANS["text"]([plan])) + len(plans_json([plan])) < 20_000


def test_a_long_text_is_cut_for_people_and_for_programs(tmp_path: Path) -> None:
    plan = plan_of("a", tmp_path)
    ended = Unknown(plan, "x" * 2_000_000)
    assert len(OUTCOMES["text"]([ended])) < 5000
    reason = json.loads(outcomes_json([ended]))["targets"][0]["outcome"]["reason"]
    assert reason == "x" * 65536 + "… and 1934464 more characters"
