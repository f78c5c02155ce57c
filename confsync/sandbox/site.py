"""Answers to HTTP requests (wire section 1): values in, values out."""

from __future__ import annotations

import ipaddress
import json
import re
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from confsync.sandbox.accounts import USER, Accounts, listed
from confsync.sandbox.body import read
from confsync.sandbox.methods import AUTHENTICATE, Call, Caller, answer
from confsync.sandbox.session import MOST_CALLS, MOST_REQUESTS, STATE, capabilities, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confsync.sandbox.fields import Json
    from confsync.sandbox.storage import Storage

_TEMPORARY = HTTPStatus.TEMPORARY_REDIRECT
_ZIPPED = (
    ("Content-Type", "application/json"),
    ("Content-Encoding", "gzip"),
    ("Cache-Control", "public, max-age=31536000, immutable"),
)
_BAD = HTTPStatus.BAD_REQUEST
_ERROR = "urn:ietf:params:jmap:error:"
_CHALLENGES = (
    'Bearer realm="Stalwart Server", resource_metadata="/.well-known/oauth-protected-resource"',
    'Basic realm="Stalwart Server"',
)
# Any other name of one part is taken for a web application.
_WEB_APPLICATION = re.compile(r"/(?!api$|jmap$)[^/]+")
_AUTHORITY = re.compile(r"(?:(?P<host>[A-Za-z0-9.-]+)|\[(?P<six>[0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?")
_SCHEMA = "/api/schema"


@dataclass(frozen=True, slots=True)
class Question:
    """A request, its header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of an answer."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    body: bytes


class HttpError(Exception):
    """What is wrong with a request. Its answer is `application/problem+json`."""

    def __init__(self, status: HTTPStatus, **members: object) -> None:
        super().__init__()
        headers = [("Content-Type", "application/problem+json")]
        if status is HTTPStatus.UNAUTHORIZED:
            headers += [("WWW-Authenticate", challenge) for challenge in _CHALLENGES]
        content = {"type": "about:blank", "status": int(status), **members}
        self.answer = Answer(status, tuple(headers), _bytes(content))


@dataclass(frozen=True, slots=True)
class Site:
    """Everything behind the socket."""

    storage: Storage
    accounts: Accounts
    edition: str
    _running: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def takes_body(self, question: Question) -> bool:
        """True if the body of a request counts: a POST to JMAP by a user who may log in."""
        if _ROUTES.get((question.method, question.path.partition("?")[0])) is not Site.jmap:
            return False
        caller = self.accounts.caller(question.headers.get("authorization"))
        return caller is not None and caller.may(AUTHENTICATE)

    def answer(self, question: Question) -> Answer:
        """Answer a request. Raises `rules.Dropped` where the server closes the connection."""
        path = question.path.partition("?")[0]
        try:
            if route := _ROUTES.get((question.method, path)):
                return route(self, question)
            if question.method == "GET" and path.startswith(f"{_SCHEMA}/"):
                return self.schema(question)
        except HttpError as error:
            return error.answer
        if question.method == "GET" and _WEB_APPLICATION.fullmatch(path):
            return _redirect(HTTPStatus.FOUND, f"{path}/")
        return HttpError(HTTPStatus.NOT_FOUND, title="Not Found", detail="nothing is here").answer

    def jmap(self, question: Question) -> Answer:
        """Answer the calls of `POST /jmap/`."""
        caller = self._caller(question)
        content_type = question.headers.get("content-type", "").partition(";")[0]
        if content_type.strip().lower() != "application/json":
            detail = "the content type is not application/json"
            raise HttpError(_BAD, type=f"{_ERROR}notJSON", detail=detail)
        calls = _calls(question.body)
        if len(calls) > MOST_CALLS:
            raise too_much("maxCallsInRequest")
        with self._turn(caller):
            responses = [answer(call, caller, self.storage) for call in calls]
        return _json({"methodResponses": responses, "sessionState": STATE})

    def session(self, question: Question) -> Answer:
        """Answer `GET /jmap/session`; that works without credentials too."""
        if "authorization" not in question.headers:
            return _json(session("", None))
        return _json(session(USER, self._caller(question).account))

    def account(self, question: Question) -> Answer:
        """Answer `GET /api/account`."""
        permissions = listed(self._caller(question), self.storage.schema)
        return _json({"permissions": permissions, "edition": self.edition, "locale": "en_US"})

    def schema(self, question: Question) -> Answer:
        """Answer `GET /api/schema`, which leads to its hash, and that (objects.md, section 3)."""
        self._caller(question)
        schema = self.storage.schema
        location = f"{_SCHEMA}/{schema.hash}"
        if question.path.partition("?")[0] == location:
            return Answer(HTTPStatus.OK, _ZIPPED, schema.zipped)
        return _redirect(HTTPStatus.FOUND, location)

    def _caller(self, question: Question) -> Caller:
        caller = self.accounts.caller(question.headers.get("authorization"))
        if caller is None:
            detail = "no valid credentials"
            raise HttpError(HTTPStatus.UNAUTHORIZED, title="Unauthorized", detail=detail)
        if not caller.may(AUTHENTICATE):
            raise HttpError(HTTPStatus.FORBIDDEN, title="Forbidden", detail="it may not log in")
        return caller

    @contextmanager
    def _turn(self, caller: Caller) -> Iterator[None]:
        with self._lock:
            if self._running[caller.account] >= MOST_REQUESTS:
                raise too_much("maxConcurrentRequests")
            self._running[caller.account] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[caller.account] -= 1


def foreign(question: Question) -> Answer | None:
    """Refuse what a web page in a browser may have sent: a `Host` that is not loopback (DNS
    rebinding), or the `Origin` of another page.

    The port of the `Host` may be another one: that of a tunnel, or of what ends TLS.
    """
    host = question.headers.get("host", "")
    if not _is_loopback(host):
        return HttpError(HTTPStatus.MISDIRECTED_REQUEST, detail="another Host is named").answer
    origin = question.headers.get("origin")
    if origin is not None and origin not in {f"http://{host}", f"https://{host}"}:
        return HttpError(HTTPStatus.FORBIDDEN, detail="a page from elsewhere asks").answer
    return None


def _is_loopback(authority: str) -> bool:
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return False
    host, six = found["host"] or "", found["six"]
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(six or host).is_loopback
    except ValueError:
        return False


def bad_request() -> HttpError:
    """Refuse a body that is framed in no way that HTTP knows."""
    return HttpError(_BAD, detail="the body's length is not valid")


def _calls(body: bytes) -> list[Call]:
    """Read the method calls of a request; the error for an invalid body holds it whole."""
    detail = body.decode(errors="replace")
    not_request = HttpError(_BAD, type=f"{_ERROR}notRequest", detail=detail)
    try:
        request = read(body)
    except ValueError:
        raise not_request from None
    if not isinstance(request, dict):
        raise not_request
    using, calls = request.get("using"), request.get("methodCalls")
    if not isinstance(using, list) or not isinstance(calls, list):
        raise not_request
    if not all(isinstance(name, str) and name in capabilities() for name in using):
        raise not_request
    found: list[Call] = []
    for call in calls:
        match call:
            case [str(name), dict(arguments), str(call_id)]:
                found.append(Call(name, arguments, call_id))
            case _:
                raise not_request
    return found


def too_much(name: str) -> HttpError:
    """Refuse what is over a limit."""
    return HttpError(_BAD, type=f"{_ERROR}limit", detail="over a limit", limit=name)


def _json(content: Json) -> Answer:
    headers = (("Content-Type", "application/json; charset=utf-8"),)
    return Answer(HTTPStatus.OK, headers, _bytes(content))


def _redirect(status: HTTPStatus, location: str) -> Answer:
    return Answer(status, (("Location", location),), b"")


def _bytes(content: Json) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


_ROUTES: dict[tuple[str, str], Callable[[Site, Question], Answer]] = {
    ("POST", "/jmap"): Site.jmap,
    ("POST", "/jmap/"): Site.jmap,
    ("GET", "/jmap/session"): Site.session,
    ("GET", "/.well-known/jmap"): lambda *_: _redirect(_TEMPORARY, "/jmap/session"),
    ("GET", "/api/account"): Site.account,
    ("GET", _SCHEMA): Site.schema,
}
