"""`confsync apply` at a terminal: the question, and every way to answer it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.hostile import Held, hostile, passes_to
from tests.cli.process import ENV_SECRET, STORE
from tests.cli.terminal import CTRL_C, CTRL_D, QUESTION, terminal

if TYPE_CHECKING:
    from confsync.sandbox import Server
    from tests.cli.process import Desk

UNCHANGED = "nothing was changed on the server"
SGR = re.compile(r"\x1b\[[0-9;]*m")


def test_yes_applies_after_reading_again(desk: Desk, server: Server) -> None:
    with terminal(desk, "apply", desk.file("a.yaml")) as desktop:
        desktop.wait_for(QUESTION)
        assert len(server.requests) == 1
        desktop.press(b"yes\n")
        ran = desktop.ended()
    assert ran.status == 0
    assert len(server.requests) == 3
    assert server.stored["authSecret"] == {"@type": "Value", "secret": ENV_SECRET}
    assert "Stored and verified" in ran.out


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        *((one, "hint: to apply, type yes, in lower case\n") for one in (b"y\n", b"Yes\n")),
        *((one, "") for one in (b"no\n", b"yes!\n", b"\n", CTRL_D)),
    ],
)
def test_any_other_answer_sends_nothing(
    desk: Desk, server: Server, answer: bytes, hint: str
) -> None:
    before = server.stored
    with terminal(desk, "apply", desk.file("a.yaml")) as desktop:
        desktop.wait_for(QUESTION)
        desktop.press(answer)
        ran = desktop.ended()
    assert ran.status == 3
    assert ran.out.endswith(f"\ncancelled: nothing was sent\n{hint}")
    assert (len(server.requests), server.stored) == (1, before)


def test_what_was_typed_before_the_question_does_not_answer_it(desk: Desk, server: Server) -> None:
    before = server.stored
    held = Held(passes_to(server))
    with (
        hostile(held) as between,
        terminal(desk, "apply", desk.file("a.yaml"), "--url", between.url) as desktop,
    ):
        assert held.arrived.wait(20)
        desktop.press(b"yes\n")
        held.release.set()
        desktop.wait_for(QUESTION)
        desktop.press(b"no\n")
        ran = desktop.ended()
    assert ran.status == 3
    assert server.stored == before


def test_ctrl_c_at_the_question_sends_nothing(desk: Desk, server: Server) -> None:
    before = server.stored
    with terminal(desk, "apply", desk.file("a.yaml")) as desktop:
        desktop.wait_for(QUESTION)
        desktop.press(CTRL_C)
        ran = desktop.ended()
    assert ran.status == 130
    assert ran.out.endswith(f"\ninterrupted\n{UNCHANGED}\n")
    assert (len(server.requests), server.stored) == (1, before)


def test_what_changed_while_the_question_stood_is_not_overwritten(
    desk: Desk, server: Server
) -> None:
    with terminal(desk, "apply", desk.file("a.yaml")) as desktop:
        desktop.wait_for(QUESTION)
        theirs = server.stored = {**server.stored, "timeout": 7_000}
        desktop.press(b"yes\n")
        ran = desktop.ended()
    assert ran.status == 3
    assert "the server's state has changed since the plan was shown" in ran.out
    assert ran.out.endswith(f"{UNCHANGED}\n")
    assert (len(server.requests), server.stored) == (2, theirs)


def test_the_plan_stands_above_the_question(desk: Desk) -> None:
    file = desk.file("a.yaml")
    for output in ((), ("--output", "json"), ("--output", "json=a.json")):
        with terminal(desk, "apply", file, *output) as desktop:
            desktop.wait_for(QUESTION)
            shown = SGR.sub("", desktop.shown.decode())
            desktop.press(b"no\n")
            desktop.ended()
        assert re.search(r"~ poolMaxConnections +10 → 32", shown)
        assert shown.index("1 to remove; 1 secret to send.") < shown.index(QUESTION)


def test_nothing_to_do_asks_nothing(desk: Desk, server: Server) -> None:
    server.stored = {"@type": "Default"}
    file = desk.file("a.yaml", "InMemoryStore: {'@type': Default}\n")
    with terminal(desk, "apply", file) as desktop:
        ran = desktop.ended()
    assert ran.status == 0
    assert "Type yes" not in ran.out
    assert len(server.requests) == 1


def test_with_yes_nothing_is_asked_at_a_terminal(desk: Desk, server: Server) -> None:
    with terminal(desk, "apply", "--yes", desk.file("a.yaml")) as desktop:
        ran = desktop.ended()
    assert ran.status == 0
    assert "Type yes" not in ran.out
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("options", "env", "colours"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {}, False),
        ((), {"CONFSYNC_COLOR": "never"}, False),
        (("--color", "always"), {"CONFSYNC_COLOR": "never"}, True),
        ((), {"TERM": "dumb"}, False),
        ((), {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_at_a_terminal(
    desk: Desk, options: tuple[str, ...], env: dict[str, str], *, colours: bool
) -> None:
    with terminal(desk, "plan", desk.file("a.yaml"), *options, env=env) as desktop:
        ran = desktop.ended(colours=True)
    assert ran.status == 0
    assert bool(SGR.search(ran.out)) == colours


def test_colour_changes_no_text_and_no_json_and_no_file(desk: Desk) -> None:
    file = desk.file("a.yaml", STORE)
    plain = desk.run("plan", file)
    coloured = desk.run("plan", file, "--color", "always")
    assert plain.out != coloured.out
    assert SGR.sub("", coloured.out) == plain.out
    json = desk.run("plan", file, "--color", "always", "--output", "json")
    assert "\x1b" not in json.out
    desk.run("plan", file, "--color", "always", "--output", "text=plan.txt")
    assert (desk.directory / "plan.txt").read_text(encoding="utf-8") == plain.out


def test_colour_in_a_pipe_is_forced_by_a_variable_too(desk: Desk) -> None:
    ran = desk.run("plan", desk.file("a.yaml"), env={"FORCE_COLOR": "1"})
    assert SGR.search(ran.out)
    assert not SGR.search(desk.run("plan", "a.yaml", env={"FORCE_COLOR": "0"}).out)


@pytest.mark.parametrize("columns", [20, 60, 72, 100, 160, 300])
def test_a_plan_fits_the_width_of_the_terminal(desk: Desk, columns: int) -> None:
    desk.file("stores/of-a-long-name/production.yaml", STORE)
    plan = ("plan", "stores/of-a-long-name/production.yaml")
    with terminal(desk, *plan, columns=columns) as desktop:
        shown = desktop.ended().out
    lines = shown.splitlines()
    assert max(map(len, lines)) <= min(max(columns, 60), 160)
    assert [line for line in lines if line.endswith("stores/of-a-long-name/production.yaml:8")]
    assert desk.run(*plan, env={"COLUMNS": str(columns)}).out == shown


def test_without_utf_8_there_are_plain_signs(desk: Desk) -> None:
    plan = ("plan", desk.file("a.yaml"))
    ran = desk.run(*plan, env={"PYTHONIOENCODING": "ascii"})
    assert "~ poolMaxConnections  10 -> 32" in ran.out
    assert "InMemoryStore - RedisCluster" in ran.out
    assert "\\u" not in ran.out


def test_a_secret_typed_at_the_question_is_no_answer(desk: Desk, server: Server) -> None:
    """The terminal echoes what is typed; the program must not repeat it."""
    with terminal(desk, "apply", desk.file("a.yaml")) as desktop:
        desktop.wait_for(QUESTION)
        desktop.press(b"swordfish\n")
        ran = desktop.ended()
    assert ran.status == 3
    assert ran.out.count("swordfish") == 1
    assert len(server.requests) == 1
