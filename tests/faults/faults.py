"""The ways to fail, one function each: what the server does with a request of its moment.

At a read a fault of an update says to the read what it would say to the update.
"""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.server import Request

THEIRS: Mapping[str, object] = {"timeout": 7000}
"""What somebody else changes, beside what the update changes."""
SAME: Mapping[str, object] = {"serviceName": "theirs"}
"""What somebody else changes where the update changes it too."""


@dataclass(frozen=True)
class _Fault:
    name: str
    act: Callable[[Request], bool | None]
    blind: bool = False
    refuses: bool = False

    def __call__(self, request: Request) -> bool:
        return bool(self.act(request))


FAULTS: dict[str, _Fault] = {}


def fault(
    *, blind: bool = False, refuses: bool = False
) -> Callable[[Callable[[Request], bool | None]], Callable[[Request], bool | None]]:
    """Take a function up as a fault, by its name."""

    def taken(act: Callable[[Request], bool | None]) -> Callable[[Request], bool | None]:
        name = act.__name__.replace("_", " ")
        FAULTS[name] = _Fault(name, act, blind, refuses)
        return act

    return taken


# Connections


@fault(blind=True, refuses=True)
def refused(request: Request) -> None:
    request.reset()


@fault(blind=True)
def reset_before(request: Request) -> None:
    """Before the body. The client sends the head in one piece."""
    request.connection.recv(1)
    request.reset()


@fault(blind=True)
def reset_during(request: Request) -> None:
    request.head()
    request.byte()
    request.reset()


@fault()
def reset_after(request: Request) -> None:
    request.reset()


@fault()
def closed_after(request: Request) -> None:
    """Nothing is done, and the connection is closed in order."""
    del request


@fault()
def effect_without_answer(request: Request) -> None:
    request.do()


@fault()
def effect_and_reset(request: Request) -> None:
    request.do()
    request.reset()


@fault()
def no_answer(request: Request) -> None:
    request.hold()


@fault()
def effect_and_no_answer(request: Request) -> None:
    request.do()
    request.hold()


# Answers that are no HTTP, or not whole


@fault()
def no_http(request: Request) -> None:
    request.do()
    request.raw(b"SSH-2.0-Whatever\r\n")


@fault()
def half_an_answer(request: Request) -> None:
    whole = _done(request)
    request.raw(request.headed(whole, len(whole))[: len(whole) // 2])


@fault()
def half_an_answer_and_silence(request: Request) -> None:
    whole = _done(request)
    request.raw(request.headed(whole, len(whole))[: len(whole) // 2])
    request.hold()


@fault()
def slow_drip(request: Request) -> None:
    whole = _done(request)
    for byte in request.headed(whole, len(whole)):
        request.raw(bytes([byte]))
        time.sleep(0.05)


@fault()
def length_too_large(request: Request) -> None:
    whole = _done(request)
    request.raw(request.headed(whole, len(whole) + 10))


@fault()
def length_too_small(request: Request) -> None:
    whole = _done(request)
    request.raw(request.headed(whole, len(whole) - 10))


@fault()
def huge(request: Request) -> None:
    whole = _done(request)
    request.body(whole + b" " * 9_000_000)


@fault()
def compressed(request: Request) -> None:
    request.body(gzip.compress(_done(request)), 200, "Content-Encoding: gzip")


# Answers that are no JSON, or no JMAP


@fault()
def wrong_type(request: Request) -> None:
    """A page of something in front of the server, which does not ask it."""
    request.body(b"<!DOCTYPE html><title>Log in</title>", kind="text/html")


@fault()
def truncated_JSON(request: Request) -> None:  # noqa: N802 - its name is shown
    request.body(_done(request)[:-5])


@fault()
def duplicate_keys(request: Request) -> None:
    request.body(_done(request).replace(b'"sessionState"', b'"methodResponses": [], "s"'))


@fault()
def not_a_number(request: Request) -> None:
    request.body(_done(request).replace(b'"s"}', b"NaN}"))


@fault()
def deep_nesting(request: Request) -> None:
    request.do()
    request.body(b"[" * 100_000 + b"]" * 100_000)


@fault()
def not_UTF_8(request: Request) -> None:  # noqa: N802 - its name is shown
    request.body(_done(request).replace(b'"s"}', b'"\xff"}'))


@fault()
def JSON_of_another_kind(request: Request) -> None:  # noqa: N802 - its name is shown
    request.do()
    request.body(b'["methodResponses"]')


@fault()
def wrong_call_ids(request: Request) -> None:
    request.say([[name, arguments, "x"] for name, arguments, _ in request.do()])


@fault()
def wrong_methods(request: Request) -> None:
    request.say([["x:Other/get", arguments, call] for _, arguments, call in request.do()])


@fault()
def a_response_missing(request: Request) -> None:
    request.say(request.do()[:-1])


@fault()
def a_response_too_many(request: Request) -> None:
    responses = request.do()
    request.say([*responses, responses[0]])


@fault()
def responses_in_another_order(request: Request) -> bool:
    responses = request.do()
    request.say(responses[::-1])
    return len(responses) == 1


@fault()
def no_object(request: Request) -> None:
    request.say(_with_list(request.do(), lambda _: []))


@fault()
def two_objects(request: Request) -> None:
    request.say(_with_list(request.do(), lambda listed: listed * 2))


# Methods that fail


def _method_error(kind: str) -> None:
    def failing(request: Request) -> None:
        """The set fails and the gets around it do not; a read fails."""
        gets = [call for call in request.calls if call[0].endswith("/get")]
        answers = iter(request.server.do(gets) if request.sets else [])
        request.say(
            [
                next(answers)
                if request.sets and name.endswith("/get")
                else ["error", {"type": kind, "description": "words"}, call]
                for name, _, call in request.calls
            ]
        )

    failing.__name__ = f"error_{kind}"
    fault()(failing)


for _kind in (
    *("unknownMethod", "invalidArguments", "forbidden", "requestTooLarge", "serverUnavailable"),
    *("serverFail", "somethingNew"),
):
    _method_error(_kind)


def _not_updated(kind: str, **details: object) -> None:
    def refusing(request: Request) -> None:
        refusal = {"singleton": {"type": kind, "description": "words", **details}}
        request.say(_instead(request, {"accountId": "a", "notUpdated": refusal}))

    refusing.__name__ = f"notUpdated_{kind}"
    fault()(refusing)


_not_updated("invalidPatch", properties=["serviceName"])
_not_updated(
    "validationFailed",
    validationErrors=[{"type": "MaxValue", "property": "poolMaxConnections", "required": 8}],
)
_not_updated("notFound")
_not_updated("singleton")
_not_updated("somethingNew")


@fault()
def neither_updated_nor_not(request: Request) -> None:
    request.say(_instead(request, {"accountId": "a"}))


@fault()
def success_without_effect(request: Request) -> None:
    request.say(_instead(request, {"accountId": "a", "updated": {"singleton": None}}))


@fault()
def effect_and_refusal(request: Request) -> None:
    refusal = {"singleton": {"type": "invalidPatch", "properties": ["serviceName"]}}
    request.say(
        [
            [name, {"accountId": "a", "notUpdated": refusal}, call]
            if name.endswith("/set") or not request.sets
            else [name, arguments, call]
            for name, arguments, call in request.do()
        ]
    )


@fault()
def effect_and_failure_inside(request: Request) -> None:
    request.say(
        [
            ["error", {"type": "serverUnavailable"}, call]
            if name.endswith("/set") or not request.sets
            else [name, arguments, call]
            for name, arguments, call in request.do()
        ]
    )


# Somebody else


@fault()
def foreign_change_before(request: Request) -> bool:
    request.server.foreign(THEIRS)
    request.say(request.do())
    return True


@fault()
def foreign_change_between(request: Request) -> bool:
    """Between the first get and the set of an update; after the get of a read."""
    first, others = request.calls[:1], request.calls[1:]
    responses = request.server.do(first)
    request.server.foreign(THEIRS)
    request.say([*responses, *(request.server.do(others) if others else ())])
    return True


@fault()
def foreign_change_after(request: Request) -> bool:
    """Between the set of an update and the last get; after the get of a read."""
    *others, last = request.calls
    responses = request.server.do(others) if others else request.server.do([last])
    request.server.foreign(THEIRS)
    request.say([*responses, *(request.server.do([last]) if others else ())])
    return True


@fault()
def foreign_change_of_the_same(request: Request) -> bool:
    request.server.foreign(SAME)
    request.say(request.do())
    return True


# HTTP


def _status(status: int, *more: str, name: str = "", effect: bool = False) -> None:
    def saying(request: Request) -> None:
        if effect:
            request.do()
        detail = json.dumps(request.calls)
        echo = json.dumps({"type": "about:blank", "status": status, "detail": detail})
        request.body(echo.encode(), status, *more, kind="application/problem+json")

    saying.__name__ = name or f"status_{status}"
    fault()(saying)


_status(301, "Location: http://127.0.0.1:1/")
_status(307, "Location: /elsewhere")
for _code in (400, 401, 402, 403, 404):
    _status(_code)
_status(429)
_status(429, "Retry-After: 1", name="status_429_with_a_wait")
_status(429, "Retry-After: 600", name="status_429_with_a_long_wait")
for _code in (500, 502, 503):
    _status(_code)
_status(500, effect=True, name="effect_and_status_500")


def _done(request: Request) -> bytes:
    """The right answer's body, after doing what is asked."""
    return json.dumps({"methodResponses": request.do(), "sessionState": "s"}).encode()


def _instead(request: Request, result: object) -> list[Any]:
    """Responses with a result in the place of the set's, without doing it; a read gets it too."""
    gets = [call for call in request.calls if call[0].endswith("/get")]
    answers = iter(request.server.do(gets))
    return [
        next(answers) if request.sets and name.endswith("/get") else [name, result, call]
        for name, _, call in request.calls
    ]


def _with_list(responses: list[Any], change: Callable[[list[Any]], list[Any]]) -> list[Any]:
    return [
        [name, {**arguments, "list": change(arguments["list"])}, call]
        if "list" in arguments
        else [name, arguments, call]
        for name, arguments, call in responses
    ]
