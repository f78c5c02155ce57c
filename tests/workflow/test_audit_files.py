"""`confsync audit`: what many audit files say together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from confsync.errors import WrongUsage
from confsync.report import AUDITS
from confsync.workflow import audit_files
from tests.reported import check_report

if TYPE_CHECKING:
    from confsync.report.audits import Audited

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text("utf-8")
EU = {"name": "eu-01", "url": "https://eu-01.example.com"}
US = {"name": "us-01", "url": "https://us-01.example.com"}
RUN = "https://github.com/mail/config/actions/runs/17"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def started(key: str, time: str, **more: object) -> dict[str, object]:
    fixed = {"event": "started", "id": key, "time": f"2026-11-25T{time}Z", "target": EU}
    usual = {"object": "InMemoryStore", "changes": [{"path": "url"}], "who": {"user": "ada"}}
    return {**fixed, **usual, **more}


def finished(key: str, time: str, result: str = "stored", **more: object) -> dict[str, object]:
    event = {"event": "finished", "id": key, "time": f"2026-11-25T{time}Z", "result": result}
    return {**event, **more}


def restarted(time: str, target: object = EU, result: str = "running") -> dict[str, object]:
    event = {"event": "restarted", "id": "r", "time": f"2026-11-25T{time}Z"}
    return {**event, "target": target, "result": result}


def write(name: str, *records: object) -> str:
    Path(name).write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return name


def check(*files: str) -> Audited:
    return audit_files.check(files, pytest.fail)


def pending(*files: str) -> Audited:
    return audit_files.pending(files, pytest.fail)


def objects(found: Audited) -> list[tuple[str, str]]:
    return [(one.last.name, one.last.object) for one in found.pending]


def document(report: str, found: Audited) -> Any:  # noqa: ANN401 - JSON
    shown = json.loads(AUDITS[report]["json"](found))
    check_report(f"audit-{report}", shown)
    return shown


def test_an_apply_that_never_ended_is_named_as_on_the_page() -> None:
    done = (started("1", "18:00:00"), finished("1", "18:00:01"))
    found = check(write("eu.jsonl", *done, started("2", "19:00:00")))
    assert f"```text\n{AUDITS['check']['text'](found)}```\n" in PAGE
    (one,) = document("check", found)["unfinished"]
    assert (one["file"], one["line"], one["id"], one["target"]) == ("eu.jsonl", 3, "2", EU)
    assert (one["object"], one["user"], one["run_url"]) == ("InMemoryStore", "ada", None)
    assert one["time"] == "2026-11-25T19:00:00Z"


def test_the_end_of_an_apply_can_be_in_any_of_the_files() -> None:
    old = write("old.jsonl", started("1", "18:00:00"), started("2", "18:00:00"))
    new = write("new.jsonl", finished("1", "18:00:01"))
    for files in ((old, new), (new, old)):
        assert [one.id for one in check(*files).unfinished] == ["2"]
    assert len(check(old).unfinished) == 2


def test_a_later_success_does_not_hide_it() -> None:
    later = (started("2", "19:00:00"), finished("2", "19:00:01", as_wanted=True))
    found = check(write("a.jsonl", started("1", "18:00:00"), *later))
    assert [one.id for one in found.unfinished] == ["1"]


def test_without_one_there_is_a_word() -> None:
    files = write("a.jsonl"), write("b.jsonl", started("1", "18:00:00"), finished("1", "18:00:01"))
    found = check(*files)
    assert AUDITS["check"]["text"](found) == "Every apply in 2 files has an end.\n"
    assert document("check", found)["summary"] == {"files": 2, "unfinished": 0}


def test_restarts_that_are_pending_are_shown_as_on_the_page() -> None:
    records = (
        *(started("1", "18:00:00", run_url=RUN), finished("1", "18:00:02")),
        *(started("2", "18:10:00", object="Http"), finished("2", "18:10:01")),
        *(started("4", "18:39:00", target=US, changes=[], who={}), finished("4", "18:40:00")),
        started("3", "18:20:00", object="DataStore"),
        finished("3", "18:30:00", "unknown", seen=None),
        *(started("5", "18:50:00", object="Cache"), finished("5", "18:50:01", "not-sent")),
        *(started("6", "18:51:00", object="Cache"), finished("6", "18:51:01", "rejected")),
        started("7", "18:52:00", object="Cache"),
        finished("7", "18:52:01", "unknown", seen="before"),
    )
    found = pending(write("a.jsonl", *records))
    assert f"```text\n{AUDITS['pending']['text'](found)}```\n" in PAGE
    shown = document("pending", found)
    assert shown["summary"] == {"files": 1, "targets": 2, "objects": 3}
    one, other = shown["targets"]
    assert ({"name": one["name"], "url": one["url"]}, other["name"]) == (EU, "us-01")
    assert [(of["object"], of["result"], of["required"]) for of in one["objects"]] == [
        ("InMemoryStore", "stored", "yes"),
        ("DataStore", "unknown", "yes"),
    ]
    assert one["objects"][0]["run_url"] == RUN
    (only,) = other["objects"]
    assert (only["required"], only["user"]) == ("if-secret-changed", None)


def test_a_restart_puts_all_into_effect_that_was_stored_before_it() -> None:
    stored = (started("1", "18:00:00"), finished("1", "18:00:01"))
    us = (started("2", "18:00:00", target=US), finished("2", "18:00:01"))
    files = write("a.jsonl", *stored, *us), write("b.jsonl", restarted("18:00:02"))
    for some in (files, files[::-1]):
        assert objects(pending(*some)) == [("us-01", "InMemoryStore")]
    again = write("c.jsonl", started("3", "18:00:02"), finished("3", "18:00:03"))
    assert objects(pending(*files, again))[1:] == [("eu-01", "InMemoryStore")]
    assert objects(pending(write("d.jsonl", *stored, restarted("18:00:01")))) == []


@pytest.mark.parametrize("result", ["unknown", "locked-out"])
def test_only_a_server_that_runs_has_restarted(result: str) -> None:
    stored = (started("1", "18:00:00"), finished("1", "18:00:01"))
    found = pending(write("a.jsonl", *stored, restarted("18:00:02", result=result)))
    assert objects(found) == [("eu-01", "InMemoryStore")]


def test_a_restart_counts_for_the_server_under_any_name() -> None:
    stored = (started("1", "18:00:00"), finished("1", "18:00:01"))
    renamed = {"name": EU["url"], "url": EU["url"]}
    assert objects(pending(write("a.jsonl", *stored, restarted("18:00:02", renamed)))) == []


def test_a_secret_that_is_sent_again_does_not_hide_a_change() -> None:
    records = (
        *(started("1", "18:00:00"), finished("1", "18:00:01")),
        *(started("2", "19:00:00", changes=[]), finished("2", "19:00:01", "unknown")),
    )
    (one,) = pending(write("a.jsonl", *records)).pending
    assert (one.certain, one.known, one.last.id) == (True, True, "2")
    assert one.last.time == "2026-11-25T19:00:01Z"


def test_nothing_pending_has_a_word() -> None:
    found = pending(write("a.jsonl", restarted("18:00:00")))
    assert AUDITS["pending"]["text"](found) == "No restart is pending in 1 file.\n"
    assert document("pending", found)["targets"] == []


def test_an_update_whose_beginning_is_in_no_file_is_told() -> None:
    told: list[str] = []
    found = audit_files.pending([write("a.jsonl", finished("1", "18:00:01"))], told.append)
    assert found.pending == ()
    assert told == ["warning: a.jsonl:1: the beginning of this apply is in none of the files"]


def test_lines_that_were_cut_off_are_left_out_with_a_warning() -> None:
    Path("a.jsonl").write_text(f'{{"event":"sta\n[]\n{json.dumps(started("1", "18:00:00"))}\n')
    told: list[str] = []
    assert [one.line for one in audit_files.check(["a.jsonl"], told.append).unfinished] == [3]
    assert told == ["warning: a.jsonl:1: 2 lines cut off or edited, and left out"]


@pytest.mark.parametrize("report", [check, pending])
def test_another_file_is_no_audit(report: Any) -> None:  # noqa: ANN401 - either of them
    Path("a.yaml").write_text("InMemoryStore: {}\n")
    for name, fact in (
        ("a.yaml", "is not an audit file"),
        ("missing.jsonl", "no such file"),
        (".", "cannot be read"),
        ("-", "no such file"),
    ):
        with pytest.raises(WrongUsage, match=re.escape(fact)) as caught:
            report(name)
        assert caught.value.where == name


def test_odd_records_end_nothing_and_text_from_outside_is_escaped() -> None:
    odd = {"event": "started", "id": 1, "time": None, "target": [], "who": "ada", "changes": {}}
    texts = {"object": "\x1b[1m", "who": {"uid": "redis://u:Canary@h"}, "run_url": 1}
    file = write("a.jsonl", odd, started("2", "18:00:00", **texts), {"event": ["x"]}, restarted(""))
    told: list[str] = []
    found = audit_files.check([file], told.append)
    text = AUDITS["check"]["text"](found)
    assert len(found.unfinished) == 2
    assert "\\x1b[1m: uid redis://u:****@h began at" in text
    assert "Canary" not in text + json.dumps(document("check", found))
    assert len(told) == 1
    assert audit_files.pending([file], told.append).pending == ()
