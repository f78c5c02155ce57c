"""Where results go: formats, files, narrow encodings, and readers that go away."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from confsync.cli.main import COMMANDS, confsync
from tests.cli.process import CONFSYNC, STORE, checked, ended, timeless

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk


PROJECT = Path(__file__).parents[2]


def test_help_names_every_command_and_every_status(offline: Desk) -> None:
    ran = offline.run("--help")
    assert (ran.status, ran.err) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in ran.out
    for status in (0, 1, 2, 3, 4, 5, 130):
        assert f"\n    {status:<3}  " in ran.out
    assert offline.run("-h") == ran
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_within_80_columns(offline: Desk, command: str) -> None:
    ran = offline.run(command, "--help", env={"STALWART_TOKEN": None})
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: confsync {command} ")
    assert max(map(len, ran.out.splitlines())) <= 80
    assert ("STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD" in words(ran.out)) == (
        "--url URL" in ran.out
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_has_examples_that_the_command_takes(offline: Desk, command: str) -> None:
    shown = offline.run(command, "--help").out.partition("\n  Examples:\n")[2]
    examples = [line.split() for line in shown.partition("\n\n")[0].splitlines()]
    assert examples
    for example in examples:
        assert example[:2] == ["confsync", command]
        arguments = example[2 : example.index(">")] if ">" in example else example[2:]
        found = confsync.get_command(click.Context(confsync), command)
        assert found is not None
        found.make_context(command, arguments)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_each_help_names_the_variables_of_its_options_and_pages_that_exist(command: str) -> None:
    context = click.Context(confsync)
    found = (confsync.get_command(context, command) if command else None) or confsync
    shown = words(found.get_help(click.Context(found)))
    for param in found.params:
        assert param.envvar is None or f"[env: {param.envvar}" in shown
    pages = set(re.findall(r"docs/[a-z-]+\.md", shown, re.IGNORECASE))
    assert "docs/README.md" in pages
    assert all((PROJECT / page).is_file() for page in pages)


def words(text: str) -> str:
    """Text without line breaks."""
    return " ".join(text.split())


def test_help_shows_no_value_of_the_environment(offline: Desk) -> None:
    values = {"CONFSYNC_URL": "https://admin:Canary@mail.invalid", "CONFSYNC_UNLISTED": "Canary"}
    assert "Canary" not in offline.run("plan", "--help", env=values).out


def test_the_version_is_that_of_the_package(offline: Desk) -> None:
    ran = offline.run("--version")
    assert (ran.status, ran.out, ran.err) == (0, "confsync 0.1.0\n", "")
    assert offline.run("-V") == ran


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (("plan", "--no-such-option"), "error: unknown option --no-such-option\n"),
        (("plan", "--no_such=option"), "error: unknown option\n"),
        (("plan", f"--{'x' * 20}"), "error: unknown option\n"),
        (("plan", "--timout", "5"), "unknown option --timout\nhint: did you mean --timeout?\n"),
        (("no-such-command",), "error: unknown command `no-such-command`\n"),
        (("x" * 20,), "error: unknown command\n"),
        (("diff",), "error: unknown command `diff`\nhint: use `confsync plan`\n"),
        (("help",), "hint: use `confsync --help`, or `confsync COMMAND --help`\n"),
        (("version",), "hint: use `confsync --version`\n"),
        (("import",), "error: missing FILE\n"),
        (("login",), "hint: set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD\n"),
        (("lint",), "hint: use `confsync validate`\n"),
        (("aply",), "error: unknown command `aply`\nhint: did you mean apply?\n"),
        (
            ("apply", "--auto-approve"),
            "error: unknown option --auto-approve\nhint: use --yes\n",
        ),
        (("apply", "-auto-approve"), "unknown option -auto-approve\nhint: use --yes\n"),
        (("apply", "-y"), "error: unknown option -y\nhint: use --yes\n"),
        (("apply", "--dry-run"), "hint: use `confsync plan`: it changes nothing\n"),
        (("plan", "--json"), "hint: use --output json\n"),
        (("plan", "--format", "json"), "hint: use --output FORMAT\n"),
        (("plan", "-f", "a.yaml"), "-f\nhint: files are arguments, without an option\n"),
        (("plan", "-V"), "hint: use `confsync --version`\n"),
        (("plan", "-out=x.plan"), "error: unknown option -out\nhint: use --out FILE\n"),
        (("plan", "-target=x"), "error: unknown option -target\nhint: use --target NAME\n"),
        (("plan", "-o", "json"), "hint: use --output FORMAT, or --out FILE\n"),
        (("apply", "-psecret"), "error: unknown option -p\nhint: see `confsync apply --help`\n"),
        (
            ("--url", "https://a", "plan"),
            "--url must follow the command\nhint: write `confsync plan --url URL`\n",
        ),
        (("--yes",), "--yes must follow the command\nhint: write `confsync apply --yes`\n"),
        (("plan", "--unlisted", "maybe"), "--unlisted: invalid value\nhint: allowed: default,"),
        (("plan", "--url"), "error: --url needs a value\nhint: see `confsync plan --help`\n"),
        (("plan", "--all=yes"), "error: --all takes no value\nhint: see `confsync plan --help`"),
        (("plan", "--timeout", "5s"), "--timeout: not a whole number\nhint: seconds, 1 to 3600\n"),
        (("plan", "--timeout", "0"), "--timeout: out of range\nhint: seconds, 1 to 3600\n"),
        (("sandbox", "--port", "65536"), "--port: out of range\nhint: 0 to 65535\n"),
        (
            ("sandbox", "too-many"),
            "`confsync sandbox` takes no argument\nhint: see `confsync sandbox --help`\n",
        ),
        (("show", "a.plan", "b.plan"), "`confsync show` takes at most one argument\n"),
        (("plan", "--output", "yaml"), "--output: unknown format\nhint: allowed: text, json,"),
        (("plan", "--output", "json="), "--output: missing file after json="),
        (("plan", "--output", "json=a://b"), "--output: a URL instead of a file after json="),
        (("plan", "--output", "json", "--output", "text"), "--output: only one result can go to"),
        (("validate", "--output", "json", "--output", "json", "a.yaml"), "only one result"),
    ],
)
def test_wrong_usage_is_status_1_with_a_hint(
    offline: Desk, arguments: tuple[str, ...], fact: str
) -> None:
    ran = offline.run(*arguments)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert fact in ran.err
    assert "\nhint: " in ran.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CONFSYNC_TIMEOUT", "not a whole number\nhint: seconds, 1 to 3600"),
        ("CONFSYNC_RETRIES", "not a whole number\nhint: number, 0 to 100"),
        ("CONFSYNC_ALL", "invalid value\nhint: true or false"),
        ("CONFSYNC_QUIET", "invalid value\nhint: true or false"),
        ("CONFSYNC_UNLISTED", "invalid value\nhint: allowed: default, keep"),
        ("CONFSYNC_OUTPUT", "unknown format\nhint: allowed: text, json, jsonl, markdown, "),
    ],
)
def test_a_refused_value_of_a_variable_is_reported_by_the_variable(
    offline: Desk, name: str, message: str
) -> None:
    ran = offline.run("plan", "a.yaml", env={name: "Canary"})
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: {name}: {message}")


def test_no_command_shows_the_help_as_an_error(offline: Desk) -> None:
    for arguments in ((), ("-q",)):
        ran = offline.run(*arguments)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.startswith("Usage: confsync ")


def test_one_run_writes_several_formats(desk: Desk, server: Server) -> None:
    file = desk.file("a.yaml")
    alone = {
        output: timeless(desk.run("plan", file, "--output", output).out)
        for output in ("json", "text")
    }
    seen = len(server.requests)
    ran = desk.run("plan", file, "--output", "json=plan.json", "--output", "text")
    assert ran.out == alone["text"]
    assert timeless((desk.directory / "plan.json").read_text(encoding="utf-8")) == alone["json"]
    assert len(server.requests) == seen + 1


def test_the_plan_as_json_has_the_documented_form(desk: Desk, server: Server) -> None:
    ran = desk.run("plan", desk.file("a.yaml"), "--output", "json")
    plan = json.loads(ran.out)
    assert plan["format_version"] == "1"
    (target,) = plan["targets"]
    assert {"name", "url", "objects", "digest", "restart"} <= set(target)
    (found,) = target["objects"]
    assert found["object"] == "InMemoryStore"
    assert found["variant"] == {"before": "RedisCluster", "after": "RedisCluster"}
    assert found["changes"][0] == {
        "path": "urls",
        "action": "add",
        "before": None,
        "after": "rediss://cache-1.example.com:6379",
        "why": "file",
        "source": {"file": "a.yaml", "line": 4, "column": 7, "group": None},
    }
    assert found["changes"][1]["before"] == "redis://stalwart:****@old.example.com:6379"
    assert {"unknown", "to_send", "findings"} <= set(found)
    assert plan["summary"]["changes"] == 3
    assert target["url"] == server.url


def test_the_format_can_be_set_as_a_variable_and_overruled(desk: Desk) -> None:
    file = desk.file("a.yaml")
    wanted = desk.run("plan", file, "--output", "json")
    assert json.loads(wanted.out)["targets"]
    set_ = desk.run("plan", file, env={"CONFSYNC_OUTPUT": "json"})
    overruled = desk.run("plan", file, "--output", "json", env={"CONFSYNC_OUTPUT": "text"})
    assert timeless(set_.out) == timeless(overruled.out) == timeless(wanted.out)


def test_an_output_file_that_cannot_be_written_is_named(desk: Desk) -> None:
    ran = desk.run("plan", desk.file("a.yaml"), "--output", "json=missing/plan.json")
    assert ran.status == 1
    assert "missing/plan.json" in ran.err
    assert "\nhint: " in ran.err


@pytest.mark.parametrize("command", ["plan", "show", "validate", "apply"])
def test_nothing_crashes_where_the_terminal_speaks_only_ascii(desk: Desk, command: str) -> None:
    narrow = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    arguments = {"show": (), "apply": ("--yes", desk.file("a.yaml"))}
    files = arguments.get(command, (desk.file("größe.yaml", STORE.replace("cache-1", "grösse")),))
    ran = desk.run(command, *files, env=narrow, encoding="ascii")
    assert (ran.status, ran.err) == (0, "")


def test_errors_do_not_crash_where_the_terminal_speaks_only_ascii(desk: Desk) -> None:
    narrow = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    file = desk.file("größe.yaml", "InMemoryStore:\n  ünbekannt: 1\n")
    ran = desk.run("plan", file, env=narrow)
    assert ran.status == 1
    assert "hint: " in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("plan", "--help"),
        ("plan", "a.yaml"),
        ("plan", "a.yaml", "--output", "json"),
        ("show",),
        ("validate", "a.yaml"),
    ],
)
def test_a_reader_that_goes_away_is_no_fault(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.file("a.yaml")
    status, err = _nobody_reads(desk, *arguments)
    assert status in {0, 1, 141}
    assert err == b""


def test_a_reader_that_goes_away_before_an_apply_sends_leaves_the_state_alone(
    desk: Desk, server: Server
) -> None:
    before = server.stored
    desk.file("a.yaml")
    status, _ = _nobody_reads(desk, "apply", "--yes", "a.yaml")
    assert status != 0
    assert server.stored == before


def test_head_reads_one_line(desk: Desk) -> None:
    ran = desk.run(
        *("plan", desk.file("a.yaml")), command=("/bin/sh", "-c", '"$@" | head -1', "sh", *CONFSYNC)
    )
    assert ran.out == f"{desk.url}\n"
    assert ran.err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110 - asked once, at import
@pytest.mark.parametrize("command", ["plan", "show"])
def test_a_full_disk_is_an_error_in_our_words(desk: Desk, command: str) -> None:
    files = () if command == "show" else (desk.file("a.yaml"),)
    ran = desk.run(
        *(command, *files), command=("/bin/sh", "-c", 'exec "$@" >/dev/full', "sh", *CONFSYNC)
    )
    assert ran.status == 1
    assert ran.err.startswith("error: ")
    assert "hint: " in ran.err
    assert "OSError" not in ran.err


def test_a_closed_standard_output_is_no_fault(desk: Desk) -> None:
    ran = desk.run(
        *("plan", desk.file("a.yaml")), command=("/bin/sh", "-c", 'exec "$@" >&-', "sh", *CONFSYNC)
    )
    assert ran.out == ""


def test_a_closed_standard_error_is_no_fault(desk: Desk) -> None:
    ran = desk.run(
        *("plan", "missing.yaml"), command=("/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *CONFSYNC)
    )
    assert (ran.status, ran.out) == (1, "")


def test_the_console_script_is_the_module(offline: Desk) -> None:
    script = (sys.executable, "-c", "from confsync.__main__ import main; main()")
    assert offline.run("--help", command=script) == offline.run("--help")


def _nobody_reads(desk: Desk, *arguments: str) -> tuple[int, bytes]:
    """Run with a standard output whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = subprocess.Popen(
            [*CONFSYNC, *arguments],
            cwd=desk.directory,
            env=desk.variables(),
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
        )
    finally:
        os.close(writer)
    _, err = process.communicate(timeout=300)
    checked(process.returncode, b"", err)
    return process.returncode, err


def test_a_started_process_is_checked_as_any_other(offline: Desk) -> None:
    assert ended(offline.start("--version")) == offline.run("--version")


FULL = ("/bin/sh", "-c", 'ulimit -f 1; exec "$@"', "sh", sys.executable, "-B", "-m", "confsync")
"""On a disk that has room for a few hundred bytes; -B: Python would keep half of its own files."""


def test_an_output_file_is_written_whole_or_not_at_all(desk: Desk, server: Server) -> None:
    old = desk.directory / "out.json"
    old.write_text("old")
    ran = desk.run("plan", desk.file("a.yaml"), "--output", "json=out.json", command=FULL)
    assert ran.status == 1
    assert "cannot write the json output to out.json" in ran.err
    assert old.read_text() == "old"
    ran = desk.run("apply", "--yes", "a.yaml", "--output", "json=out.json", command=FULL)
    assert ran.status == 5
    assert "Stored and verified" in ran.err
    assert old.read_text() == "old"
    assert {path.name for path in desk.directory.iterdir()} == {"a.yaml", "out.json"}
    assert server.stored["poolMaxConnections"] == 32


def test_an_output_file_keeps_its_mode_and_a_link_stays_a_link(desk: Desk) -> None:
    kept = desk.directory / "kept.json"
    kept.write_text("old")
    kept.chmod(0o640)
    (desk.directory / "link.json").symlink_to("kept.json")
    assert desk.run("plan", desk.file("a.yaml"), "--output", "json=link.json").status == 0
    assert (desk.directory / "link.json").is_symlink()
    assert json.loads(kept.read_text())["summary"]["changes"] == 3
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


@pytest.mark.parametrize("stream", ["-", "/dev/stdout"])
def test_an_output_can_be_a_stream_that_is_open_already(desk: Desk, stream: str) -> None:
    file = desk.file("a.yaml")
    ran = desk.run("plan", file, "--output", f"json={stream}")
    assert json.loads(ran.out)["summary"]["changes"] == 3
    assert [*desk.directory.glob("-*")] == []


DUMPABLE = """\
import ctypes
from confsync.cli import main as program
program.run = lambda _: print("dumpable:", ctypes.CDLL(None).prctl(3)) or 0
from confsync.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_no_core_is_dumped_even_where_a_program_takes_it(offline: Desk) -> None:
    assert offline.run(command=(sys.executable, "-c", DUMPABLE)).out == "dumpable: 0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--out", "confsync.yaml"),
        ("plan", "--out", "./stores/../stores/base.yaml"),
        ("plan", "--output", "json=confsync.yaml"),
        ("validate", "--output", "sarif=stores/base.yaml"),
        ("apply", "--yes", "--output", "json=stores/base.yaml"),
        ("apply", "--yes", "--audit", "confsync.yaml"),
        ("apply", "--yes", "--audit", "a.txt", "--backup", "./a.txt"),
        ("apply", "--yes", "--audit", "a.txt", "--output", "json=a.txt"),
        ("validate", "--output", "json=a.txt", "--output", "sarif=a.txt"),
    ],
)
def test_no_output_overwrites_an_input_or_another_output(
    offline: Desk, arguments: tuple[str, ...]
) -> None:
    store = "InMemoryStore: {'@type': Default}\n"
    config = "targets: {one: {url: 'http://127.0.0.1:9', files: [stores/base.yaml]}}\n"
    offline.file("stores/base.yaml", store)
    offline.file("confsync.yaml", config)
    ran = offline.run(*arguments, env={"STALWART_TOKEN": "API_x"})
    assert ran.status == 1
    assert "would overwrite another file of this run" in ran.err
    assert (offline.directory / "stores/base.yaml").read_text() == store
    assert (offline.directory / "confsync.yaml").read_text() == config


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("CONFSYNC_HOST", "CONFSYNC_HOST has no effect; did you mean CONFSYNC_HOSTS?"),
        ("CONFSYNC_TIMOUT", "CONFSYNC_TIMOUT has no effect; did you mean CONFSYNC_TIMEOUT?"),
        ("CONFSYNC_ALLOW", "CONFSYNC_ALLOW has no effect: pass the option itself"),
        ("CONFSYNC_VERSION", ""),
    ],
)
def test_a_variable_that_has_no_effect_is_a_warning(offline: Desk, name: str, warning: str) -> None:
    file = offline.file("a.yaml", "InMemoryStore: {'@type': Default}\n")
    ran = offline.run("plan", file, "--url", "http://127.0.0.1:9", env={name: "x"})
    assert ran.err.startswith(f"warning: {warning}\n" if warning else "error: ")
