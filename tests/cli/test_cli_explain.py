"""`confsync explain` as a process, and the lines of files that a terminal shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from confsync.cli.main import run
from confsync.kinds import KINDS, RISKS
from confsync.rules import rules
from confsync.store.describe import names
from tests.cli.terminal import terminal

if TYPE_CHECKING:
    from tests.cli.process import Desk

BAD = "InMemoryStore:\n  '@type': Redis\n  timeout: 10\n"
LINE = "  3 |   timeout: 10\n    |            ^\n"


def explained(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["explain", name]) == 0
    ran = capsys.readouterr()
    assert ran.err == ""
    assert all(len(line) <= 80 or line.startswith("    ") for line in ran.out.splitlines())
    return ran.out


def test_a_rule_is_explained_with_wrong_and_right(offline: Desk) -> None:
    ran = offline.run("explain", "duration-without-unit")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("duration-without-unit: a duration without a unit\n\n")
    assert "\nwrong:\n    InMemoryStore:\n      '@type': Redis\n      timeout: 10\n" in ran.out
    assert "\nright:\n    InMemoryStore:\n      '@type': Redis\n      timeout: 10s\n" in ran.out


@pytest.mark.parametrize("rule", [*dict.fromkeys((*rules(), *RISKS))])
def test_every_rule_and_every_risk_is_explained(
    rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explained(rule, capsys).startswith(f"{rule}: ")


@pytest.mark.parametrize("name", [name for name in names(KINDS) if name not in rules()])
def test_every_object_variant_and_field_is_explained(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explained(name, capsys).startswith(f"{name}\n")


def test_a_field_says_all_that_its_shape_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained("maxRetryWait", capsys) == (
        "maxRetryWait\n"
        "  longest wait before a retry\n"
        "\n"
        "  type      duration, like 10s or 1m30s\n"
        "  limits    at least 1ms, at most 1024ms\n"
        "  default   null\n"
        "  null      allowed\n"
        "  in        RedisCluster\n"
    )


def test_a_field_that_differs_between_variants_is_explained_for_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    both = explained("urls", capsys)
    one = explained("InMemoryStore/RedisCluster/urls", capsys)
    assert both.count("urls\n") == 2
    assert one in both
    assert "26379" not in one


@pytest.mark.parametrize(
    "path", ["authSecret/secret", "Value/secret", "stores/1/authSecret/secret"]
)
def test_a_path_leads_to_the_field_at_its_end(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = explained(f"InMemoryStore/{path}", capsys)
    assert found == explained("InMemoryStore/secret", capsys)
    assert found in explained("secret", capsys)


def test_a_key_of_the_configuration_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained("ignore", capsys) == (
        "ignore\n"
        "  fields that keep the server's value\n"
        "\n"
        "  example   [InMemoryStore/poolMaxConnections]\n"
        "  required  no\n"
        "  in        a target in confsync.yaml\n"
    )
    assert "one of send, keep, changed, fail" in explained("hidden_secrets", capsys)


def test_the_lock_out_is_explained_before_it_happens(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(explained("lock-out", capsys).split())
    for words in ("HTTP 500", "loopback", "restart ONE node first", "recovery mode", "--backup"):
        assert words in text


def test_the_user_name_names_its_trap(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(explained("authUsername", capsys).split())
    assert "every remote client is locked out at the restart" in text
    assert "Write `authUsername: null`" in text
    assert "locked out" not in explained("sentinelUsername", capsys)


def test_without_a_name_everything_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = explained("", capsys)
    words = set(re.split(r"[\s,]+", text))
    assert words >= {*rules(), *KINDS, "ignore", "files", "lock-out"}
    assert len(text.splitlines()) < 160


def test_an_object_lists_its_fields_or_its_variants(capsys: pytest.CaptureFixture[str]) -> None:
    fields = re.findall(r"^  (\w+) ", explained("Http", capsys), re.MULTILINE)
    assert {*fields} >= {"enableHsts", "rateLimitAnonymous", "useXForwarded"}
    variants = re.findall(r"^  (\w+)", explained("BlobStore", capsys), re.MULTILINE)
    assert {*variants} >= {"Default", "Sharded", "S3"}


def test_an_object_that_is_not_managed_is_told_as_such(offline: Desk) -> None:
    for name in ("Domain", "VacationResponse"):
        ran = offline.run("explain", name)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.startswith(f"error: confsync does not manage {name}: it ")


def test_an_unknown_name_is_not_repeated_and_the_nearest_is_named(offline: Desk) -> None:
    ran = offline.run("explain", "poolMaxConection")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "error: unknown rule, topic, object, variant, field or key\n"
        "hint: did you mean poolMaxConnections?\n"
    )


def test_a_short_word_is_not_answered_with_an_unlike_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("nosuch", "guard"):
        assert run(["explain", name]) == 1
        assert "did you mean" not in capsys.readouterr().err


def test_keys_of_the_configuration_and_the_object_of_the_pages_come_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "in confsync.yaml" in explained("files", capsys).partition("\n\nfiles\n")[0]
    sentinel = explained("RedisSentinel", capsys).partition("\n\nRedisSentinel\n")[0]
    assert "InMemoryStore" in sentinel


@pytest.mark.parametrize("name", ["Canary-far-off", "RedisCluster/secret/urls", "/", "7", "-"])
def test_what_is_no_name_is_not_repeated(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", name]) == 1
    ran = capsys.readouterr()
    assert ran.out == ""
    assert ran.err.startswith("error: unknown rule, topic, object, variant, field or key\nhint: ")
    assert name == "-" or name not in ran.err


# The lines of files


def test_at_a_terminal_the_line_is_shown_with_a_caret(offline: Desk) -> None:
    with terminal(offline, "validate", offline.file("a.yaml", BAD)) as desktop:
        ran = desktop.ended()
    assert ran.status == 1
    assert ran.out == (
        "a.yaml:3:12: error: timeout is a number without a unit [duration-without-unit]\n"
        f"{LINE}"
        "  hint: did you mean 10s or 10ms?\n"
        "\n1 file checked, 1 error.\n"
    )


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ((), 0),
        (("--color", "never"), 0),
        (("--color", "always"), 1),
        (("--color", "always", "--output", "json"), 0),
        (("--color", "always", "--output", "text=a.txt"), 0),
    ],
)
def test_in_a_pipe_there_are_lines_only_where_they_are_asked_for(
    offline: Desk,
    options: tuple[str, ...],
    lines: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(offline.directory)
    assert run(["validate", offline.file("a.yaml", BAD), *options]) == 1
    assert capsys.readouterr().out.count(" | ") == 2 * lines
    written = offline.directory / "a.txt"
    assert not written.exists() or " | " not in written.read_text(encoding="utf-8")


def test_without_colour_the_line_is_shown_all_the_same(offline: Desk) -> None:
    with terminal(offline, "validate", "--color", "never", offline.file("a.yaml", BAD)) as desktop:
        ran = desktop.ended()
    assert LINE in ran.out


def test_a_plan_of_a_file_with_a_mistake_shows_its_line_too(offline: Desk) -> None:
    file = offline.file("a.yaml", BAD)
    with terminal(offline, "plan", file, "--url", "http://127.0.0.1:1") as desktop:
        ran = desktop.ended()
    assert ran.status == 1
    assert LINE in ran.out


def test_an_apply_shows_the_line_of_a_secret_that_cannot_be_had(desk: Desk) -> None:
    nothing = {"REDIS_PASSWORD": None}
    with terminal(desk, "apply", "--yes", desk.file("a.yaml"), env=nothing) as desktop:
        ran = desktop.ended()
    assert ran.status == 1
    assert "error: env REDIS_PASSWORD is not set [secret-unavailable]\n" in ran.out
    assert "  7 |     secret: {env: ****\n    |     ^\n  hint: " in ran.out


def test_a_secret_in_the_line_is_masked(offline: Desk) -> None:
    text = f"{BAD}  url: redis://u:Canary-in-a-line@h # Canary-in-a-comment\n"
    with terminal(offline, "validate", offline.file("a.yaml", text)) as desktop:
        ran = desktop.ended()
    assert "  4 |   url: redis://****\n    |        ^\n" in ran.out
