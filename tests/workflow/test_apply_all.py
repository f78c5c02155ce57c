"""Several targets are decided on together, and applied one after another until one fails."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import TYPE_CHECKING

import pytest

from confsync.errors import ConfsyncError, Declined, Refused
from confsync.report import OUTCOMES, PLANS
from confsync.sandbox import Server
from confsync.sync.outcome import NotBegun, NotSent, Rejected, Stored, Unknown
from confsync.sync.secret import Vault
from confsync.sync.values import Failed
from confsync.workflow.apply import How, apply_all
from confsync.workflow.audit import Audit
from confsync.workflow.session import Reach
from confsync.workflow.targets import Access, Asked, Wanted, aims
from tests.cli.hostile import hostile, http, passes_to, says, stores_and_says
from tests.cli.process import APPLY_KEY, KEYS, PLAN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from confsync.sync.outcome import Ended
    from confsync.sync.values import Plan

NO_ACCESS = Access(None, insecure_http=False, ca_file=None, client_cert=None, client_key=None,
                   proxy=None, timeout=5, retries=0)  # fmt: skip
NOBODY = "http://127.0.0.1:9"
WANTED = {"@type": "Redis", "url": "redis://wanted"}
BEFORE = {"@type": "Redis", "url": "redis://before"}
STORE = "InMemoryStore: {'@type': Redis, url: 'redis://wanted'}\n"
PLAIN = "InMemoryStore: {'@type': Redis, url: 'redis://u:Canary@wanted'}\n"


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    with (
        Server(initial=BEFORE, keys=KEYS) as one,
        Server(initial=BEFORE, keys=KEYS) as two,
        Server(initial=BEFORE, keys=KEYS) as three,
    ):
        yield [one, two, three]


@dataclass
class Team:
    """A directory with a configuration, and what was shown of a run in it."""

    directory: Path
    shown: list[str] = field(default_factory=list)

    def configure(self, *urls: str, store: str = STORE, more: str = "") -> None:
        lines = [
            f"  {name}: {{url: '{url}', files: [{name}.yaml], token: {{env: {name.upper()}}}"
            f"{more}}}\n"
            for name, url in zip(("one", "two", "three"), urls, strict=False)
        ]
        (self.directory / "confsync.yaml").write_text("targets:\n" + "".join(lines))
        for name in ("one", "two", "three"):
            (self.directory / f"{name}.yaml").write_text(store)

    def apply(  # noqa: PLR0913 - each of them is what one test is about
        self,
        *,
        ask: Callable[[Sequence[Plan]], bool] | None = None,
        allow: str = "",
        expect: str | None = None,
        audit: Audit | None = None,
        today: date = date(2027, 1, 31),
        tokens: dict[str, str] | None = None,
    ) -> tuple[Ended, ...]:
        wanted = Wanted(allow=frozenset({allow} - {""}))
        chosen = aims(self.directory, Asked(all=True), wanted, NO_ACCESS, today=today)
        environment = dict.fromkeys(("ONE", "TWO", "THREE"), APPLY_KEY) | (tokens or {})
        how = How(
            lambda found: self.shown.append(PLANS["text"](found)), ask, expect=expect, audit=audit
        )
        return apply_all(chosen, Reach(environment, Vault()), how)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: list[Server]) -> Team:
    monkeypatch.chdir(tmp_path)
    team = Team(tmp_path)
    team.configure(*(server.url for server in servers))
    return team


def updates(server: Server) -> int:
    """How many updates arrived."""
    return sum("InMemoryStore/set" in str(request.body) for request in server.requests)


def fates(ended: tuple[Ended, ...]) -> str:
    return OUTCOMES["text"](ended).splitlines()[-1]


def test_all_are_planned_and_shown_and_then_applied_in_their_order(
    team: Team, servers: list[Server]
) -> None:
    servers[1].stored = WANTED
    ended = team.apply()
    assert [type(one) for one in ended] == [Stored, NotSent, Stored]
    assert [server.stored["url"] for server in servers] == ["redis://wanted"] * 3
    assert [updates(server) for server in servers] == [1, 0, 1]
    (shown,) = team.shown
    assert shown.endswith("\n3 targets: 2 to update, 1 unchanged. 2 changes.\n")
    assert fates(ended) == "3 targets: 2 applied, 1 unchanged. 2 changes."


def test_one_that_cannot_be_planned_stops_all_with_nothing_changed(
    team: Team, servers: list[Server]
) -> None:
    team.configure(servers[0].url, NOBODY, servers[2].url)
    ended = team.apply()
    assert [type(one) for one in ended] == [NotBegun, Failed, NotBegun]
    assert [updates(server) for server in servers] == [0, 0, 0]
    assert "2 to update, 1 failed." in team.shown[0]
    assert fates(ended) == "3 targets: 1 failed, 2 skipped."


def test_a_reference_that_leads_nowhere_in_the_last_stops_the_first(
    team: Team, servers: list[Server]
) -> None:
    (team.directory / "three.yaml").write_text(
        "InMemoryStore: {'@type': Redis, url: {env: NOT_SET}}\n"
    )
    ended = team.apply()
    assert [type(one) for one in ended] == [NotBegun, NotBegun, Failed]
    assert [updates(server) for server in servers] == [0, 0, 0]


def test_the_first_that_fails_ends_the_run(team: Team, servers: list[Server]) -> None:
    ended = team.apply(tokens={"TWO": PLAN_KEY})
    assert [type(one) for one in ended] == [Stored, Rejected, NotBegun]
    assert [updates(server) for server in servers] == [1, 1, 0]
    assert "Skipped: the run stopped at two (failed).\n" in OUTCOMES["text"](ended)
    assert fates(ended) == "3 targets: 1 applied, 1 failed, 1 skipped. 1 change."


def test_one_that_nothing_could_be_sent_to_is_told_as_unchanged(
    team: Team, servers: list[Server]
) -> None:
    with hostile(passes_to(servers[1]), says(http(403))) as front:
        team.configure(servers[0].url, front.url, servers[2].url)
        ended = team.apply()
    assert [type(one) for one in ended] == [Stored, Failed, NotBegun]
    assert [updates(server) for server in servers] == [1, 0, 0]
    assert "Nothing was changed there.\n" in OUTCOMES["text"](ended)
    assert fates(ended) == "3 targets: 1 applied, 1 failed, 1 skipped. 1 change."


def test_an_outcome_that_is_not_known_ends_the_run_too(team: Team, servers: list[Server]) -> None:
    lost = stores_and_says(servers[0], b"")
    with hostile(passes_to(servers[0]), lost, says(b"")) as front:
        team.configure(front.url, servers[1].url)
        ended = team.apply()
    assert [type(one) for one in ended] == [Unknown, NotBegun]
    assert updates(servers[1]) == 0


def test_one_question_decides_on_all(team: Team, servers: list[Server]) -> None:
    asked: list[int] = []

    def no(plans: Sequence[Plan]) -> bool:
        asked.append(len(plans))
        return False

    with pytest.raises(Declined, match="cancelled"):
        team.apply(ask=no)
    assert asked == [3]
    assert [updates(server) for server in servers] == [0, 0, 0]


def test_nothing_is_asked_where_nothing_differs(team: Team, servers: list[Server]) -> None:
    for server in servers:
        server.stored = WANTED
    assert [type(one) for one in team.apply(ask=lambda _: False)] == [NotSent] * 3


def test_what_changed_while_the_question_was_open_stops_all(
    team: Team, servers: list[Server]
) -> None:
    def somebody_else(_: Sequence[Plan]) -> bool:
        servers[2].stored = {"@type": "Redis", "url": "redis://theirs"}
        return True

    with pytest.raises(Declined, match="plan was shown: three: url"):
        team.apply(ask=somebody_else)
    assert [updates(server) for server in servers] == [0, 0, 0]


def test_a_risk_in_one_stops_all_until_it_is_allowed(team: Team, servers: list[Server]) -> None:
    (team.directory / "two.yaml").write_text(PLAIN)
    with pytest.raises(Refused) as caught:
        team.apply()
    assert caught.value.message == "two: url contains a password in plain text"
    assert caught.value.risks == ("plaintext-secret",)
    assert [updates(server) for server in servers] == [0, 0, 0]
    assert len(team.apply(ask=lambda _: True)) == 3
    assert [type(one) for one in team.apply(allow="plaintext-secret")] == [NotSent] * 3


def test_a_risk_that_was_allowed_says_until_when_and_where(
    team: Team, servers: list[Server]
) -> None:
    until = ", allow: [{risk: plaintext-secret, until: 2027-01-31}]"
    team.configure(servers[0].url, store=PLAIN, more=until)
    with pytest.raises(Refused) as caught:
        team.apply(today=date(2027, 2, 1))
    lapse = "the allowance of plaintext-secret expired after 2027-01-31"
    fact = f"url contains a password in plain text; {lapse}, in confsync.yaml:2"
    assert caught.value.message == fact
    shown = " ".join(team.shown[0].split())
    assert f"confsync.yaml:2: warning: {lapse} [allowance-expired] hint: " in shown
    (ended,) = team.apply(today=date(2027, 1, 31))
    assert isinstance(ended, Stored)


@pytest.mark.parametrize("end", ["", "/"])
def test_two_targets_of_one_server_are_refused_before_anything_is_sent(
    team: Team, servers: list[Server], end: str
) -> None:
    url = servers[0].url
    team.configure(url, servers[1].url, f"{url.replace('http:', 'HTTP:')}{end}")
    with pytest.raises(Declined, match=r"^one and three share a server"):
        team.apply()
    assert not any(server.requests for server in servers)


def test_another_digest_stops_all(team: Team, servers: list[Server]) -> None:
    with pytest.raises(Declined, match="the plan does not have the expected digest"):
        team.apply(expect=f"2:{'0' * 32}")
    assert not any("set" in str(one.body) for server in servers for one in server.requests)


def test_an_interrupt_before_anything_was_sent_is_an_interrupt(team: Team) -> None:
    def interrupt(_: Sequence[Plan]) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        team.apply(ask=interrupt)


def interrupted_at(moment: int) -> Audit:
    """An audit whose clock is where Ctrl-C is noticed: 1 and 2 begin and end the first target."""
    asked = count(1)

    def now() -> datetime:
        if next(asked) == moment:
            raise KeyboardInterrupt
        return datetime(2027, 1, 31, tzinfo=UTC)

    return Audit("audit.jsonl", {}, now)


def test_an_interrupt_that_leaves_its_record_to_the_garbage_collector_is_no_fault(
    team: Team, tmp_path: Path
) -> None:
    with pytest.raises(GeneratorExit):
        team.apply(audit=Audit("audit.jsonl", {}, lambda: datetime.now(UTC)), ask=ended_early)
    last = (tmp_path / "audit.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["result"] == "interrupted"


def ended_early(_: Sequence[Plan]) -> bool:
    raise GeneratorExit


def test_an_interrupt_between_two_targets_leaves_no_doubt_about_either(
    team: Team, servers: list[Server]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        team.apply(audit=interrupted_at(1))
    assert [updates(server) for server in servers] == [0, 0, 0]
    ended = team.apply(audit=interrupted_at(3))
    assert [type(one) for one in ended] == [Stored, NotBegun, NotBegun]
    assert "\n2 targets: two, three\n\nSkipped: interrupted.\n" in OUTCOMES["text"](ended)
    assert [updates(server) for server in servers] == [1, 0, 0]


def test_an_interrupt_after_an_update_never_says_that_nothing_was_changed(
    team: Team, servers: list[Server]
) -> None:
    ended = team.apply(audit=interrupted_at(2))
    assert [type(one) for one in ended] == [Stored, NotBegun, NotBegun]
    assert [updates(server) for server in servers] == [1, 0, 0]


def test_one_target_alone_raises_its_errors(team: Team, servers: list[Server]) -> None:
    team.configure(servers[0].url)
    (ended,) = team.apply()
    assert isinstance(ended, Stored)
    team.configure(NOBODY)
    with pytest.raises(ConfsyncError, match="cannot connect"):
        team.apply()
