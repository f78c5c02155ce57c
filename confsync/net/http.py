"""One request, one answer, over HTTP/1.1: bounded in time and size, no redirects, no proxy."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Self

import httpx

from confsync.errors import ConnectionFailed, ConnectionLost, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.net.endpoint import Endpoint

MAX_ANSWER = 8 * 1024 * 1024
DEADLINE = 30.0
"""Seconds that a request may take in all, its answer included."""
HURRY = 2.5
"""Seconds for what is left to do after an interrupt: the update's answer, and one more reading."""


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """A connection to one origin, which it never leaves. Certificates are checked against the
    system's trust store.

    Requests run in threads of their own, so that the deadline holds whatever the server does, and
    a signal can be heard while one is under way.
    """

    def __init__(self, endpoint: Endpoint, *, deadline: float = DEADLINE) -> None:
        self._endpoint = endpoint
        self._deadline = deadline
        secure = endpoint.origin.startswith("https:")
        self._client = httpx.Client(
            base_url=endpoint.origin,
            verify=ssl.create_default_context() if secure else False,
            trust_env=False,
            follow_redirects=False,
            # A connection that does not come about ends first: then nothing was sent, for certain.
            timeout=httpx.Timeout(deadline, connect=deadline * 0.8),
            headers={"Accept-Encoding": "identity", "User-Agent": "confsync"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], *, finish: bool = False
    ) -> Answer:
        """Send a body and read the answer whole.

        With `finish` a first interrupt does not end it: the answer is waited for, for some seconds
        more, and later requests have as little time. Raises ConnectionFailed where the request was
        certainly not sent, ConnectionLost where it may have arrived, UnexpectedAnswer for an
        answer over 8 MiB.
        """
        results: SimpleQueue[Answer | Exception] = SimpleQueue()

        def work() -> None:
            try:
                results.put(self._post(path, body, headers))
            except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
                results.put(error)

        worker = Thread(target=work, daemon=True)
        try:
            worker.start()
            result = self._wait(results)
        except KeyboardInterrupt:
            if not finish:
                raise
            self._deadline = min(self._deadline, HURRY)
            result = self._wait(results)
        if isinstance(result, Exception):
            raise result
        return result

    def _wait(self, results: SimpleQueue[Answer | Exception]) -> Answer | Exception:
        try:
            return results.get(timeout=self._deadline)
        except Empty:
            return self._late()

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            with self._client.stream("POST", path, content=body, headers=dict(headers)) as response:
                return Answer(
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    _body(response),
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ConnectionFailed(
                f"cannot connect to {self._endpoint.origin}{_reason(error)}",
                hint="check the URL, the name server and the firewall",
            ) from None
        except httpx.TimeoutException:
            raise self._late() from None
        except (httpx.TransportError, httpx.StreamError):
            raise ConnectionLost(
                f"the connection to {self._endpoint.origin} broke before an answer came",
                hint="is this the server's HTTP port?",
            ) from None
        except httpx.InvalidURL:
            raise ConnectionFailed(
                "the server's URL is no URL", hint="write https://HOST"
            ) from None

    def _late(self) -> ConnectionLost:
        return ConnectionLost(
            f"no answer from {self._endpoint.origin} within {self._deadline:g} s",
            hint="the server may be overloaded, or something on the way drops packets",
        )


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_ANSWER:
            raise UnexpectedAnswer(
                "the answer is larger than 8 MiB",
                hint="no Stalwart server answers so: is this URL the server's?",
            )
    return bytes(body)


def _reason(error: httpx.TransportError) -> str:
    """What the system said of it, in our words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ": its certificate is not trusted by this system, or is for another name"
        if isinstance(cause, ssl.SSLError):
            return ": it does not speak TLS there"
        if isinstance(cause, ConnectionRefusedError):
            return ": nothing listens there"
        if type(cause).__name__ == "gaierror":
            return ": the name is not known"
        cause = cause.__cause__ or cause.__context__
    return ""
