"""Cases as files: what each folder of `cases/plan` says is what confsync plans, sends and reaches.

A folder holds
- `desired.yaml`, or several layers, laid over each other in the order of their names;
- `live.json`: the stored object, its secrets in clear; fields that it lacks have their defaults;
  get shows it as the sandbox's rules say;
- `case.json`: what the case promises, and perhaps the environment and the options;
- `plan.txt`, `plan.json`, `patch.json`: the plan in both formats, and the update as it is sent
  (`{}`: nothing is sent; no such file: an apply refuses, because a reference is not resolved
  or because of a finding);
- perhaps `after.json`: the stored object after the update, its secrets in clear.

CONFSYNC_WRITE_CASES=1 writes what is expected. Read it before it is kept.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, cast
from urllib.parse import quote

import pytest

from confsync.errors import Refused, SecretUnavailable, WrongUsage
from confsync.jmap.client import Exchange
from confsync.jmap.write import update_json
from confsync.kinds import KINDS
from confsync.report import PLANS
from confsync.report.json import outcomes_document, plans_document
from confsync.sandbox import patch_rules as rules
from confsync.store.plan_codec import from_json, to_json
from confsync.sync.outcome import NotSent, Refusal, Reload, Stored
from confsync.sync.secret import HIDDEN, Secret, Vault
from confsync.sync.tree import Items, Members, Object, Tree
from confsync.sync.tree import Path as Path_
from confsync.sync.url import Url, seal_url
from confsync.sync.values import Target
from confsync.workflow.apply import apply
from confsync.workflow.plan import plan
from confsync.workflow.server import Session
from confsync.workflow.targets import Options
from tests.reported import RUN, check_report, plans_json
from tests.states import completed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from confsync.jmap.answers import Json as Answer
    from confsync.jmap.client import Decode
    from confsync.kinds.table_file import Version
    from confsync.sync.values import HiddenSecrets, Live, Patch, Plan

Json: TypeAlias = dict[str, object]

FOLDERS = Path(__file__).with_name("cases") / "plan"
SHAPES = {name: kind.shape for name, kind in KINDS.items()}
TARGET = Target("production", "https://mail.example.com")
WRITE = bool(os.environ.get("CONFSYNC_WRITE_CASES"))
STALE = "a secret that nobody can read"

TLS = re.compile(r"(rediss|valkeys)://", re.IGNORECASE)
CREDENTIALS = re.compile(r"[^:]*://(.*)@")


class Settings(TypedDict, total=False):
    promise: str
    environment: dict[str, str]
    unlisted: Literal["default", "keep"]
    hidden_secrets: HiddenSecrets
    allow: list[str]
    fail_on: list[str]
    ignore: list[str]


@dataclass
class Store:
    """A server in this process: one object, under the sandbox's rules."""

    stored: Json
    vault: Vault
    sent: Json = field(default_factory=dict)

    def read(self, name: str, decode: Decode) -> Live:
        assert name == "InMemoryStore"
        return decode(cast("Mapping[str, Answer]", rules.get_view(self.stored)))

    def read_all(self, wanted: Mapping[str, Decode]) -> dict[str, Live]:
        return {name: self.read(name, decode) for name, decode in wanted.items()}

    def schema(self, _: str) -> Version:
        raise AssertionError("only an update of the schema asks for it")

    def edition(self) -> str:
        return ""

    interrupted = False

    def hurry(self) -> None:
        pass

    def reload(self) -> Reload:
        return Reload("done")

    def update(
        self, name: str, patch: Patch, decode: Decode, *, not_done: Callable[[Exchange], bool]
    ) -> Exchange:
        del not_done
        before = self.read(name, decode)
        self.sent = {**update_json(patch, self.vault)}
        result = rules.update(self.stored, self.sent)
        if isinstance(result, rules.NotUpdated):
            return Exchange(before, Refusal(result.type, "", result.properties), before)
        self.stored = result.stored
        return Exchange(before, None, self.read(name, decode))


@dataclass(frozen=True)
class Case:
    folder: Path
    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        return self.settings.get("environment", {})

    @property
    def stored(self) -> Json:
        return completed(json.loads((self.folder / "live.json").read_text("utf-8")))

    @property
    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.glob("*.yaml"))

    @property
    def options(self) -> Options:
        return Options(
            self.settings.get("unlisted", "default"),
            self.settings.get("hidden_secrets", "send"),
            frozenset(self.settings.get("allow", ())),
            frozenset(self.settings.get("ignore", ())),
            fail_on=frozenset(self.settings.get("fail_on", ())),
        )

    def session(self, stored: Json | None = None) -> tuple[Session, Store]:
        vault = Vault()
        store = Store(self.stored if stored is None else stored, vault)
        return Session(TARGET, store, vault), store

    def plan(self, session: Session, environment: Mapping[str, str] | None = None) -> Plan:
        used = self.environment if environment is None else environment
        return plan(self.files, session, environment=used, options=self.options)

    def expect(self, name: str, text: str) -> None:
        golden = self.folder / name
        if WRITE:
            golden.write_text(text, "utf-8")
        assert golden.exists(), f"{name} is missing"
        assert text == golden.read_text("utf-8")


@pytest.fixture(params=sorted(FOLDERS.iterdir()), ids=lambda folder: folder.name)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    folder: Path = request.param
    monkeypatch.chdir(folder)
    # How a checkout sets this differs from machine to machine.
    monkeypatch.setattr("confsync.workflow.load._is_open", lambda path: "open" in str(path))
    settings: Settings = json.loads((folder / "case.json").read_text("utf-8"))
    assert settings["promise"]
    return Case(folder, settings)


def as_json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def test_a_plan_says_what_its_case_says(case: Case) -> None:
    session, _ = case.session()
    planned = case.plan(session)
    case.expect("plan.txt", PLANS["text"]([planned]))
    case.expect("plan.json", plans_json([planned]))
    check_report("plan", plans_document([planned], RUN))


def test_an_apply_sends_the_patch_of_its_case_and_reaches_the_desired_state(case: Case) -> None:
    session, store = case.session()
    try:
        outcome = apply(case.files, session, environment=case.environment, options=case.options)
    except (SecretUnavailable, Refused):
        assert not (case.folder / "patch.json").exists()
        assert store.stored == case.stored
        return
    case.expect("patch.json", as_json(store.sent))
    check_report("apply", outcomes_document([outcome], RUN))
    if isinstance(outcome, NotSent):
        assert not store.sent
    else:
        assert isinstance(outcome, Stored), outcome
        assert outcome.verified
    assert reached(store.stored, wanted(outcome.plan, session.vault, case.stored))
    again = case.plan(session).difference
    assert not again.changes
    assert all(unknown.hidden for unknown in again.unknown)
    if (case.folder / "after.json").exists():
        case.expect("after.json", as_json(store.stored))


def test_nothing_can_be_taken_from_a_patch(case: Case) -> None:
    stored = hidden_differently(case.stored)
    session, _ = case.session(stored)
    planned = case.plan(session)
    if not (case.folder / "patch.json").exists():
        return
    patch: Json = {**update_json(planned.patch, session.vault)}
    goal = wanted(planned, session.vault, stored)
    assert reaches(stored, patch, goal), "the patch depends on what nobody can read"
    for lesser in without_a_part(patch):
        assert not reaches(stored, lesser, goal), f"this is enough: {lesser}"
    keys = [f"{key}/" for key in patch]
    assert not [key for key in keys for other in keys if key != other and key.startswith(other)]


def test_no_password_is_shown_and_none_that_was_read_is_sent(case: Case) -> None:
    session, store = case.session()
    planned = case.plan(session)
    shown = PLANS["text"]([planned]) + plans_json([planned])
    live = {*stored_secrets(case.stored), *url_passwords(case.stored)}
    for secret in live:
        assert secret not in shown
    for name, value in case.environment.items():
        for secret in seal_texts(value) if "://" in value else (value, quote(value, safe="")):
            assert not secret.strip() or secret not in shown, name
    try:
        apply(case.files, session, environment=case.environment, options=case.options)
    except (SecretUnavailable, Refused):
        return
    sent = json.dumps(store.sent, ensure_ascii=False)
    assert "****" not in sent
    ours = json.dumps(list(case.environment.values()), ensure_ascii=False)
    for secret in live:
        assert secret not in sent or secret in ours


def test_the_digest_is_the_same_where_no_secret_can_be_resolved(case: Case) -> None:
    session, _ = case.session()
    blind, _ = case.session()
    assert case.plan(session).digest == case.plan(blind, {}).digest


def test_a_saved_plan_shows_what_the_plan_showed_where_no_secret_can_be_resolved(
    case: Case,
) -> None:
    session, _ = case.session()
    planned = case.plan(session, {})
    try:
        (again,) = from_json(to_json([planned]), lambda _, name: SHAPES[name])
    except WrongUsage:
        return
    told = tuple(finding for finding in planned.findings if finding.severity != "note")
    planned = replace(planned, findings=told)
    assert plans_json([again]) == plans_json([planned])


# What a plan wants, in clear


def wanted(planned: Plan, vault: Vault, before: Json) -> Json:
    """The desired state as it would be stored; what stays hidden is what was there before."""
    tree = planned.desired.tree
    if planned.hidden_secrets == "keep":
        for path in planned.kept:
            tree = cast("Object", with_hidden(tree, path))
    return cast("Json", clear(tree, vault, before))


def with_hidden(tree: Tree, path: Path_) -> Tree:
    """The state with the secret at a path as the server has it, whatever that is."""
    if not path:
        return HIDDEN
    step, *rest = path
    if isinstance(tree, Object):
        name = str(step)
        return replace(
            tree, members={**tree.members, name: with_hidden(tree.members[name], tuple(rest))}
        )
    assert isinstance(tree, Items)
    items = [
        cast("Object", with_hidden(item, tuple(rest))) if n == step else item
        for n, item in enumerate(tree.items)
    ]
    return Items(tuple(items))


def clear(tree: Tree, vault: Vault, before: object) -> object:
    match tree:
        case Object():
            old = before if isinstance(before, dict) else {}
            members = {
                name: clear(part, vault, old.get(name)) for name, part in tree.members.items()
            }
            return {**members, "@type": tree.tag}
        case Members():
            return {clear(url, vault, None): True for url in tree.members}
        case Items():
            old = before if isinstance(before, dict) else {}
            return {
                str(n): clear(item, vault, old.get(str(n))) for n, item in enumerate(tree.items)
            }
        case Secret(id=None):
            assert tree.ref is None, "a reference is not resolved"
            return before
        case Secret():
            return vault.open(tree)
        case Url():
            assert tree.parts, "a reference is not resolved"
            return "".join(
                part if isinstance(part, str) else vault.open(part) for part in tree.parts
            )
        case _:
            return tree


def reaches(stored: Json, patch: Json, goal: Json) -> bool:
    result = rules.update(stored, patch)
    return isinstance(result, rules.Updated) and reached(result.stored, goal)


def reached(stored: object, goal: object) -> bool:
    """Whether a stored value is the wanted one; a newer server's own fields may stand beside it."""
    if not isinstance(goal, dict):
        return type(stored) is type(goal) and stored == goal
    if not isinstance(stored, dict):
        return False
    if "@type" in goal:
        return all(name in stored and reached(stored[name], part) for name, part in goal.items())
    if goal and all(part is True for part in goal.values()) and order_counts(list(goal)):
        return list(stored) == list(goal)
    return stored.keys() == goal.keys() and all(
        reached(stored[name], part) for name, part in goal.items()
    )


def order_counts(urls: list[str]) -> bool:
    """A second opinion on when the first URL decides for the others: wire section 7."""
    heads = set()
    for url in urls:
        credentials = CREDENTIALS.match(url)
        heads.add((bool(TLS.match(url)), credentials[1] if credentials else ""))
    return len(heads) > 1


def without_a_part(value: Json) -> Iterator[Json]:
    """A patch, or a value in it, less one of its members or less one leaf further inside."""
    for name, part in value.items():
        yield {other: kept for other, kept in value.items() if other != name}
        if isinstance(part, dict):
            yield from ({**value, name: lesser} for lesser in without_a_part(part))


# What is secret in a stored object


def stored_secrets(value: Json) -> Iterator[str]:
    for name, part in value.items():
        if isinstance(part, dict):
            yield from stored_secrets(part)
        elif name == "secret" and isinstance(part, str):
            yield part


def hidden_differently(value: Json) -> Json:
    """The object with other secrets: all that an update may rely on is what get shows."""
    return {
        name: hidden_differently(part)
        if isinstance(part, dict)
        else STALE
        if name == "secret" and isinstance(part, str)
        else part
        for name, part in value.items()
    }


def url_passwords(value: Json) -> Iterator[str]:
    for name, part in value.items():
        if isinstance(part, dict):
            yield from url_passwords(part)
        elif part is True:
            yield from seal_texts(name)
        elif name == "url" and isinstance(part, str):
            yield from seal_texts(part)


def seal_texts(text: str) -> Iterator[str]:
    vault = Vault()
    yield from (vault.open(secret) for secret in seal_url(text, vault).secrets)
