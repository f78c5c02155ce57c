"""No frame and no cause of an error holds what was sent or what came back.

Crash reporters show the local variables of every frame of a traceback.
"""

from __future__ import annotations

import json
import socket
import types
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

import pytest

from confsync.errors import (
    ConfsyncError,
    ConnectionFailed,
    ConnectionLost,
    Fault,
    ServerRefused,
    UnexpectedAnswer,
)
from confsync.guard import caught
from confsync.jmap.client import Client
from confsync.jmap.write import Credentials
from confsync.kinds import KINDS
from confsync.net.endpoint import endpoint
from confsync.net.http import MAX_ANSWER, Answer, Connection, Request
from confsync.sync.secret import Secret, Vault
from confsync.sync.values import Entry, Patch
from confsync.workflow.server import decoder
from tests.net.tls_server import Authority, front, heard, listening, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confsync.sandbox import Server

NAME = "InMemoryStore"
PLACE = ("authSecret", "secret")


def canary() -> str:
    """Made when it is asked for: the tests' own frames and constants hold none of it."""
    return bytes([67, 97, 110, 97, 114, 121]).decode()


def request() -> Request:
    return Request(canary().encode(), {"Authorization": f"Bearer {canary()}"})


def held(error: BaseException) -> Iterator[object]:
    """All that an error holds: its own, its frames' variables, its causes, and what is in them."""
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        found = todo.pop()
        if id(found) in seen or found is None:
            continue
        seen.add(id(found))
        yield found
        todo += inside(found)


def inside(found: object) -> list[object]:  # noqa: C901 - one kind of thing after the other
    match found:
        case BaseException():
            return [
                *found.args,
                found.__dict__,
                found.__cause__,
                found.__context__,
                found.__traceback__,
            ]
        case types.TracebackType():
            return [found.tb_frame, found.tb_next]
        case types.FrameType() if found.f_code.co_filename != __file__:
            return list(found.f_locals.values())
        case types.FunctionType():
            return [cell.cell_contents for cell in found.__closure__ or ()]
        case types.MethodType():
            return [found.__self__]
        case dict():
            return [*found, *found.values()]
        case list() | tuple() | set() | frozenset():
            return list(found)
        case Vault():
            return []  # The one place where secrets stand: it shows nothing.
        case _ if is_dataclass(found):
            return [getattr(found, field.name) for field in fields(found)]
        case _ if type(found).__module__.startswith("confsync"):
            return list(vars(found).values())
        case _:
            return []


def check(error: ConfsyncError, kind: type[ConfsyncError]) -> None:
    assert type(error) is kind
    things = list(held(error))
    assert len(things) > 10
    for thing in things:
        if isinstance(thing, types.FrameType) and thing.f_code.co_filename == __file__:
            continue
        assert canary() not in repr(thing), f"shown by a {type(thing).__name__}"
        assert not (isinstance(thing, str) and canary() in thing)
        assert not (isinstance(thing, bytes | bytearray) and canary().encode() in thing)
        assert not isinstance(thing, Request | Answer)
    assert canary() not in str(error)


def says(answer: str) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(answer.replace("CANARY", canary()).encode())
        if "Length: 999" in answer:
            while connection.recv(65536):
                pass

    return speak


def ok(body: str) -> str:
    return f"HTTP/1.1 200 OK\r\nX-Some: CANARY\r\nContent-Length: {len(body)}\r\n\r\n{body}"


FAILURES: dict[str, tuple[str, type[ConfsyncError]]] = {
    "closed": ("", ConnectionLost),
    "no http": ("CANARY\r\n\r\n", ConnectionLost),
    "broken head": ("HTTP/1.1 200 OK\r\nCANARY\r\n\r\n", ConnectionLost),
    "broken body": (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nCANARY\r\n",
        ConnectionLost,
    ),
    "late": ("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nCANARY", ConnectionLost),
    "compressed": ("HTTP/1.1 200 OK\r\nContent-Encoding: CANARY\r\n\r\nCANARY", UnexpectedAnswer),
    "large": (
        f"HTTP/1.1 200 OK\r\nX-Some: CANARY\r\n\r\nCANARY{' ' * MAX_ANSWER}",
        UnexpectedAnswer,
    ),
}
ANSWERS: dict[str, tuple[str, type[ConfsyncError]]] = {
    "status": (ok("CANARY").replace("200 OK", "400 CANARY"), ServerRefused),
    "no json": (ok("CANARY"), UnexpectedAnswer),
    "no utf-8": (ok('"CANARY\\ud800"'), UnexpectedAnswer),
    "twice": (ok('{"CANARY": 1, "CANARY": 2}'), UnexpectedAnswer),
    "no object": (ok('["CANARY"]'), UnexpectedAnswer),
    "no responses": (ok('{"CANARY": "CANARY"}'), UnexpectedAnswer),
}


def deadline(failing: str) -> float:
    """Seconds: only an answer that never ends may meet its deadline."""
    return 0.3 if failing == "late" else 60


@pytest.mark.parametrize("failing", FAILURES)
def test_an_error_of_a_connection_holds_nothing_of_request_and_answer(failing: str) -> None:
    said, kind = FAILURES[failing]
    with (
        listening(says(said)) as listener,
        Connection(
            endpoint(f"http://127.0.0.1:{listener.port}"), deadline=deadline(failing)
        ) as connection,
        pytest.raises(kind) as raised,
    ):
        connection.post("/jmap/", request)
    check(raised.value, kind)


def test_an_error_before_sending_holds_nothing_of_the_request(
    server: Server, stranger: Authority
) -> None:
    with front(server.url, stranger.server("localhost")) as outside, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        for url in (outside.url, f"http://127.0.0.1:{free.getsockname()[1]}"):
            with (
                Connection(endpoint(url)) as connection,
                pytest.raises(ConnectionFailed) as raised,
            ):
                connection.post("/jmap/", request)
            check(raised.value, ConnectionFailed)


def fails() -> Request:
    secret = canary()
    raise ValueError(secret)


def fails_while_failing() -> Request:
    try:
        return fails()
    except ValueError:
        raise Fault("a promise is broken") from None


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (fails, "ValueError"),
        (fails_while_failing, "a promise is broken"),
    ],
)
def test_a_fault_while_the_request_is_written_holds_nothing_of_it(
    write: Callable[[], Request], message: str
) -> None:
    with (
        listening(says("")) as listener,
        Connection(endpoint(f"http://127.0.0.1:{listener.port}")) as connection,
        pytest.raises(Fault) as raised,
    ):
        connection.post("/jmap/", write)
    check(raised.value, Fault)
    assert raised.value.message == message
    assert raised.value.places[0].startswith("http.py:")


def client(connection: Connection) -> tuple[Client, Patch]:
    """A client, and an update with a secret in it; both are in the vault alone."""
    vault = Vault()
    secret = vault.seal(canary())
    patch = Patch((Entry(PLACE, secret, PLACE),))
    return Client(connection, Credentials(secret), vault), patch


@pytest.mark.parametrize("asking", ["read", "update"])
@pytest.mark.parametrize("failing", [*FAILURES, *ANSWERS])
def test_an_error_of_a_client_holds_nothing_of_request_and_answer(
    failing: str, asking: str
) -> None:
    said, kind = {**FAILURES, **ANSWERS}[failing]
    with (
        listening(says(said)) as listener,
        Connection(
            endpoint(f"http://127.0.0.1:{listener.port}"), deadline=deadline(failing)
        ) as connection,
        pytest.raises(kind) as raised,
    ):
        ask(connection, asking)
    check(raised.value, kind)


def ask(connection: Connection, asking: str) -> object:
    asked, patch = client(connection)
    decode = decoder(KINDS[NAME], Vault())
    return asked.read(NAME, decode) if asking == "read" else asked.update(NAME, patch, decode)


def test_an_error_of_the_decoding_holds_nothing_of_the_answer() -> None:
    """The live state, with a password in its URL, is at hand where it is decoded."""
    state = {"@type": "Redis", "url": "redis://u:CANARY@h", "timeout": "CANARY"}
    body = {"methodResponses": [[f"x:{NAME}/get", {"list": [state]}, "read"]]}
    with (
        listening(says(ok(json.dumps(body)))) as listener,
        Connection(endpoint(f"http://127.0.0.1:{listener.port}")) as connection,
        pytest.raises(UnexpectedAnswer) as raised,
    ):
        ask(connection, "read")
    check(raised.value, UnexpectedAnswer)


def test_a_secret_that_cannot_be_opened_is_a_fault_and_nothing_is_sent() -> None:
    patch, decode = Patch((Entry(PLACE, Secret(), PLACE),)), decoder(KINDS[NAME], Vault())
    with (
        listening(silent) as listener,
        Connection(endpoint(f"http://127.0.0.1:{listener.port}")) as connection,
        pytest.raises(Fault, match="whose value is not known") as raised,
    ):
        client(connection)[0].update(NAME, patch, decode)
    check(raised.value, Fault)
    assert listener.accepted == 0


class Unreachable:
    """A transport that never gets as far as sending."""

    interrupted = True

    def hurry(self) -> None:
        pass

    def post(
        self, path: str, write: Callable[[], Request], *, seconds: float | None = None
    ) -> Answer:
        del path, write, seconds
        raise ConnectionFailed("there is no way")

    get = post


def test_no_secret_is_opened_before_the_transport_asks_for_the_request() -> None:
    patch, decode = Patch((Entry(PLACE, Secret(), PLACE),)), decoder(KINDS[NAME], Vault())
    asked = Client(Unreachable(), Credentials(Secret()), Vault())
    with pytest.raises(ConnectionFailed):
        asked.update(NAME, patch, decode)


def test_what_is_sent_and_what_comes_back_show_nothing() -> None:
    answer = Answer(200, {"x-some": canary()}, canary().encode())
    assert repr(answer) == "Answer(status=200)"
    assert repr(request()) == "Request()"


def test_an_error_that_is_caught_comes_back_as_a_value_without_frames() -> None:
    def act() -> None:
        try:
            fails()
        except ValueError as error:
            raise ConnectionLost("lost", where="there", hint="look") from error

    error = caught(act)
    assert type(error) is ConnectionLost
    assert (error.message, error.where, error.hint) == ("lost", "there", "look")
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)
