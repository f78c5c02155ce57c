"""Replay recordings of a Stalwart server against a server, and count where it answers alike.

    python tests/replay.py FILE... --url http://127.0.0.1:8080 [--user admin] [--keys FILE] [-v]

FILE is any of the recordings of tests/wire, plain or gzipped. The password is read from the
environment, REPLAY_PASSWORD; without it, it is the sandbox's. Recordings of API keys need `--keys`:
a JSON file that maps each key to the list of its permissions.

What is stored on the server is replaced. A recording agrees if status, headers and the whole answer
do, the order of members included, and what get returns before and after it. Human texts (`<text>`)
may be any text, and account ids and session states any word.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import http.client
import json
import os
import sys
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import urlsplit

Json = dict[str, object]

USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]
GET: list[object] = ["x:InMemoryStore/get", {"ids": ["singleton"]}]
CHOSEN_BY_THE_SERVER = {"accountId", "sessionState"}
SHOWN = 10


class Answer(NamedTuple):
    """What came back; `dropped` if the server closed the connection instead."""

    status: int | None
    headers: Json
    body: object
    dropped: bool = False


class Remote:
    """One kept connection to a server."""

    def __init__(self, url: str, user: str, password: str, keys: dict[str, list[str]]) -> None:
        parts = urlsplit(url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(parts.hostname or "", parts.port, timeout=30)
        self._user, self._password, self._keys = user, password, keys

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def basic(self, password: str | None = None) -> str:
        """Make the `Authorization` of the user."""
        words = f"{self._user}:{self._password if password is None else password}"
        return "Basic " + base64.b64encode(words.encode()).decode()

    def bearer(self, permissions: list[str]) -> str:
        """Make the `Authorization` of the key that has exactly these permissions."""
        for key, held in self._keys.items():
            if set(held) == set(permissions):
                return f"Bearer {key}"
        sys.exit(f"no key has the permissions {', '.join(permissions)}\nhint: --keys FILE")

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        authorization: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request. A body that is text goes as it is, anything else as JSON."""
        sent = dict(headers or {})
        data = None
        if body is not None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            sent.setdefault("Content-Type", "application/json")
        if authorization is not None:
            sent["Authorization"] = authorization
        try:
            self._connection.request(method, path, data, sent)
            response = self._connection.getresponse()
            text = response.read().decode()
        except (http.client.HTTPException, ConnectionError):
            self._connection.close()
            return Answer(None, {}, None, dropped=True)
        got: Json = {
            "contentType": response.getheader("Content-Type"),
            "location": response.getheader("Location"),
            "wwwAuthenticate": response.headers.get("WWW-Authenticate"),
        }
        return Answer(response.status, got, json.loads(text) if text else {"_raw": ""})

    def call(self, calls: list[list[object]], authorization: str | None = None) -> Answer:
        """Send method calls, as the user if nobody else is named."""
        numbered = [call if len(call) > 2 else [*call, f"c{n}"] for n, call in enumerate(calls)]
        body = {"using": USING, "methodCalls": numbered}
        return self.ask("POST", "/jmap/", body, authorization or self.basic())

    def arguments(self, calls: list[list[object]]) -> list[Json]:
        """Send method calls as the user, and take the arguments of each answer."""
        body = self.call(calls).body
        if not isinstance(body, dict) or "methodResponses" not in body:
            sys.exit("the server does not answer method calls: are the credentials right?")
        return [cast("Json", response[1]) for response in body["methodResponses"]]


def replay(remote: Remote, line: Json) -> dict[str, tuple[object, object]]:
    """Replay one recording; what differed, as recorded and as answered."""
    if "patch" in line:
        return _random_update(remote, line)
    if "permissions" in line:
        return _permissions(remote, line)
    if line["group"] == "http":
        return _request(remote, line)
    return _method_calls(remote, line)


def _random_update(remote: Remote, line: Json) -> dict[str, tuple[object, object]]:
    answers = remote.arguments([*_start(line["start"]), GET, _update(line["patch"]), GET])
    started, before, result, after = answers[-4:]
    return _differences(
        ("startResult", line["startResult"], _outcome(started)),
        ("before", line["before"], _only(before)),
        ("result", line["result"], _outcome(result)),
        ("after", line["after"], _only(after)),
    )


def _method_calls(remote: Remote, line: Json) -> dict[str, tuple[object, object]]:
    before = remote.arguments([*_start(line["start"]), GET])[-1]
    answer = remote.call(cast("list[list[object]]", line["methodCalls"]))
    after = remote.arguments([GET])[-1]
    return _differences(
        ("before", line["before"], _only(before)),
        *_answered(line, answer),
        ("after", line["after"], _only(after)),
    )


def _request(remote: Remote, line: Json) -> dict[str, tuple[object, object]]:
    request = cast("Json", line["request"])
    authorization = {
        "none": None,
        "valid": remote.basic(),
        "invalid": "Bearer wrong" if "bearer" in str(line["name"]) else remote.basic("wrong"),
    }[str(request["auth"])]
    answer = remote.ask(
        str(request["method"]),
        str(request["path"]),
        request["body"],
        authorization,
        cast("dict[str, str]", request["headers"]),
    )
    differences = _differences(*_answered(line, answer))
    echoed = isinstance(answer.body, dict) and answer.body.get("detail")
    if cast("Json", line["response"]).get("detail") == "<request body>":
        body = request["body"]
        sent = body if isinstance(body, str) else json.dumps(body)
        differences |= _differences(("detail", sent, echoed))
    return differences


def _permissions(remote: Remote, line: Json) -> dict[str, tuple[object, object]]:
    authorization = remote.bearer(cast("list[str]", line["permissions"]))
    remote.arguments(_start({"@type": "Redis"}))
    if "path" in line:
        answer = remote.ask(str(line["method"]), str(line["path"]), None, authorization)
    else:
        answer = remote.call(cast("list[list[object]]", line["methodCalls"]), authorization)
    body = answer.body
    if isinstance(body, dict) and "methodResponses" in body:
        body = {"methodResponses": [response[:2] for response in body["methodResponses"]]}
    return _differences(
        ("status", line["status"], answer.status), ("response", line["response"], body)
    )


def _answered(line: Json, answer: Answer) -> list[tuple[str, object, object]]:
    if "dropped" in line:
        return [("dropped", True, answer.dropped)]
    return [
        ("status", line["status"], answer.status),
        *((name, line[name], value) for name, value in answer.headers.items()),
        ("response", line["response"], answer.body),
    ]


def _start(start: object) -> list[list[object]]:
    """Store something of another variant first, so that defaults fill what `start` leaves out."""
    other = "Redis" if cast("Json", start)["@type"] == "Default" else "Default"
    return [_update({"@type": other}), _update(start)]


def _update(patch: object) -> list[object]:
    return ["x:InMemoryStore/set", {"update": {"singleton": patch}}]


def _only(got: Json) -> object:
    found = cast("list[object]", got.get("list") or [None])
    return found[0]


def _outcome(got: Json) -> Json:
    """Leave out of a set's answer what random recordings do not hold."""
    outcome = {name: value for name, value in got.items() if name != "accountId"}
    for refused in cast("Json", outcome.get("notUpdated", {})).values():
        cast("Json", refused).pop("description", None)
    return outcome


def _differences(*pairs: tuple[str, object, object]) -> dict[str, tuple[object, object]]:
    return {name: (want, got) for name, want, got in pairs if not _agree(want, got)}


def _agree(want: object, got: object) -> bool:
    if want in ("<text>", "<request body>"):
        return isinstance(got, str) and got != ""
    if isinstance(want, dict) and isinstance(got, dict):
        return list(want) == list(got) and all(
            isinstance(got[name], str) if name in CHOSEN_BY_THE_SERVER else _agree(part, got[name])
            for name, part in want.items()
        )
    if isinstance(want, list) and isinstance(got, list):
        return len(want) == len(got) and all(map(_agree, want, got))
    return type(want) is type(got) and want == got


def _lines(path: Path) -> list[Json]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def main() -> int:
    """Replay every file in turn; status 1 unless all agree."""
    parser = argparse.ArgumentParser(description="Replay recordings against a server.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--url", required=True)
    parser.add_argument("--user", default="admin")
    parser.add_argument("--keys", type=Path, help="JSON: each API key and its permissions")
    parser.add_argument("-v", "--verbose", action="store_true", help="show disagreements")
    options = parser.parse_args()
    keys = json.loads(options.keys.read_bytes()) if options.keys else {}
    password = os.environ.get("REPLAY_PASSWORD", "sandbox")
    remote = Remote(options.url, options.user, password, keys)
    total = agreed = shown = 0
    try:
        for path in options.files:
            for number, line in enumerate(_lines(path), start=1):
                differences = replay(remote, line)
                total += 1
                agreed += not differences
                if differences and options.verbose and shown < SHOWN:
                    shown += 1
                    _show(path, number, line, differences)
    finally:
        remote.close()
    sys.stdout.write(f"agree {agreed} of {total}\n")
    return 0 if agreed == total else 1


def _show(
    path: Path, number: int, line: Json, differences: dict[str, tuple[object, object]]
) -> None:
    out = sys.stdout.write
    out(f"{path.name}:{number} {line.get('name', line.get('family'))}\n")
    for name in ("start", "patch", "methodCalls", "request"):
        if name in line:
            out(f"  {name}: {json.dumps(line[name])}\n")
    for name, (want, got) in differences.items():
        out(f"  {name}\n    recorded: {json.dumps(want)}\n    answered: {json.dumps(got)}\n")


if __name__ == "__main__":
    sys.exit(main())
