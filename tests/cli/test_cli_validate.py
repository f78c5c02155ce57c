"""`confsync validate` as a process."""

from __future__ import annotations

import json
import os

import pytest

from tests.cli.process import CONFSYNC, STORE, Desk

BAD = "InMemoryStore:\n  '@type': Redis\n  timeout: 10\n"
GOOD = "InMemoryStore:\n  '@type': Redis\n  url: rediss://cache.example.com\n"
LAYER = "InMemoryStore: {timeout: 5s}\n"
NO_SERVER = {"STALWART_TOKEN": None, "REDIS_PASSWORD": None}


def test_a_good_file_passes_without_a_server_and_without_its_secrets(offline: Desk) -> None:
    ran = offline.run("validate", offline.file("stores/good.yaml"), env=NO_SERVER)
    assert (ran.status, ran.out, ran.err) == (0, "1 file checked, no errors.\n", "")


def test_a_bad_file_fails_with_its_place_and_a_hint(offline: Desk) -> None:
    ran = offline.run("validate", offline.file("stores/bad.yaml", BAD))
    assert ran.status == 1
    assert ran.out == (
        "stores/bad.yaml:3:12: error: timeout is a number without a unit [duration-without-unit]\n"
        "  hint: did you mean 10s or 10ms?\n"
        "1 file checked, 1 error.\n"
    )
    assert ran.err == ""


def test_every_file_is_checked_in_the_order_given(offline: Desk) -> None:
    names = [
        offline.file("b.yaml", BAD),
        offline.file("good.yaml"),
        offline.file("a.yaml", "- 1\n"),
        "missing.yaml",
    ]
    ran = offline.run("validate", *names)
    assert ran.status == 1
    places = [line.split(": error")[0] for line in ran.out.splitlines() if ": error" in line]
    assert places == ["b.yaml:3:12", "a.yaml:1:1", "missing.yaml"]
    assert ran.out.endswith("3 files checked, 2 errors; 1 file could not be read.\n")


def test_files_that_only_together_are_a_state_are_told_apart(offline: Desk) -> None:
    layer = "InMemoryStore:\n  '@type': RedisCluster\n  timeout: 5s\n"
    ran = offline.run("validate", offline.file("base.yaml"), offline.file("layer.yaml", layer))
    assert (ran.status, ran.out) == (0, "2 files checked, no errors.\n")


def test_json_says_the_same_for_programs(offline: Desk) -> None:
    ran = offline.run("validate", offline.file("bad.yaml", BAD), "--output", "json")
    assert ran.status == 1
    assert json.loads(ran.out) == {
        "format_version": "1",
        "problems": [
            {
                "file": "bad.yaml",
                "line": 3,
                "column": 12,
                "rule": "duration-without-unit",
                "message": "timeout is a number without a unit",
                "hint": "did you mean 10s or 10ms?",
                "severity": "error",
            }
        ],
        "summary": {"files": 1, "errors": 1},
    }


def test_no_file_is_wrong_usage(offline: Desk) -> None:
    ran = offline.run("validate")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        f"error: no confsync.yaml found in {offline.directory}, and no file given\n"
        "hint: run `confsync init`, or pass the store file, like stores/in-memory.yaml\n"
    )


def test_a_confsync_yml_is_not_passed_over(offline: Desk) -> None:
    offline.file(".git/HEAD", "")
    offline.file("confsync.yml", "targets: {}\n")
    offline.file("stores/a.yaml")
    for arguments in ((), ("a.yaml",)):
        ran = Desk(offline.directory / "stores").run("validate", *arguments)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err == (
            "error: found ../confsync.yml, but confsync reads confsync.yaml\n"
            "hint: rename it to confsync.yaml\n"
        )
    offline.file("confsync.yaml", "targets: {a: {url: https://a, files: [stores/a.yaml]}}\n")
    assert offline.run("validate").status == 0


def test_a_file_in_clear_fails_and_its_secret_is_not_repeated(offline: Desk) -> None:
    clear = STORE.replace("{env: REDIS_PASSWORD}", "Canary-in-clear")
    url = STORE.replace("rediss://cache-1", "rediss://stalwart:Canary-in-clear@cache-1")
    ran = offline.run("validate", offline.file("a.yaml", clear), offline.file("b.yaml", url))
    assert ran.status == 1
    assert ran.out.count("[plaintext-secret]") == 2


@pytest.mark.parametrize(
    "name", ["wide-größe-✓.yaml", "with space.yaml", "-x.yaml", "new\nline.yaml"]
)
def test_a_file_may_have_any_name(offline: Desk, name: str) -> None:
    ran = offline.run("validate", "--", offline.file(name, BAD))
    assert ran.status == 1
    assert ":3:12: error" in ran.out
    assert len(ran.out.splitlines()) == 3


FORMATS = ("text", "json", "github", "sarif", "junit", "codequality")


def reports(desk: Desk, status: int, *files: str) -> dict[str, str]:
    """What one run writes of some files, in every format."""
    outputs = [word for name in FORMATS for word in ("--output", f"{name}=report.{name}")]
    ran = desk.run("validate", *outputs, "--", *files)
    assert (ran.status, ran.out, ran.err) == (status, "", "")
    return {
        name: (desk.directory / f"report.{name}").read_text(encoding="utf-8") for name in FORMATS
    }


def test_one_run_writes_every_format_and_none_says_anything_else(offline: Desk) -> None:
    good, bad = offline.file("good.yaml"), offline.file("bad.yaml", BAD)
    written = reports(offline, 1, good, bad)
    assert written["github"] == (
        "::error file=bad.yaml,line=3,col=12,title=confsync (duration-without-unit)::"
        "timeout is a number without a unit%0Ahint: did you mean 10s or 10ms?\n"
    )
    for name, text in written.items():
        assert "did you mean 10s or 10ms?" in text
        ran = offline.run("validate", good, bad, "--output", name)
        assert (ran.status, ran.out, ran.err) == (1, text, "")


def test_where_nothing_is_wrong_github_gets_nothing_and_others_an_empty_report(
    offline: Desk,
) -> None:
    written = reports(offline, 0, offline.file("good.yaml"))
    assert [name for name, text in written.items() if not text] == ["github"]
    assert json.loads(written["codequality"]) == []
    assert json.loads(written["sarif"])["runs"][0]["results"] == []
    assert 'tests="1" failures="0"' in written["junit"]


def test_every_report_can_be_written_of_a_file_whose_name_is_no_text(offline: Desk) -> None:
    odd = "nöt-\udcff-\x1b\n.yaml"
    (offline.directory / odd).write_text(BAD, encoding="utf-8")
    for text in reports(offline, 1, odd).values():
        assert "\x1b" not in text
        assert "timeout is a number without a unit" in text


@pytest.mark.parametrize(
    ("store", "fact"),
    [
        ("'@type': Redis\n  url: cache.example.com:6379", "3:3: error: url has no scheme"),
        (
            "'@type': Redis\n  url: redis://cache.example.com:99999/x",
            "3:3: error: url has an invalid port",
        ),
        ("'@type': Redis\n  url: http://cache.example.com:6379", "3:3: error: url has an unknown"),
        ("'@type': RedisCluster\n  urls: ['unix:///run/redis']", "3:10: error: urls/0 is a unix"),
        ("'@type': RedisCluster\n  urls: [redis://a/3]", "3:10: error: urls/0 has a database"),
        (
            "'@type': RedisCluster\n  urls: [rediss://a, redis://b]",
            "3:22: error: urls/1 has no TLS",
        ),
        ("'@type': RedisCluster\n  urls: []", "3:3: error: urls is empty"),
    ],
)
def test_a_url_that_no_server_can_start_with_fails_until_it_is_allowed(
    offline: Desk, store: str, fact: str
) -> None:
    file = offline.file("a.yaml", f"InMemoryStore:\n  {store}\n")
    ran = offline.run("validate", file)
    assert ran.status == 1
    assert f"a.yaml:{fact}" in ran.out
    assert "[will-not-start]" in ran.out
    allowed = offline.run("validate", file, "--allow", "will-not-start")
    assert allowed.status == 0
    assert ": warning: url" in allowed.out


FOREIGN = "jobs:\n  build: {}\n"


def test_a_directory_is_its_files_that_hold_an_object_and_no_others(offline: Desk) -> None:
    offline.file("stores/b.yaml", BAD)
    offline.file("stores/deep/er/a.yml")
    offline.file("stores/misspelt.yaml", STORE.replace("InMemoryStore", "InMemmoryStore"))
    for other in ("ci.yaml", "README.md", ".hidden.yaml", ".git/a.yaml", "a.yaml.orig"):
        offline.file(f"stores/{other}", FOREIGN if other == "ci.yaml" else BAD)
    ran = offline.run("validate", "stores", "stores/b.yaml")
    assert ran.status == 1
    places = [line.split(": error")[0] for line in ran.out.splitlines() if ": error" in line]
    assert [place.split(":")[0] for place in places] == ["stores/b.yaml", "stores/misspelt.yaml"]
    assert ran.out.endswith("3 files checked, 2 errors.\n")
    ran = offline.run("fmt", "stores")
    assert "stores/ci.yaml" not in ran.out + ran.err
    assert "stores/deep/er/a.yml" not in ran.err


def test_a_directory_without_a_store_is_an_error(offline: Desk) -> None:
    offline.file("stores/ci.yaml", FOREIGN)
    for command in ("validate", "plan", "fmt"):
        ran = offline.run(command, "stores", env={"STALWART_URL": "http://127.0.0.1:9"})
        assert ran.status == 1
        assert ran.err.startswith("error: stores: no store file in this directory\nhint: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every directory")
def test_a_directory_that_may_not_be_read_is_not_passed_over(offline: Desk) -> None:
    offline.file("stores/a.yaml")
    offline.file("stores/closed/b.yaml", BAD)
    (offline.directory / "stores/closed").chmod(0)
    try:
        ran = offline.run("validate", "stores")
    finally:
        (offline.directory / "stores/closed").chmod(0o700)
    assert ran.status == 1
    assert "stores/closed: error: may not be read" in ran.out


def test_a_file_that_is_named_twice_is_checked_once(offline: Desk) -> None:
    offline.file("a.yaml")
    ran = offline.run("validate", "a.yaml", "./a.yaml", "a.yaml")
    assert (ran.status, ran.out) == (0, "1 file checked, no errors.\n")


def test_standard_input_is_a_file_with_the_limits_of_one(offline: Desk) -> None:
    for content, told in (
        (STORE.encode(), "1 file checked, no errors.\n"),
        (BAD.encode(), "-:3:12: error: timeout is a number without a unit"),
        (b"", "-: error: the file is empty"),
        (STORE.encode() + b"#" * 65536, "-: error: is larger than 64 KiB"),
        (b"\xff\xfeI\x00", "-: error: the file is UTF-16"),
    ):
        ran = offline.run("validate", "-", given=content)
        assert told in ran.out
        assert ran.status == (0 if "no errors" in told else 1)
    clear = STORE.replace("{env: REDIS_PASSWORD}", "Canary-in-clear").encode()
    ran = offline.run("validate", "-", "--only", "plaintext-secret", given=clear)
    assert "-:7:13: error: " in ran.out


def test_a_closed_standard_input_is_an_error_and_a_file_can_be_called_so(offline: Desk) -> None:
    closed = ("/bin/sh", "-c", 'exec "$@" <&-', "sh", *CONFSYNC)
    ran = offline.run("validate", "-", command=closed)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: cannot read standard input\nhint: ")
    offline.file("-", BAD)
    assert "-:3:12: error" in offline.run("validate", "./-", command=closed).out


def test_a_file_counts_for_the_targets_of_the_nearest_configuration(offline: Desk) -> None:
    """Its layers too; the one of the working directory does not count for it."""
    for folder in ("", "mail/"):
        config = (
            "targets: {a: {url: 'https://a.example.com', files: [stores/base.yaml, stores/b.yaml]}}"
        )
        for name, text in (("confsync", config), ("stores/base", GOOD), ("stores/b", LAYER)):
            offline.file(f"{folder}{name}.yaml", text)
    for words in ((), ("--skip-others",), ("--only", "plaintext-secret")):
        ran = offline.run("validate", *words, "mail/stores/b.yaml", "stores/b.yaml")
        assert ran.status == 0, ran.out
    offline.file("mail/stores/base.yaml", f"{GOOD}  nope: 1\n")
    ran = offline.run("validate", "mail/stores/b.yaml", "stores/b.yaml")
    assert ran.status == 1
    assert "mail/stores/base.yaml:4:3: error: Redis has no field `nope`" in ran.out
    assert offline.run("validate", "stores/b.yaml").status == 0
