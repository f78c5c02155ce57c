"""What leaves the Python API holds no secret: not its words, not what crash reporters print."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import re
import traceback
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import confsync
from confsync import errors, guard
from confsync.errors import ConfsyncError, Fault, Problem
from confsync.sandbox import Server
from confsync.sync.secret import Vault
from tests.cli.process import APPLY_KEY, ENV_SECRET, KEYS, LIVE, NO_KEY, STORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from confsync.workflow.server import Session

PLAIN = STORE.replace("{env: REDIS_PASSWORD}", "Canary-in-clear")
BROKEN = PLAIN.replace("32", "many")
MIXED = """\
InMemoryStore:
  '@type': Redis
  url: {address: 'redis://a', username: u, password: {env: REDIS_PASSWORD}}
  timeout: 10
"""


class Environment(Mapping[str, str]):
    """An environment whose own repr tells nothing, as the caller's should not."""

    def __init__(self, **variables: str) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


WITH_SECRET = Environment(REDIS_PASSWORD=ENV_SECRET)


def held(value: object, depth: int = 5) -> Iterator[str]:
    """The texts that a crash reporter could find in a variable of a frame."""
    if isinstance(value, Vault | Environment) or depth == 0:
        return
    yield repr(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from held(getattr(value, field.name), depth - 1)
    elif isinstance(value, Mapping):
        for pair in value.items():
            yield from held(list(pair), depth - 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from held(part, depth - 1)
    elif type(value).__module__.startswith("confsync.") and hasattr(value, "__dict__"):
        yield from held(vars(value), depth - 1)
    for cell in getattr(value, "__closure__", None) or ():
        yield from held(cell.cell_contents, depth - 1)


def reported(error: BaseException) -> str:
    """All that a crash reporter gets to see of an exception: texts, frames, causes."""
    texts: list[str] = []
    chain: list[BaseException] = [error]
    while chain:
        seen = chain.pop()
        texts += [*traceback.format_exception_only(seen), *held(vars(seen))]
        for frame, _ in traceback.walk_tb(seen.__traceback__):
            if "confsync" in frame.f_globals.get("__name__", ""):
                texts += [text for value in frame.f_locals.values() for text in held(value)]
        chain += [other for other in (seen.__cause__, seen.__context__) if other is not None]
    return "\n".join(texts)


def failure(act: Callable[[], object]) -> BaseException:
    try:
        act()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is looked at
        return error
    raise AssertionError("nothing was raised")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(initial=LIVE, keys=KEYS) as running:
        yield running


@pytest.fixture
def session(server: Server) -> Iterator[Session]:
    with confsync.connect(server.url, token=APPLY_KEY) as connected:
        yield connected


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.yaml"


@pytest.mark.parametrize("store", [BROKEN, MIXED, PLAIN.replace("secret:", "secrte:"), "\tCanary"])
@pytest.mark.parametrize("function", ["plan", "apply"])
def test_a_file_that_cannot_be_read(
    session: Session, file: Path, store: str, function: str
) -> None:
    file.write_text(store)
    act = partial(getattr(confsync, function), [str(file)], session, environment=WITH_SECRET)
    error = failure(act)
    assert type(error).__name__ == "InvalidFiles"
    assert "anary" not in reported(error)


def test_secrets_that_cannot_be_had_or_used(session: Session, file: Path, tmp_path: Path) -> None:
    (tmp_path / "latin-1").write_bytes(b"Canary\xff")
    file.write_text(STORE.replace("{env: REDIS_PASSWORD}", "{file: latin-1}"))
    for environment in (Environment(), Environment(REDIS_PASSWORD="ENC[Canary]")):
        for store in (STORE, STORE.replace("{env: REDIS_PASSWORD}", "{file: latin-1}")):
            file.write_text(store)
            error = failure(partial(confsync.apply, [str(file)], session, environment=environment))
            assert type(error).__name__ == "SecretUnavailable"
            assert "anary" not in reported(error)


@pytest.mark.parametrize("token", [NO_KEY, "API_Canary-unknown"])
@pytest.mark.parametrize("function", ["plan", "apply"])
def test_a_server_that_refuses(server: Server, file: Path, token: str, function: str) -> None:
    file.write_text(STORE)

    def act() -> None:
        with confsync.connect(server.url, token=token) as session:
            getattr(confsync, function)([str(file)], session, environment=WITH_SECRET)

    error = failure(act)
    assert type(error).__name__ == "ServerRefused"
    assert "anary" not in reported(error)


@pytest.mark.parametrize(
    "stored",
    [
        {"@type": "Redis", "url": "redis://u:Canary@h", "timeout": "Canary"},
        {"@type": "Redis", "url": ["redis://u:Canary@h"]},
        {"@type": "Sharded", "stores": {"1": {"@type": "Redis", "url": "redis://u:Canary@h"}}},
    ],
)
@pytest.mark.parametrize("function", ["plan", "show"])
def test_an_answer_that_does_not_fit(
    server: Server, session: Session, file: Path, stored: dict[str, object], function: str
) -> None:
    file.write_text(STORE)
    server.stored = stored
    files = [] if function == "show" else [[str(file)]]
    options: dict[str, Any] = {} if function == "show" else {"environment": WITH_SECRET}
    error = failure(partial(getattr(confsync, function), *files, session, **options))
    assert isinstance(error, ConfsyncError)
    assert "anary" not in reported(error)


@pytest.mark.parametrize(
    "credentials",
    [
        {"token": "Canary with a space"},
        {"user": "a:b", "password": "Canary"},
        {"user": "", "password": "Canary"},
        {"token": "Canary", "ca_file": "no-such-file"},
    ],
)
def test_credentials_that_cannot_be_used(credentials: dict[str, Any]) -> None:
    error = failure(partial(confsync.connect, "https://mail.example.com", **credentials))
    assert type(error).__name__ == "WrongUsage"
    assert "anary" not in reported(error)


def test_what_is_raised_while_a_session_is_open(server: Server) -> None:
    def act() -> None:
        with confsync.connect(server.url, user="admin", password="Canary"):
            raise RuntimeError

    error = failure(act)
    assert type(error) is RuntimeError
    assert "anary" not in reported(error)


class Surprise(Exception):
    pass


@pytest.mark.parametrize("raised", [Surprise, KeyError, Fault])
def test_a_bug_of_ours_is_a_fault_with_its_place(
    session: Session, file: Path, monkeypatch: pytest.MonkeyPatch, raised: type[Exception]
) -> None:
    def broken(*_: object, **__: object) -> None:
        secret = "Canary-in-a-frame"
        raise raised(secret) if raised is not Fault else Fault("a promise")

    file.write_text(STORE)
    monkeypatch.setattr("confsync.workflow.plan.make_plan", broken)
    error = failure(partial(confsync.plan, [str(file)], session, environment=WITH_SECRET))
    assert isinstance(error, Fault)
    assert error.message == ("a promise" if raised is Fault else raised.__name__)
    assert error.places[0].startswith("plan.py:")
    assert "anary" not in reported(error)


@pytest.mark.parametrize("callback", ["show", "ask"])
@pytest.mark.parametrize("raised", [Surprise, KeyboardInterrupt, SystemExit])
def test_what_the_callers_function_raises_is_theirs(
    session: Session, file: Path, callback: str, raised: type[BaseException]
) -> None:
    def theirs(_: object) -> bool:
        raise raised("theirs")

    file.write_text(STORE)
    callbacks: dict[str, Any] = {callback: theirs}
    error = failure(
        partial(confsync.apply, [str(file)], session, environment=WITH_SECRET, **callbacks)
    )
    assert type(error) is raised
    assert error.args == ("theirs",)
    names = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert names[-1] == "theirs"
    assert "anary" not in reported(error)


def test_an_interrupt_passes_without_our_frames(
    session: Session, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("confsync.workflow.plan.make_plan", interrupted)
    file.write_text(STORE)
    error = failure(partial(confsync.plan, [str(file)], session, environment=WITH_SECRET))
    assert type(error) is KeyboardInterrupt
    names = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert names == ["failure", "guarded"]


def test_what_is_returned_can_be_printed_and_pickled_and_holds_no_secret(
    server: Server, session: Session, file: Path
) -> None:
    file.write_text(STORE)
    planned = confsync.plan([str(file)], session, environment=WITH_SECRET)
    outcome = confsync.apply([str(file)], session, environment=WITH_SECRET)
    live = confsync.show(session)
    for value in (planned, planned.patch, outcome, live):
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own, made just now
        for text in (repr(value), str(value), f"{value}", str(pickle.dumps(value))):
            assert "anary" not in text
        assert copy.deepcopy(value) == value
    assert "anary" in json.dumps(server.stored)


def test_a_session_and_its_parts_never_leave_the_process(session: Session) -> None:
    for value in (session, session.server, session.vault):
        assert "anary" not in "\n".join((*held(value), str(value)))
        for take in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError) as caught:
                take(value)
            assert "anary" not in reported(caught.value)


PROBLEM = Problem("a.yaml", 1, 2, "type", "is no number", "write one")
ERRORS: tuple[ConfsyncError, ...] = (
    errors.WrongUsage("fact", where="a.yaml", hint="do this"),
    errors.InvalidFiles((PROBLEM,)),
    errors.SecretUnavailable((PROBLEM,)),
    errors.ConnectionFailed("fact"),
    errors.ConnectionLost("fact"),
    errors.ServerRefused("fact", status=403),
    errors.UnexpectedAnswer("fact"),
    errors.Declined("fact"),
    errors.Cancelled("fact", hint="hint"),
    errors.DeadlinePassed(),
    errors.Refused(("fact", "fact"), ("change-variant",)),
    errors.NotWritten("fact", hint="do this"),
    errors.OutputFailed("fact"),
    errors.ReaderGone("fact"),
    guard.as_fault(ValueError("Canary")),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_can_be_copied_and_pickled_and_is_the_same(error: ConfsyncError) -> None:
    """As every pool of processes does with what a worker raises."""
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own, made just now
        assert type(again) is type(error)
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
    assert b"anary" not in pickle.dumps(error)


def test_every_error_is_among_those_that_can_be_pickled() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    kinds = {kind for kind in classes if issubclass(kind, ConfsyncError)}
    assert {type(error) for error in ERRORS} == kinds - {ConfsyncError}


def test_a_fault_keeps_where_each_exception_was_and_its_type_and_no_value() -> None:
    def inner() -> None:
        raise KeyError("Canary-inside")

    def outer() -> None:
        try:
            inner()
        except KeyError as error:
            raise Surprise("Canary-outside") from error

    fault = guard.as_fault(failure(outer))
    trail = [re.sub(r"\S*test_crash_reports:\d+ ", "", " ".join(known)) for known in fault.trail]
    assert trail == ["Surprise in outer in failure", "KeyError in inner in outer"]
    assert "anary" not in reported(fault)


def test_exceptions_that_are_chained_in_a_ring_have_an_end() -> None:
    first, second = KeyError("Canary"), Surprise("Canary")
    first.__cause__, second.__cause__ = second, first
    assert guard.as_fault(first).trail == (("KeyError",), ("Surprise",))


def test_a_fault_that_passes_several_doors_keeps_all_places() -> None:
    def broken() -> None:
        raise Fault("a promise")

    once = guard.as_fault(failure(broken))
    assert guard.as_fault(guard.alone(once)).trail[0] == once.trail[0]
    assert len(guard.as_fault(once).trail) > 1
