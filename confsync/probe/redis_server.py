"""One Redis, asked: it connects, logs in, and tells if it can be used. Nothing is written.

The only module that knows redis-py. None of its texts are shown, and none of its exceptions leave.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    NoPermissionError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import (
    TimeoutError as NoAnswerError,
)
from redis.retry import Retry

from confsync.net.tls import SYSTEM
from confsync.probe.stores import Said

if TYPE_CHECKING:
    import socket

    from confsync.probe.stores import Login, Place, Role

SECONDS = 3.0
"""For each step: to connect, and for each answer."""
_SLOTS = 16384
_FIRST, _SECOND = "confsync:doctor:1", "confsync:doctor:2"
"""Keys of different slots of a cluster. Neither is ever made."""

_OF_A_CLUSTER = (AskError, ClusterCrossSlotError, ClusterDownError, TryAgainError)
_CODES = ("ASK", "CLUSTERDOWN", "CROSSSLOT", "MOVED", "TRYAGAIN")
"""Errors of cluster nodes alone, as classes and as codes. MovedError is an AskError."""

_USED = (
    # The first one is harmless, and has keys of two slots.
    ("EXISTS", _FIRST, _SECOND),
    ("GET", _FIRST),
    ("SET", _FIRST, "1", "NX", "EX", "1"),
    ("SETEX", _FIRST, "1", "1"),
    ("INCRBY", _FIRST, "1"),
    ("EXPIRE", _FIRST, "1"),
    ("DEL", _FIRST),
    ("SCAN", "0"),
)
"""The commands of the server (wire section 7). They are queued behind MULTI, where Redis refuses
what it would refuse, and no EXEC follows: the end of the connection discards them.
"""


class _Secure(SSLConnection):
    """TLS as `net/tls.py` makes it: redis-py's own context logs keys to SSLKEYLOGFILE."""

    insecure = False

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> ssl.SSLSocket:
        context = SYSTEM.context()
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(sock, server_hostname=self.host)


class _SaidError(Exception):
    def __init__(self, fact: str, hint: str = "") -> None:
        super().__init__(fact)
        self.said = Said("failed", fact, hint)


def ask(place: Place, login: Login, role: Role, service: str = "") -> Said:
    """Ask a Redis, within a few seconds for each step. `service`: the master of a sentinel. Raises
    nothing.
    """
    try:
        return _asked(place, login, role, service)
    except _SaidError as said:
        return said.said
    except AuthenticationError:
        return _refused(login)
    except BusyLoadingError:
        return Said("cannot-tell", "it is loading its data", "try again later")
    except ResponseError:
        # Such as a replica that has lost its primary: MASTERDOWN.
        return Said("cannot-tell", "it refuses commands at present")
    except NoAnswerError:
        return Said("cannot-tell", f"no answer from here within {SECONDS:.0f} s")
    except Exception as error:  # noqa: BLE001 - no text of a library leaves
        if _comes_of(error, ssl.SSLCertVerificationError):
            hint = "the server has its own trust store: see that it knows this CA"
            return Said("cannot-tell", "its certificate is not trusted here", hint)
        fact = (
            "TLS failed from here"
            if place.tls and _comes_of(error, ssl.SSLError)
            else "not reached from here"
        )
        return Said("cannot-tell", fact)


def _asked(place: Place, login: Login, role: Role, service: str) -> Said:
    connection = _connection(place, login)
    try:
        _connect(connection, login)
        _say(connection, "PING")
        if role == "sentinel":
            return _master(connection, service)
        if role == "cluster":
            _check_slots(connection)
        return _commands(connection, role) or Said("ok", "answers, and takes the login")
    finally:
        connection.disconnect()  # type: ignore[no-untyped-call] # redis-py's


def _connection(place: Place, login: Login) -> Connection:
    kind = _Secure if place.tls else Connection
    made = kind(
        host=place.host,
        port=place.port,
        db=login.database,
        username=login.user if login.password is not None else None,
        password=login.password,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    if isinstance(made, _Secure):
        made.insecure = place.insecure
    return made


def _connect(connection: Connection, login: Login) -> None:
    """Connect, log in, select the database."""
    try:
        connection.connect()  # type: ignore[no-untyped-call] # redis-py's
    except NoPermissionError:
        raise _forbidden("SELECT") from None
    except ResponseError:
        if login.database:
            fact = f"refuses database {login.database}"
            raise _SaidError(fact, "write a database that this Redis has") from None
        raise _SaidError("refuses the login", _HINT) from None


_HINT = "correct the user and the password in the file, or in the secret that it names"


def _refused(login: Login) -> Said:
    if login.password is None:
        return Said("failed", "asks for a password, and none is set", "set its user and password")
    who = "the password" if login.user is None else f"the user {login.user} or its password"
    hint = _HINT
    if login.user == "stalwart":
        hint += "; for `requirepass` write `authUsername: null`"
    return Said("failed", f"refuses {who}", hint)


def _say(connection: Connection, *words: str) -> object:
    """The answer to a command. Raises _SaidError if the user may not run it."""
    connection.send_command(*words, check_health=False)  # type: ignore[no-untyped-call] # redis-py's
    try:
        return connection.read_response()
    except NoPermissionError as error:
        # Of a key, or of the command.
        if " key" in str(error):
            raise
        raise _forbidden(words[0]) from None


def _forbidden(command: str) -> _SaidError:
    fact = f"its ACL does not let this user run {command}"
    return _SaidError(fact, "allow this user the commands of docs/doctor.md")


def _master(connection: Connection, service: str) -> Said:
    try:
        found = _say(connection, "SENTINEL", "get-master-addr-by-name", service)
    except ResponseError:
        hint = "write the address of a sentinel: they usually listen on 26379"
        raise _SaidError("is no sentinel", hint) from None
    match found:
        case [bytes(host), bytes(port)] if port.isdigit():
            return Said("ok", "knows the master", master=(host.decode("ascii"), int(port)))
        case _:
            hint = "write the `serviceName` that the sentinels monitor"
            raise _SaidError("knows no master of this serviceName", hint)


def _check_slots(connection: Connection) -> None:
    try:
        found = _say(connection, "CLUSTER", "SLOTS")
    except ResponseError:
        raise _SaidError("is no cluster", "write '@type': Redis for a single Redis") from None
    covered = 0
    for first, last, *_ in found if isinstance(found, list) else ():
        covered += int(last) - int(first) + 1
    if covered < _SLOTS:
        fact = f"its cluster lacks {_SLOTS - covered} of {_SLOTS} slots"
        raise _SaidError(fact, "assign them: redis-cli --cluster fix")


def _commands(connection: Connection, role: Role) -> Said | None:
    """Queue the server's commands, never to be run. None if nothing speaks against them."""
    if _say(connection, "MULTI") != b"OK":
        return Said("cannot-tell", "it has no MULTI, so its commands were not tried")
    limited = False
    for words in _USED:
        try:
            if _say(connection, *words) != b"QUEUED":
                return Said("cannot-tell", "it has no MULTI, so its commands were not tried")
        except NoPermissionError:
            limited = True
        except ReadOnlyError:
            fact = "is a read-only replica"
            raise _SaidError(fact, "write the address of the primary") from None
        except ResponseError as error:
            # redis-py 5 leaves these codes in the text.
            if not isinstance(error, _OF_A_CLUSTER) and str(error).partition(" ")[0] not in _CODES:
                return Said("cannot-tell", f"it refuses {words[0]} at present")
            # Of a cluster: this slot, or the two, are not here.
            if role != "cluster":
                fact, hint = "is a node of a cluster", "write '@type': RedisCluster"
                raise _SaidError(fact, hint) from None
    if limited:
        return Said("cannot-tell", "its ACL limits the keys of this user")
    return None


def _comes_of(error: BaseException | None, kind: type[Exception]) -> bool:
    """True if an error, or one that it was raised for, is of a kind."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error is not None
