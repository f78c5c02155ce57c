"""Check a server's answer and take its method responses out of it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.errors import ServerRefused, UnexpectedAnswer
from confsync.jmap.pointer import read
from confsync.sync.outcome import Refusal, Reload
from confsync.sync.url import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from confsync.net.http import Answer

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

SINGLETON = "singleton"
ACTION = "x:Action/set"
RELOAD = "r"
"""The id of the one action in a request."""
MAX_ITEMS = 1000
_DIGITS = 20
"""Of 2^64-1, the largest whole number on the wire (section 3)."""

_STILL_ANSWERS = "the node may be locked out: see `confsync explain lock-out`"
_EDITIONS = {"oss", "community", "enterprise"}
_LONGEST_WAIT = 1e9
_LONGEST_NAME = 40
_CHECK_URL = "check that the URL is a Stalwart server, with nothing else in front of it"

# Statuses of wire section 1: what they mean, and what to do.
_STATUSES: Mapping[int, tuple[str, str]] = {
    400: ("the server rejected the request", "check that this is Stalwart 0.16.10 or later"),
    401: ("the server refused the credentials", ""),
    402: (
        "the server asks for a second factor",
        "use an API key in STALWART_TOKEN: a user name and password cannot carry a second factor",
    ),
    403: (
        "the permission authenticate is missing, or this client's address is not allowed",
        "give the account or API key the permission authenticate; check its allowed addresses",
    ),
    404: ("the server has no JMAP at /jmap/", _CHECK_URL),
    429: ("the server received too many requests", "wait, then try again"),
    500: ("the server failed internally", _STILL_ANSWERS),
}

_NOT_STALWART = (
    "the server returned an error",
    "the error is not from Stalwart: check the URL and any proxy in front of it",
)

# RFC 8620, sections 3.6.2 and 5.3, and wire section 5.
_KINDS = {
    *("accountNotFound", "accountNotSupportedByMethod", "accountReadOnly", "forbidden"),
    *("invalidArguments", "invalidPatch", "invalidProperties", "invalidResultReference"),
    *("notFound", "overQuota", "rateLimit", "requestTooLarge", "serverFail", "serverPartialFail"),
    *("serverUnavailable", "singleton", "stateMismatch", "tooLarge", "unknownMethod"),
    *("validationFailed", "willDestroy"),
    *("MaxLength", "MaxValue", "MinLength", "MinValue", "Required"),
}

_METHOD_ERRORS: Mapping[str, tuple[str, str]] = {
    "unknownMethod": (
        "the server does not know {object}",
        "check that this is Stalwart 0.16 or later",
    ),
    "serverUnavailable": ("the server is temporarily unavailable", "try again"),
}

_REFUSALS: Mapping[str, str] = {
    "validationFailed": "run `confsync schema --update`: the server has different limits",
    "invalidPatch": "the server does not know a field or value: check that it is 0.16.10 or later",
}
_NO_HINT = "check the server's log"
_INSIDE = {"serverFail", "serverPartialFail", "serverUnavailable", "unknown"}
"""Errors inside of the server: it may have reloaded."""

_SIEVE = "urn:ietf:params:jmap:sieve"
_MAY_ACT, _MAY_RELOAD = "sysActionCreate", "actionReloadSettings"


def check_status(answer: Answer) -> None:
    """Raise ServerRefused for all but 200, without the server's words: a `notRequest` answer echoes
    the whole request (wire section 1).
    """
    if answer.status == 200:  # noqa: PLR2004 - HTTP's own number
        return
    problem: dict[str, Json] = {}
    with suppress(UnexpectedAnswer):
        problem = _object(parse(answer.body))
    busy = answer.status == 400 and problem.get("limit") == "maxConcurrentRequests"  # noqa: PLR2004 - HTTP's own number
    message, hint = _STATUSES.get(answer.status, ("the server rejected the request", _CHECK_URL))
    if busy:
        message, hint = "the server has too many requests from this account at once", "try again"
    elif 300 <= answer.status < 400:  # noqa: PLR2004 - HTTP's own numbers
        message = "the server answered with a redirect, which confsync does not follow"
        hint = _CHECK_URL
    elif answer.status >= 500:  # noqa: PLR2004 - HTTP's own number
        genuine = isinstance(problem.get("type"), str) and problem.get("status") == answer.status
        message, hint = _STATUSES[500] if genuine else _NOT_STALWART
    refused = ServerRefused(f"{message} (HTTP {answer.status})", status=answer.status, hint=hint)
    refused.passing = busy or answer.status == 429  # noqa: PLR2004 - HTTP's own number
    refused.wait = retry_after(answer.headers)
    raise refused


@dataclass(frozen=True)
class Account:
    """The account that logs in: wire section 1. `edition`: of the server, empty for an unknown one.
    `permissions`: None if the answer does not list them.
    """

    edition: str
    permissions: frozenset[str] | None


def account_of(answer: Answer) -> Account:
    """Read an answer about an account. Raises ServerRefused or UnexpectedAnswer."""
    check_status(answer)
    found = _object(parse(answer.body))
    edition, listed = found.get("edition"), found.get("permissions")
    known = edition if isinstance(edition, str) and edition in _EDITIONS else ""
    if not isinstance(listed, list):
        return Account(known, None)
    return Account(known, frozenset(one for one in listed if isinstance(one, str)))


def is_stalwart(answer: Answer) -> bool:
    """True for the session document of a Stalwart server, which names itself beside its Sieve. The
    version there is not that of the server. Raises ServerRefused or UnexpectedAnswer.
    """
    if answer.status == 401:  # noqa: PLR2004 - HTTP's own number
        fact = "something in front of the server asks for credentials (HTTP 401)"
        raise UnexpectedAnswer(fact, hint=_CHECK_URL)
    check_status(answer)
    known = _object(_object(parse(answer.body)).get("capabilities"), "capabilities")
    sieve = known.get(_SIEVE)
    named = sieve.get("implementation") if isinstance(sieve, dict) else None
    return isinstance(named, str) and named.startswith("Stalwart ")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`, or until its date (RFC 9110, section 10.2.3); None if invalid."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), _LONGEST_WAIT)
    try:
        until, now = (
            found.replace(tzinfo=found.tzinfo or UTC)
            for found in map(parsedate_to_datetime, (asked, headers.get("date", "")))
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (until - now).total_seconds())


def responses(answer: Answer, calls: tuple[tuple[str, str], ...]) -> tuple[dict[str, Json], ...]:
    """The arguments of each call's response, in the order of the calls.

    `calls` are pairs of method and call id. A method error is returned as
    `{"error": TYPE, "method": METHOD}`. Raises ServerRefused or UnexpectedAnswer.
    """
    check_status(answer)
    listed = _object(parse(answer.body)).get("methodResponses")
    if not isinstance(listed, list) or len(listed) != len(calls):
        raise _unexpected("not one response for each call")
    found: list[dict[str, Json]] = []
    for response, (method, call) in zip(listed, calls, strict=True):
        if not (isinstance(response, list) and len(response) == 3 and response[2] == call):  # noqa: PLR2004 - RFC 8620, section 3.2
            raise _unexpected("not the call ids that were sent")
        name, arguments = response[0], _object(response[1])
        if name not in ("error", method):
            raise _unexpected("not the methods that were called")
        arguments.pop("error", None)
        error: dict[str, Json] = {"error": _kind(arguments.get("type")), "method": method}
        found.append(error if name == "error" else arguments)
    return tuple(found)


def raise_method_error(arguments: Mapping[str, Json]) -> None:
    """Raise ServerRefused if a response is a method error."""
    kind = arguments.get("error")
    if isinstance(kind, str):
        message, hint = _method_error(kind, arguments)
        raise ServerRefused(f"{message} ({kind})", status=200, hint=hint)


def reload_end(arguments: Mapping[str, Json]) -> Reload:
    """The end of a ReloadSettings: objects page, section 3. Raises UnexpectedAnswer."""
    kind = arguments.get("error")
    if isinstance(kind, str):
        fact, hint = _method_error(kind, arguments)
        result: Literal["failed", "unknown"] = "unknown" if kind in _INSIDE else "failed"
        return Reload(result, f"{fact} ({kind})", hint)
    created, refused = (
        {} if arguments.get(name) is None else _object(arguments[name], name)
        for name in ("created", "notCreated")
    )
    if (RELOAD in created) == (RELOAD in refused):
        raise _unexpected("neither a reload nor a refusal, or both")
    if RELOAD in created:
        return Reload("done")
    found = _object(refused[RELOAD], f"notCreated/{RELOAD}")
    kind = _kind(found.get("type"))
    if kind == "forbidden":
        return Reload("failed", *_missing(_MAY_RELOAD))
    named = found.get("objectId")
    name, key = (
        (named.get(one) for one in ("object", "id")) if isinstance(named, dict) else ("", "")
    )
    if _is_name(name):
        which = str(name) if key == SINGLETON or not _is_name(key) else f"{name} {key}"
        fact = f"it cannot build {which} from its settings"
        return Reload("failed", fact, f"correct {which} on the server")
    if kind in _INSIDE:
        return Reload("unknown", f"the server failed internally ({kind})", _NO_HINT)
    return Reload("failed", f"the server refused it ({kind})", _NO_HINT)


def _is_name(value: Json) -> bool:
    """True for a name that can only be a word, to whoever reads it."""
    known = isinstance(value, str) and value.isascii() and value.isalnum()
    return known and len(str(value)) <= _LONGEST_NAME


def _missing(permission: str) -> tuple[str, str]:
    """Fact and hint for a missing permission."""
    hint = f"give the account or API key the permission {permission}"
    return f"the permission {permission} is missing", hint


def _method_error(kind: str, arguments: Mapping[str, Json]) -> tuple[str, str]:
    """Fact and hint for a method error. `forbidden`: one permission (wire section 2)."""
    if kind != "forbidden":
        method = str(arguments.get("method"))
        fact, hint = _METHOD_ERRORS.get(kind, (f"the server rejected {method}", _CHECK_URL))
        return fact.format(object=_object_of(method)), hint
    if arguments.get("method") == ACTION:
        return _missing(_MAY_ACT)
    return _missing(_permission(arguments))


def _permission(arguments: Mapping[str, Json]) -> str:
    """The permission for the method of a response."""
    method = str(arguments.get("method"))
    return permissions_of(_object_of(method))[0 if method.endswith("/get") else 1]


def permissions_of(name: str) -> tuple[str, str]:
    """The permissions to read and to update an object: wire section 2."""
    return f"sys{name}Get", f"sys{name}Update"


def _object_of(method: str) -> str:
    return method.removeprefix("x:").partition("/")[0]


def raise_missing_permissions(answers: Iterable[Mapping[str, Json]]) -> None:
    """Raise one ServerRefused with the permissions of all calls that were forbidden, each once."""
    forbidden = {_permission(one): one for one in answers if one.get("error") == "forbidden"}
    if len(forbidden) == 1:
        raise_method_error(*forbidden.values())
    if forbidden:
        hint = "give the account or API key these permissions"
        fact = f"{len(forbidden)} permissions are missing: {', '.join(forbidden)} (forbidden)"
        raise ServerRefused(fact, status=200, hint=hint)


def the_object(arguments: Mapping[str, Json]) -> dict[str, Json]:
    """The singleton that a get returned. Raises ServerRefused or UnexpectedAnswer."""
    raise_method_error(arguments)
    listed, missing = arguments.get("list"), arguments.get("notFound")
    if not isinstance(listed, list) or len(listed) != 1:
        raise _unexpected("list is not exactly one object")
    if missing not in (None, []):
        raise _unexpected("notFound is not empty")
    found = _object(listed[0])
    if found.get("id") != SINGLETON:
        raise _unexpected(f"list/0/id is not {SINGLETON}")
    return found


def refusal(arguments: Mapping[str, Json]) -> Refusal | None:
    """The refusal of an update, or None if it was stored. Raises UnexpectedAnswer."""
    kind = arguments.get("error")
    if isinstance(kind, str):
        hint = _method_error(kind, arguments)[1]
        return Refusal(kind, hint if kind in {"forbidden", *_METHOD_ERRORS} else _NO_HINT)
    # RFC 8620, section 5.3: either map may be null or missing.
    updated, refused = (
        {} if arguments.get(name) is None else _object(arguments[name], name)
        for name in ("updated", "notUpdated")
    )
    if (SINGLETON in updated) == (SINGLETON in refused):
        raise _unexpected("neither an update nor a refusal, or both")
    if SINGLETON in updated:
        # RFC 8620, section 5.3: null, or other members that the server set.
        if updated[SINGLETON] is not None:
            _object(updated[SINGLETON], f"updated/{SINGLETON}")
        return None
    found = _object(refused[SINGLETON], f"notUpdated/{SINGLETON}")
    properties, errors = (_list(found, name) for name in ("properties", "validationErrors"))
    kind = _kind(found.get("type"))
    # A member of a set may hold a password.
    pointers = (masked("/".join(read(one))) for one in properties if isinstance(one, str))
    limits = (_validation(error) for error in errors if isinstance(error, dict))
    return Refusal(kind, _REFUSALS.get(kind, _NO_HINT), tuple(pointers), tuple(limits))


def parse(body: bytes) -> Json:
    """The JSON of a body. Raises UnexpectedAnswer, also for a name that stands twice."""
    try:
        parsed: Json = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            # A number too long for any field becomes a float, which no field takes.
            parse_int=lambda digits: int(digits) if len(digits) <= _DIGITS else float(digits),
            parse_constant=int,  # a ValueError for NaN and Infinity
        )
    except (ValueError, RecursionError):
        raise UnexpectedAnswer("the answer is not JSON", hint=_CHECK_URL) from None
    return parsed


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _object(value: Json, path: str = "it") -> dict[str, Json]:
    if not isinstance(value, dict):
        raise _unexpected(f"{path} is not an object")
    return value


def _list(details: Mapping[str, Json], name: str) -> list[Json]:
    value = [] if details.get(name) is None else details[name]
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise _unexpected(f"notUpdated/{SINGLETON}/{name} is not a list of at most 1,000 items")
    return value


def _kind(value: Json) -> str:
    """The type of an error; "unknown" for an unknown one, which could be any text."""
    return value if isinstance(value, str) and value in _KINDS else "unknown"


def _validation(error: dict[str, Json]) -> str:
    kind, name, limit = (error.get(key) for key in ("type", "property", "required"))
    bound = f" {limit}" if isinstance(limit, int) and not isinstance(limit, bool) else ""
    return f"{name if _is_name(name) else 'unnamed'}: {_kind(kind)}{bound}"


def _unexpected(what: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"the answer is not Stalwart's JMAP: {what}", hint=_CHECK_URL)
