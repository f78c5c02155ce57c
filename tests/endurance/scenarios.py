"""What is ended in the middle, and what must be true afterwards."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import pytest

from confsync.disk.read import is_plan
from confsync.errors import Declined
from confsync.kinds import RISKS
from confsync.sandbox import Server
from confsync.sandbox import patch_rules as rules
from confsync.workflow.plan import saved
from tests.endurance.ground import SECRET, Ground, Ran

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

EVERY_RISK = tuple(word for risk in RISKS for word in ("--allow", risk))
UNCHANGED = "nothing was changed on the server"
INTERRUPTED = 130
BEFORE_PYTHON = {-2, -15}
"""Ended by the signal itself: 130 and 143 to a shell, and nothing is said."""
LIVE_SECRET = "Canary-stored-on-the-server"
URL_SECRET = "Canary-in-a-live-url"
STORE = """\
InMemoryStore:
  '@type': RedisCluster
  urls: [rediss://cache-1.example.com, rediss://cache-2.example.com]
  poolMaxConnections: 32
"""
LOGIN = "  authSecret: {'@type': Value, secret: {env: REDIS_PASSWORD}}\n"
WITH_SECRET = f"{STORE}  authUsername: stalwart\n{LOGIN}"

UPDATING = 0.04
"""Seconds for which a sandbox that keeps its state gets updates."""
AUTHORIZED = {
    "Authorization": f"Basic {base64.b64encode(b'admin:sandbox').decode()}",
    "Content-Type": "application/json",
}

Json = dict[str, Any]


def made(**members: object) -> Json:
    """A stored object: defaults plus these values."""
    outcome = rules.create(members)
    assert isinstance(outcome, rules.Updated)
    return outcome.stored


NEW = {f"rediss://cache-{number}.example.com": True for number in (1, 2)}
OLD = {f"redis://u:{URL_SECRET}@old.example.com": True}
CLUSTER: Json = {"@type": "RedisCluster"}
HIDDEN: Json = {"authSecret": {"@type": "Value", "secret": LIVE_SECRET}}
STATES: dict[str, tuple[str, Json, Json]] = {
    "fields": (
        STORE,
        made(**CLUSTER, urls=OLD),
        made(**CLUSTER, urls=NEW, poolMaxConnections=32),
    ),
    "a hidden secret": (
        WITH_SECRET,
        made(**CLUSTER, urls=OLD, **HIDDEN),
        made(
            **CLUSTER,
            urls=NEW,
            poolMaxConnections=32,
            authSecret={"@type": "Value", "secret": SECRET},
        ),
    ),
    "another variant": (
        WITH_SECRET,
        made(**{"@type": "Redis"}, url="redis://a"),
        made(
            **CLUSTER,
            urls=NEW,
            poolMaxConnections=32,
            authSecret={"@type": "Value", "secret": SECRET},
        ),
    ),
}
"""A store file, what the server has before, and what it has when the file is applied."""


class Scenario(Protocol):
    """One command that is ended in the middle."""

    def prepare(self, ground: Ground, chance: Random) -> tuple[str, ...]:
        """Set everything up, and return the arguments of the run."""

    def during(self, ground: Ground) -> None:
        """Do what happens while it runs."""

    def check(self, ground: Ground, ran: Ran) -> str:
        """What must be true now, and of the next run. Returns what it was, for the statistics."""


# What any run may say


def said_the_truth(ran: Ran, *, sets: int, stored: bool) -> None:
    """Status and words of an apply against what arrived at the server, and what became of it."""
    shown(ran)
    if ran.status in {INTERRUPTED, *BEFORE_PYTHON} or UNCHANGED in ran.err:
        assert sets == 0
    if ran.status == 0 or "Stored and verified" in ran.words:
        assert stored
    assert ran.status in {0, 4, INTERRUPTED, *BEFORE_PYTHON, -9}
    if ran.status == INTERRUPTED:
        assert ran.err.lstrip("\n") == f"interrupted\n{UNCHANGED}\n"
    if ran.status == 4:
        assert "may have been stored" in ran.words
    if ran.status in BEFORE_PYTHON:
        assert ran.out == ""


def shown(ran: Ran) -> None:
    """What holds of the streams of any run."""
    assert "Canary" not in ran.words
    assert "internal error in confsync" not in ran.words
    assert ran.status != -14, "it hangs"


def next_plan(ground: Ground, changes: int, hidden: int) -> None:
    """The next plan says what is true."""
    ran = ground.run("plan", *EVERY_RISK, "a.yaml", "--output", "json")
    assert ran.status == 0
    (found,) = json.loads(ran.out)["targets"][0]["objects"]
    assert (len(found["changes"]), len(found["unknown"])) == (changes, hidden)


@dataclass
class Apply:
    """`apply --yes`."""

    name: str = ""

    def prepare(self, ground: Ground, chance: Random) -> tuple[str, ...]:
        self.name = chance.choice(list(STATES))
        text, ground.server.stored, _ = STATES[self.name]
        ground.tidy({"a.yaml": text})
        return ("apply", "--yes", *EVERY_RISK, "a.yaml")

    def during(self, ground: Ground) -> None:
        pass

    def check(self, ground: Ground, ran: Ran) -> str:
        text, before, wanted = STATES[self.name]
        sets, now = ground.sets(), ground.stored()
        assert sets in {0, 1}
        assert now == (wanted if sets else before)
        said_the_truth(ran, sets=sets, stored=now == wanted)
        hidden = int("authSecret" in text and (now == wanted or "authSecret" in before))
        next_plan(ground, 0 if sets else _changes(self.name), hidden)
        again = ground.run("apply", "--yes", *EVERY_RISK, "a.yaml")
        assert again.status == 0
        assert ground.stored() == wanted
        assert ground.sets() == sets + (1 if not sets or hidden else 0)
        return f"{sets} set"


def _changes(name: str) -> int:
    return {"fields": 4, "a hidden secret": 4, "another variant": 1}[name]


@dataclass
class ApplySaved:
    """`apply PLANFILE`."""

    name: str = ""

    def prepare(self, ground: Ground, chance: Random) -> tuple[str, ...]:
        self.name = chance.choice(list(STATES))
        text, ground.server.stored, _ = STATES[self.name]
        ground.tidy({"a.yaml": text})
        assert ground.run("plan", *EVERY_RISK, "a.yaml", "--out", "a.plan").status == 0
        return ("apply", "a.plan")

    def during(self, ground: Ground) -> None:
        pass

    def check(self, ground: Ground, ran: Ran) -> str:
        _, before, wanted = STATES[self.name]
        sets, now = ground.sets(), ground.stored()
        assert sets in {0, 1}
        assert now == (wanted if sets else before)
        said_the_truth(ran, sets=sets, stored=now == wanted)
        again = ground.run("apply", "a.plan")
        if sets:
            assert again.status == 3
            assert "state has changed since the plan was made" in again.err
            assert again.err.endswith(f"{UNCHANGED}\n")
        else:
            assert again.status == 0
            assert "Stored and verified" in again.out
        assert ground.stored() == wanted
        assert ground.sets() == 1
        return f"{sets} set"


@dataclass
class Audited:
    """`apply --yes --audit FILE`, where an earlier apply is in FILE that was finished."""

    name: str = ""

    def prepare(self, ground: Ground, chance: Random) -> tuple[str, ...]:
        self.name = chance.choice(list(STATES))
        text, before, wanted = STATES[self.name]
        ground.server.stored = wanted
        ground.tidy({"a.yaml": text})
        arguments = ("apply", "--yes", *EVERY_RISK, "a.yaml", "--audit", "x.audit")
        assert ground.run(*arguments).status == 0
        ground.server.stored = before
        ground.forget()
        return arguments

    def during(self, ground: Ground) -> None:
        pass

    def check(self, ground: Ground, ran: Ran) -> str:
        _, before, wanted = STATES[self.name]
        sets, now = ground.sets(), ground.stored()
        assert sets in {0, 1}
        assert now == (wanted if sets else before)
        said_the_truth(ran, sets=sets, stored=now == wanted)
        earlier, records = self._records(ground)
        events = [record["event"] for record in records]
        assert events in ([], ["started"], ["started", "finished"])
        assert len({record["id"] for record in records}) <= 1
        assert events or not sets, "sent before it was written down"
        if "finished" in events:
            result = records[1]["result"]
            if sets:
                assert result in {"stored", "unknown"}
            else:
                assert result in {"interrupted", "unknown"}, records[1]
            assert (result == "stored") <= (now == wanted)
        again = ground.run("apply", "--yes", *EVERY_RISK, "a.yaml", "--audit", "x.audit")
        assert again.status == 0
        mentioned = f"x.audit:{earlier + 1}: the apply that"
        assert (mentioned in again.err) == (events == ["started"])
        assert ground.stored() == wanted
        return f"{sets} set, {' and '.join(events) or 'nothing'} written"

    def _records(self, ground: Ground) -> tuple[int, list[Json]]:
        """The lines of the run, each of them whole, and how many there were before."""
        file = ground.desk / "x.audit"
        content = file.read_bytes()
        assert content.endswith(b"\n")
        assert b"Canary" not in content
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        records = [json.loads(line) for line in content.splitlines()]
        assert [record["event"] for record in records[:2]] == ["started", "finished"]
        return 2, records[2:]


@dataclass
class SavePlan:
    """`plan --out FILE`, where an older plan is, or nothing."""

    old: bytes | None = None
    new: bytes = b""

    def prepare(self, ground: Ground, chance: Random) -> tuple[str, ...]:
        if not self.new:
            self.new = self._made(ground, made(**CLUSTER, urls=OLD, **HIDDEN))
        ground.server.stored = made(**CLUSTER, timeout=chance.randint(1, 9))
        self.old = None
        if chance.randrange(3):
            self.old = self._made(ground, made(**CLUSTER, timeout=chance.randint(1, 9)))
        ground.tidy({"a.yaml": WITH_SECRET, **({} if self.old is None else {"x.plan": self.old})})
        ground.server.stored = made(**CLUSTER, urls=OLD, **HIDDEN)
        return ("plan", *EVERY_RISK, "a.yaml", "--out", "x.plan")

    def _made(self, ground: Ground, live: Json) -> bytes:
        ground.server.stored = live
        ground.tidy({"a.yaml": WITH_SECRET})
        assert ground.run("plan", *EVERY_RISK, "a.yaml", "--out", "x.plan").status == 0
        return (ground.desk / "x.plan").read_bytes()

    def during(self, ground: Ground) -> None:
        pass

    def check(self, ground: Ground, ran: Ran) -> str:
        shown(ran)
        assert ran.status in {0, INTERRUPTED, *BEFORE_PYTHON, -9}
        file = ground.desk / "x.plan"
        found = file.read_bytes() if file.exists() else None
        assert found in {self.old, self.new}
        if ran.status == 0:
            assert found == self.new
        if ran.status == INTERRUPTED:
            *said, told = ran.err.strip("\n").splitlines()
            assert told == "interrupted"
            # It can come after the plan was saved.
            assert found == self.new or not [*filter(None, said)]
        left = sorted(set(ground.desk.iterdir()) - {file, ground.desk / "a.yaml"})
        assert not left or ran.status == -9
        for path in left:
            self._is_harmless(path)
        again = ground.run("plan", *EVERY_RISK, "a.yaml", "--out", "x.plan")
        assert again.status == 0
        assert file.read_bytes() == self.new
        assert {path.name for path in ground.desk.iterdir()} == {"a.yaml", "x.plan"}
        assert ground.sets() == 0
        return ("new" if found == self.new else "old") + (" and a leftover" if left else "")

    def _is_harmless(self, path: Path) -> None:
        """A file that was left over: nobody else may read it, and it is a whole plan or none."""
        content = path.read_bytes()
        assert re.fullmatch(r"\.x\.plan\..*", path.name)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"Canary" not in content
        assert self.new.startswith(content)
        if is_plan(str(path)) and content != self.new:
            with pytest.raises(Declined):
                saved(str(path))


@dataclass
class KeepState:
    """`sandbox --state FILE`, while one update after the other arrives."""

    done: int = 0
    asked: int = 0

    def prepare(self, ground: Ground, chance: Random) -> tuple[str, ...]:
        del chance
        self.done = self.asked = 0
        ground.tidy({})
        return ("sandbox", "--state", "x.state")

    def during(self, ground: Ground) -> None:
        """Update it until nobody is there any more, or for long enough."""
        end = time.monotonic() + UPDATING
        ground.until_ready()
        if not (url := ground.said().strip()):
            return
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
        with (
            contextlib.closing(connection),
            contextlib.suppress(OSError, http.client.HTTPException),
        ):
            while time.monotonic() < end:
                self.asked += 1
                connection.request("POST", "/jmap/", _update(self.asked), AUTHORIZED)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 400:
                    return  # it stops reading when it ends, and this one was cut off
                assert b'"updated":{"singleton":null}' in text, text
                self.done += 1

    def check(self, ground: Ground, ran: Ran) -> str:
        shown(ran)
        assert ran.status in {0, INTERRUPTED, *BEFORE_PYTHON, -9}
        if ran.status != 0:
            assert ran.status == -9 or not self.asked
        file = ground.desk / "x.state"
        left = sorted(set(ground.desk.iterdir()) - {file})
        assert [path.name for path in left] in ([], [".x.state.new"])
        assert not left or ran.status == -9
        for path in (*left, *([file] if file.exists() else [])):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with Server(state=file) as server:
            found = server.stored.get("timeout", 0)
            assert found in {self.done, self.asked}
            # The next one writes over what was left.
            server.stored = made(**{"@type": "Redis"}, timeout=10**6)
        assert set(ground.desk.iterdir()) == {file}
        return ("not begun", "updated")[bool(self.asked)] + (" and a leftover" if left else "")


def _update(number: int) -> bytes:
    change = {"@type": "Redis", "timeout": number} if number == 1 else {"timeout": number}
    call = ["x:InMemoryStore/set", {"update": {"singleton": change}}, "a"]
    return json.dumps({"using": [], "methodCalls": [call]}).encode()
