"""Every place where a secret can stand, and everything that can go wrong around it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import click

from confsync.cli.main import COMMANDS, confsync
from confsync.kinds import RISKS
from tests.cli.hostile import http, jmap, passes_to, stores_and_says

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.sandbox import Server
    from tests.cli.hostile import Action
    from tests.leaks.planted import Aviary

Stored: TypeAlias = "Mapping[str, object]"

PERMISSIONS = {
    "token": frozenset({"authenticate", "sysInMemoryStoreGet", "sysInMemoryStoreUpdate"}),
    "plan token": frozenset({"authenticate", "sysInMemoryStoreGet"}),
}


@dataclass(frozen=True)
class Given:
    """What a part of a scene adds to a run."""

    arguments: tuple[str, ...] = ()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)


# The store file

ALLOWED = "--allow-commands"
EVERY_RISK = tuple(word for risk in RISKS for word in ("--allow", risk))


def cluster(secret: str, more: str = "") -> Given:
    """A store with something in the place of a secret; JSON's strings are YAML's. One space too
    much, so that `fmt --check` has something to show.
    """
    text = (
        "InMemoryStore:\n  '@type': RedisCluster\n  urls: [redis://a]\n  authSecret:\n"
        f"    '@type': Value\n    secret:  {secret}\n{more}"
    )
    return Given(("a.yaml",), {"a.yaml": text})


def redis(url: str, more: str = "") -> Given:
    text = f"InMemoryStore:\n  '@type': Redis\n  url:  {url}\n{more}"
    return Given(("a.yaml",), {"a.yaml": text})


def with_file(given: Given, canaries: Aviary, *more: str) -> Given:
    """The same, with a file that holds a secret beside it, and perhaps more arguments."""
    files = {**given.files, "secret.txt": canaries["file"].hostile + "\n"}
    return Given((*given.arguments, *more), files, given.environ)


def config(c: Aviary, *members: str, name: str = "a", url: str = "https://h") -> Given:
    """A `confsync.yaml` with a target that has more members."""
    lines = [f"    {member}\n" for member in (f"url: {url}", "files: [a.yaml]", *members)]
    text = f"targets:\n  {name}:\n{''.join(lines)}"
    files = {"confsync.yaml": text, "secret.txt": c["config file"].hostile + "\n"}
    return Given((ALLOWED,), {**files, **cluster("{env: A}").files})


def client_plan(*updates: tuple[str, object]) -> Given:
    """A plan of the server's own client."""
    lines = ({"@type": "update", "object": name, "value": value} for name, value in updates)
    return Given(("a.yaml",), {"a.yaml": "".join(f"{json.dumps(line)}\n" for line in lines)})


def mapping(password: str, address: str = "redis://a") -> str:
    return f"{{address: {json.dumps(address)}, username: u, password: {password}}}"


STORES: Mapping[str, Callable[[Aviary], Given]] = {
    "environment": lambda c: Given(
        ("a.yaml",),
        cluster("{env: SECRET}", "  timeout: 5s\n").files,
        {"SECRET": c["environment"].hostile},
    ),
    "not set": lambda _: cluster("{env: NOT_SET}"),
    "file": lambda c: with_file(cluster("{file: secret.txt}"), c),
    "command": lambda c: with_file(cluster("{command: [cat, secret.txt]}"), c, ALLOWED),
    "command fails": lambda c: with_file(
        cluster("{command: [sh, -c, 'cat secret.txt >&2; cat secret.txt; exit 3']}"), c, ALLOWED
    ),
    "whole URL": lambda c: Given(
        ("a.yaml",),
        redis("{env: WHOLE}").files,
        {"WHOLE": f"redis://u:{c['whole'].encoded}@h?password={c['parameter'].encoded}"},
    ),
    "mapping": lambda c: Given(
        ("a.yaml",), redis(mapping("{env: SECRET}")).files, {"SECRET": c["mapping"].hostile}
    ),
    "bad value": lambda c: Given(
        ("a.yaml",), cluster("{env: SECRET}").files, {"SECRET": c["bad"].plain + "\t"}
    ),
    "encrypted": lambda c: Given(
        ("a.yaml",), cluster("{env: SECRET}").files, {"SECRET": f"ENC[{c['bad'].plain}]"}
    ),
    "plain": lambda c: cluster(json.dumps(c["plain"].hostile)),
    "plain beside a mistake": lambda c: cluster(json.dumps(c["plain"].hostile), "  timeout: 10\n"),
    "plain in a URL": lambda c: redis(json.dumps(f"redis://u:{c['plain URL'].encoded}@h")),
    "plain parameter": lambda c: redis(f"'redis://h?Password={c['plain parameter'].encoded}'"),
    "plain in no URL": lambda c: redis(json.dumps(f"://:{c['odd'].hostile}@")),
    "plain in the mapping": lambda c: redis(mapping(json.dumps(c["plain mapping"].hostile))),
    "plain in the address": lambda c: redis(
        mapping("{env: SECRET}", f"redis://u:{c['address'].encoded}@h")
    ),
    "plain in a line": lambda c: Given(
        ("a.yaml",),
        {
            "a.yaml": "InMemoryStore: {'@type': RedisCluster, urls: ["
            f"'redis://u:{c['line 1'].encoded}@a', redis://b], authSecret: {{'@type': Value, "
            f"secret: {json.dumps(c['line 2'].hostile)}}}, timeout: 5s}}\n"
        },
    ),
    "plain and a mistake in a line": lambda c: Given(
        ("a.yaml",),
        {
            "a.yaml": "InMemoryStore: {'@type': RedisCluster, authSecret: {'@type': Value, secret: "
            f"{json.dumps(c['line'].hostile)}}}, timeout: 10, nope: 1}}\n"
        },
    ),
    "URL in a text": lambda c: cluster(
        "{env: A}", f"  authUsername: 'redis://u:{c['text'].encoded}@h'\n"
    ),
    "password with a scheme": lambda c: redis(json.dumps(f"u:a://{c['scheme'].encoded}@h")),
    "a line in the program's place": lambda c: cluster(
        f"{{command: ['vault --token {c['shell'].plain}']}}"
    ),
    "plain in a shard": lambda c: Given(
        ("a.yaml",),
        {
            "a.yaml": "InMemoryStore:\n  '@type': Sharded\n  stores:\n    - {'@type': Redis}\n"
            f"    - '@type': Redis\n      url: 'redis://u:{c['shard'].encoded}@h'\n"
        },
    ),
    "key": lambda c: cluster(f"{{{json.dumps(c['key'].hostile)}: x}}"),
    "field": lambda c: cluster("{env: A}", f"    {json.dumps(c['field'].hostile)}: x\n"),
    "type": lambda c: Given(
        ("a.yaml",),
        {"a.yaml": f"InMemoryStore: {{'@type': {json.dumps(c['type'].hostile)}}}\n"},
    ),
    "in place of the object": lambda c: Given(
        ("a.yaml",),
        {
            "a.yaml": "InMemoryStore: {'@type': RedisCluster, authSecret: "
            f"{json.dumps(c['object'].hostile)}}}\n"
        },
    ),
    "top": lambda c: Given(("a.yaml",), {"a.yaml": f"{json.dumps(c['top'].hostile)}: x\n"}),
    "list": lambda c: cluster(f"[{json.dumps(c['list'].hostile)}]"),
    "anchor": lambda c: cluster(f"&{c['anchor'].plain} x"),
    "alias": lambda c: cluster(f"*{c['alias'].plain}"),
    "tag": lambda c: cluster(f"!{c['tag'].plain} x"),
    "comment": lambda c: cluster("{env: A}", f"  # {c['comment'].hostile}\n  nope: 1\n"),
    "twice": lambda c: cluster("{env: A}", f"    secret: {c['twice'].plain}\n"),
    "quote": lambda c: cluster(f'"{c["quote"].plain}'),
    "brace": lambda c: cluster(f"{{{c['brace'].plain}"),
    "tab": lambda c: cluster(f"\t{c['tab'].plain}: x"),
    "escape": lambda c: cluster(f'"{c["escape"].plain}\\q"'),
    "control": lambda c: cluster(f"{c['control'].plain}\x01"),
    "number": lambda c: cluster("{env: A}", f"  timeout: {c['number'].plain}\n"),
    "boolean": lambda c: cluster("{env: A}", f"  readFromReplicas: {c['boolean'].plain}\n"),
    "choice": lambda c: cluster("{env: A}", f"  protocolVersion: {c['choice'].plain}\n"),
    "variable's name": lambda c: cluster(f"{{env: {json.dumps(c['name'].hostile)}}}"),
    "file is a URL": lambda c: cluster(f"{{file: 'redis://u:{c['file URL'].encoded}@h'}}"),
    "command is a URL": lambda c: cluster(f"{{command: ['x://u:{c['program'].encoded}@h']}}"),
    "argument of a command": lambda c: cluster(
        f"{{command: ['false', {c.fixed('argument').plain}]}}"
    ),
    "not UTF-8": lambda c: Given(
        ("a.yaml",), {"a.yaml": f"InMemoryStore: {c['bytes'].plain} ".encode() + b"\xff"}
    ),
    "second document": lambda c: cluster("{env: A}", f"---\n{c['second'].plain}: x\n"),
    "layers": lambda c: Given(
        ("a.yaml", "b.yaml"),
        {
            **cluster(json.dumps(c["lower"].hostile)).files,
            "b.yaml": "InMemoryStore: {authSecret: {secret: {env: SECRET}}, timeout: 5s}\n",
        },
        {"SECRET": c["upper"].hostile},
    ),
    "plan of stalwart-cli": lambda c: client_plan(
        ("Http", {"responseHeaders": {"Authorization": c["header"].hostile}}),
        (
            "InMemoryStore",
            {
                "@type": "RedisCluster",
                "urls": {f"redis://u:{c['plan URL'].encoded}@a": True},
                "authSecret": {"@type": "Value", "secret": c["plan secret"].hostile},
            },
        ),
        ("Account", {"a": {"secret": c["not imported"].hostile}}),
    ),
    "invalid plan of stalwart-cli": lambda c: client_plan(
        ("Http", {"enableHsts": c["plan boolean"].hostile}),
        ("Imap", c["plan value"].hostile),
        ("Cache", {c["plan field"].hostile: 1}),
        ("InMemoryStore", {"@type": "Redis", "url": f"redis://u:{c['plan text'].encoded}@h"}),
        ("InMemoryStore", {f"urls/redis://u:{c['plan pointer'].encoded}@h": True}),
        ("Jmap", {"@type": c["plan type"].hostile}),
        (c["plan object"].hostile, {}),
        ("DataStore", {"@type": c["plan variant"].hostile}),
        ("HttpForm", {"deliverTo": {f"redis://u:{c['plan member'].encoded}@h": True}}),
        ("Coordinator", {"@type": "Redis", "authSecret": {"secret": c["plan inner"].hostile}}),
    ),
    "a URL as a file": lambda c: Given((f"redis://u:{c['file name'].encoded}@h",)),
    "configured token": lambda c: config(c, f"token: {json.dumps(c['config'].hostile)}"),
    "configured token in a line": lambda c: Given(
        (),
        {
            "confsync.yaml": f"targets: {{a: {{token: {json.dumps(c['config'].hostile)}, "
            "files: 1, url: 2, nope: 3}}\n"
        },
    ),
    "configured password": lambda c: config(
        c, "user: admin", f"password: {json.dumps(c['config'].hostile)}", "nope: 1"
    ),
    "configured user": lambda c: config(
        c, f"user: {json.dumps('admin:' + c['config'].hostile)}", "password: {env: A}"
    ),
    "configured URL": lambda c: config(c, url=f"https://u:{c['config'].encoded}@h"),
    "configured name": lambda c: config(c, name=json.dumps(c["config"].hostile)),
    "configured key": lambda c: config(c, f"{json.dumps(c['config'].hostile)}: 1"),
    "configured command": lambda c: config(
        c, "token: {command: [sh, -c, 'cat secret.txt >&2; cat secret.txt; exit 3']}"
    ),
    "configured token that is none": lambda c: config(c, "token: {file: secret.txt}"),
    "a directory": lambda c: Given(("secrets",), {"secrets/x": c["inside"].plain}),
}


# Lines in which a secret stands where none belongs, or that are no YAML: all that is shown of them
# at a terminal must be harmless.

LINES: Mapping[str, Callable[[Aviary], Given]] = {
    "no YAML": lambda c: redis("redis://h", f"  timeout {c['line'].hostile}\n  x: y\n"),
    "alone": lambda c: redis("redis://h", f"  {c['line'].plain}\n"),
    "equals": lambda c: redis("redis://h", f"  password = {c['line'].plain}\n"),
    "glued": lambda c: redis("redis://h", f"  password:{c['line'].plain}\n  x: y\n"),
    "behind a URL": lambda c: redis(f"redis://h {c['line'].plain}", "  nope: 1\n"),
    "behind a scheme": lambda c: redis(f"redis://u:{c['line'].plain}: h"),
    "URL without an at": lambda c: redis(f"[redis://u:{c['line'].plain}]"),
    "URL with a bad escape": lambda c: redis(f'"redis://u:{c["line"].plain}@h\\q"'),
    "URL as a key": lambda c: cluster(
        "{env: A}", f"  urls2:\n    redis://u:{c['line'].encoded}@h: true\n"
    ),
    "URL as a server": lambda c: redis(f"{{redis://u:{c['line'].plain}@h: true}}"),
    "password as a field": lambda c: redis("redis://h", f"  password: {c['line'].plain}\n"),
    "token as a field": lambda c: redis("redis://h", f"  authtoken: {c['line'].plain}\n"),
    "in a list of numbers": lambda c: redis("redis://h", f"  timeout: [{c['line'].plain}]\n"),
    "with a unit": lambda c: redis("redis://h", f"  timeout: 10{c['line'].plain}\n"),
    "instead of a type": lambda c: cluster("x", f"  authSecret: {c['line'].plain}\n"),
    "in a nested type": lambda c: redis("redis://h", f"  '@type': {c['line'].plain}\n"),
    "conflict": lambda c: redis("redis://h", f"<<<<<<< {c['line'].plain}\n"),
    "fence": lambda c: redis("redis://h", f"```{c['line'].plain}\n"),
    "merge": lambda c: redis("redis://h", f"  <<: {{a: {c['line'].plain}}}\n"),
    "template": lambda c: redis(f"{{{{ {c['line'].plain} }}}}"),
    "word processor": lambda c: cluster(f"\u201c{c['line'].plain}\u201d"),
    "odd space": lambda c: cluster(f"\u00a0{c['line'].plain}"),
    "second key": lambda c: cluster(f"{{env: A, {c['line'].plain}: x}}"),
    "variable": lambda c: cluster(f"${{{c['line'].plain}}}"),
    "reference in quotes": lambda c: cluster(f"'{{env: {c['line'].plain}}}'"),
    "reference without braces": lambda c: cluster(f"env:{c['line'].plain}"),
    "value as a name": lambda c: cluster(f"{{env: {c['line'].plain}-{c['line'].plain}}}"),
    "name after a dollar": lambda c: cluster(f"{{env: ${c['line'].plain}}}"),
    "comment behind": lambda c: redis("redis://h", f"  timeout: 10 # {c['line'].plain}\n"),
    "text of several lines": lambda c: cluster(f"|\n      {c['line'].plain}\n\tx", "  nope: 1\n"),
    "long line": lambda c: redis("redis://h", f"  timeout: [{'5s, ' * 30}{c['line'].plain}]\n"),
    "wide characters": lambda c: redis("redis://h", f"  serviceName: \u6f22{c['line'].plain}\n"),
    "confsync.yaml": lambda c: Given(
        ("a.yaml",), {"a.yaml": f"targets: {{a: {{token: {c['line'].plain}}}}}\n"}
    ),
    "manifest": lambda c: Given(
        ("a.yaml",), {"a.yaml": f"apiVersion: {c['line'].plain}\nkind: Secret\n"}
    ),
}


# What the server has


def on_cluster(c: Aviary, *urls: str) -> Stored:
    return {
        "@type": "RedisCluster",
        "urls": dict.fromkeys(urls, True),
        "authSecret": {"@type": "Value", "secret": c["hidden"].hostile},
    }


LIVE: Mapping[str, Callable[[Aviary], Stored]] = {
    "nothing": lambda _: {"@type": "Default"},
    "hidden": lambda c: on_cluster(c, "redis://a"),
    "in keys": lambda c: on_cluster(
        c, f"redis://u:{c['live 1'].encoded}@a", f"redis://u:{c['live 2'].encoded}@a", "redis://b"
    ),
    "in a URL": lambda c: {"@type": "Redis", "url": f"redis://u:{c['live'].encoded}@a"},
    "in a parameter": lambda c: {"@type": "Redis", "url": f"redis://a?token={c['live'].plain}"},
    "in no URL": lambda c: {"@type": "Redis", "url": f"x:{c['live'].hostile}@"},
    "as it is": lambda c: {"@type": "Redis", "url": f"redis://u:{c['live'].hostile}@a"},
    "in a text": lambda c: {
        **on_cluster(c, "redis://a"),
        "authUsername": f"redis://u:{c['live text'].encoded}@h",
    },
    "in shards": lambda c: {
        "@type": "Sharded",
        "stores": {
            "0": {"@type": "Redis", "url": f"redis://u:{c['shard 1'].encoded}@a"},
            "1": on_cluster(c, f"redis://u:{c['shard 2'].encoded}@b"),
        },
    },
    "newer field": lambda c: {
        "@type": "Redis",
        "url": f"redis://u:{c['live'].encoded}@a",
        f"redis://u:{c['newer'].encoded}@a": 1,
    },
    "newer variant": lambda c: {"@type": "Valkey", "url": f"redis://u:{c['live'].encoded}@a"},
    "wrong type": lambda c: {
        "@type": "Redis",
        "url": [f"redis://u:{c['live'].encoded}@a"],
        "timeout": c["wrong type"].hostile,
    },
}


# How the server answers


def everything(c: Aviary, request: bytes) -> str:
    """What a server that echoes would say: the request, its credentials, its own secrets."""
    stored = f"redis://u:{c['answer'].encoded}@h {c['answer'].hostile}"
    return f"{request.decode('utf-8', 'replace')} {stored}"


def refuses(status: int) -> Callable[[Server, Aviary], Action]:
    def answer(_: Server, c: Aviary) -> Action:
        def act(request: bytes) -> bytes:
            said = json.dumps({"type": "x", "detail": everything(c, request), "status": status})
            more = (
                f"Location: https://u:{c['location'].encoded}@h/",
                f'WWW-Authenticate: Basic realm="{c["realm"].plain}"',
                "Retry-After: 1",
            )
            return http(status, said.encode(), "application/problem+json", *more)

        return act

    return answer


def says(body: Callable[[str], bytes]) -> Callable[[Server, Aviary], Action]:
    return lambda _, c: lambda request: body(everything(c, request))


def result(body: Callable[[Aviary], object]) -> Callable[[Server, Aviary], Action]:
    """Read as the sandbox does, and answer an update in a way of its own, without doing it."""

    def answer(server: Server, c: Aviary) -> Action:
        def act(request: bytes) -> bytes:
            stored = server.stored
            read = passes_to(server)(request)
            if b'"set"' not in request or not read.startswith(b"HTTP/1.1 200"):
                return read
            server.stored = stored
            _, _, content = read.partition(b"\r\n\r\n")
            name, before, _ = json.loads(content)["methodResponses"][0]
            told = ["x:InMemoryStore/set", body(c), "set"]
            return jmap([name, before, "before"], told, [name, before, "after"])

        return act

    return answer


def not_updated(kind: str) -> Callable[[Server, Aviary], Action]:
    def body(c: Aviary) -> object:
        url = f"redis://u:{c['pointer'].encoded}@h"
        pointers = [f"urls/{url}".replace("/", "~1"), url, f"urls/x:{c['pointer'].plain}@y"]
        error = {"type": c["kind"].plain, "property": url, "required": c["required"].hostile}
        details = {
            "type": kind,
            "description": c["description"].hostile,
            "properties": pointers,
            "validationErrors": [error],
        }
        return {"notUpdated": {"singleton": details}}

    return result(body)


def failed_after(server: Server, c: Aviary) -> Action:
    def act(request: bytes) -> bytes:
        if b'"set"' not in request:
            return passes_to(server)(request)
        return stores_and_says(server, refuses(500)(server, c)(request))(request)

    return act


FAILURES: Mapping[str, Callable[[Server, Aviary], Action]] = {
    "none": lambda server, _: passes_to(server),
    **{f"HTTP {status}": refuses(status) for status in (301, 400, 401, 402, 403, 404, 429, 500)},
    "no JSON": says(lambda text: http(200, text.encode())),
    "HTML": says(lambda text: http(200, f"<p>{text}".encode(), "text/html")),
    "truncated": says(lambda text: jmap(text)[:-9]),
    "a text": says(jmap),
    "other ids": says(lambda text: jmap(["x:InMemoryStore/get", {"list": [text]}, text])),
    "method error": says(lambda text: jmap(["error", {"type": text, "description": text}, "read"])),
    "two objects": says(lambda text: jmap(["x:InMemoryStore/get", {"list": [text, text]}, "read"])),
    "an odd object": says(
        lambda text: jmap(
            [
                "x:InMemoryStore/get",
                {"list": [{"@type": text, text: text, "id": "singleton"}]},
                "read",
            ]
        )
    ),
    "dropped": lambda _, __: lambda ___: b"",
    "half an answer": says(lambda text: http(200, text.encode() * 9)[:-20]),
    "no HTTP": says(lambda text: text.encode()),
    "invalidPatch": not_updated("invalidPatch"),
    "validationFailed": not_updated("validationFailed"),
    "another refusal": not_updated("redis://u:p@h"),
    "neither": result(lambda c: {"updated": c["neither"].hostile}),
    "without effect": result(lambda _: {"updated": {"singleton": None}}),
    "stored and failed": failed_after,
}


# Who asks, and how


def wrong(name: str) -> Callable[[Aviary], Given]:
    return lambda c: Given(environ={name: c[name].plain})


CREDENTIALS: Mapping[str, Callable[[Aviary], Given]] = {
    "token": lambda c: Given(environ={"STALWART_TOKEN": c["token"].plain}),
    "plan token": lambda c: Given(environ={"STALWART_TOKEN": c["plan token"].plain}),
    "unknown token": lambda c: Given(environ={"STALWART_TOKEN": c["unknown"].plain}),
    "token with a newline": lambda c: Given(environ={"STALWART_TOKEN": c["newline"].plain + "\n"}),
    "password": lambda c: Given(
        environ={"STALWART_USER": "admin", "STALWART_PASSWORD": c["password"].hostile}
    ),
    "colon": lambda c: Given(
        environ={"STALWART_USER": "a:b", "STALWART_PASSWORD": c["password"].hostile}
    ),
    "none": lambda _: Given(),
}

OPTIONS: Mapping[str, Callable[[Aviary], Given]] = {
    "none": lambda _: Given(),
    "everything allowed": lambda _: Given((*EVERY_RISK, "--allow-commands")),
    "unlisted": lambda _: Given(("--unlisted", "keep", *EVERY_RISK)),
    "keep": lambda _: Given(("--hidden-secrets", "keep", *EVERY_RISK)),
    "fail": lambda _: Given(("--hidden-secrets", "fail")),
    "colour": lambda _: Given(("--color", "always")),
    "saved": lambda _: Given(("--out", "saved.plan")),
    "diff": lambda _: Given(("--diff",)),
    "audited": lambda c: Given(
        ("--audit", "audit.jsonl", *EVERY_RISK, "--allow-commands"),
        environ={"USER": f"redis://u:{c['user'].encoded}@h"},
    ),
    "backed up": lambda _: Given(("--backup", "back.yaml", *EVERY_RISK, "--allow-commands")),
    "searched": lambda _: Given(("--only", "plaintext-secret", "--only", "credential-in-clear")),
    "URL with credentials": lambda c: Given(("--url", f"https://u:{c['url'].encoded}@h")),
    "URL variable": lambda c: Given(environ={"CONFSYNC_URL": f"https://u:{c['url'].encoded}@h"}),
    "other proxies": lambda c: Given(
        environ={"HTTP_PROXY": f"http://u:{c['proxy'].encoded}@h", "ALL_PROXY": c["proxy"].plain}
    ),
    "proxy": lambda c: Given(("--proxy", f"http://u:{c['proxy'].encoded}@127.0.0.1:1")),
    "hosts": wrong("CONFSYNC_HOSTS"),
    "unlisted value": wrong("CONFSYNC_UNLISTED"),
    "output value": wrong("CONFSYNC_OUTPUT"),
    "colour value": wrong("CONFSYNC_COLOR"),
    "allowed value": lambda c: Given(("--allow", c["allowed"].plain)),
    "output format": lambda c: Given(("--output", c["format"].plain)),
    "unknown option": lambda c: Given((f"--{c['unknown option'].plain}",)),
    "key itself": lambda c: Given((f"-----BEGIN PRIVATE KEY-----\n{c['key itself'].plain}",)),
    "CA is a URL": lambda c: Given(
        ("--url", "https://127.0.0.1:1", "--ca-file", f"redis://u:{c['ca'].encoded}@h")
    ),
    "output URL": lambda c: Given(("--output", f"json=redis://u:{c['output'].encoded}@h")),
    "certificate itself": lambda c: Given(
        environ={
            "CONFSYNC_URL": "https://127.0.0.1:1",
            "CONFSYNC_CLIENT_CERT": f"-----BEGIN PRIVATE KEY-----\n{c['pem'].plain}\n",
        }
    ),
}


def options_of(command: str) -> tuple[click.Command, frozenset[str]]:
    """A command, and every option that it knows."""
    found = confsync.get_command(click.Context(confsync), command)
    assert found is not None
    return found, frozenset(name for param in found.params for name in param.opts)


def formats_of(command: str) -> tuple[str, ...]:
    """The formats that a command writes; none for one that has no result."""
    found, _ = options_of(command)
    formats: tuple[str, ...] = getattr(found.callback, "formats", ())
    return formats


FORMATS = tuple(dict.fromkeys(name for command in COMMANDS for name in formats_of(command)))
VERBOSITY: Mapping[str, tuple[str, ...]] = {"quiet": (), "-v": ("-v",), "--debug": ("--debug",)}
SINKS = ("stream", "file")

FINE: Mapping[str, tuple[str, ...]] = {
    "command": tuple(name for name in COMMANDS if name not in {"sandbox", "explain"}),
    "format": FORMATS,
    "sink": SINKS,
    "verbosity": tuple(VERBOSITY),
    "store": (
        *("environment", "file", "command", "not set", "whole URL", "mapping"),
        *("plain", "plain in a URL", "plain parameter", "plain in no URL"),
        *("plain in the mapping", "plain in a shard", "layers", "argument of a command"),
        *("plain in a line", "URL in a text", "password with a scheme"),
    ),
    "live": tuple(name for name in LIVE if name not in {"wrong type", "newer variant"}),
    "failure": ("none", "without effect", "stored and failed"),
    "credentials": ("token", "plan token"),
    "options": (
        *("everything allowed", "unlisted", "keep", "fail"),
        *("saved", "audited", "backed up", "diff", "searched", "none"),
    ),
}
"""What scenes are made of that go on to the end, or nearly: one of each."""

FEW: Mapping[str, tuple[str, ...]] = {
    **FINE,
    "store": ("environment", "plain in a URL", "mapping", "command"),
    "live": ("in keys", "in shards", "in a URL"),
    "failure": ("none",),
    "credentials": ("token",),
    "options": ("everything allowed",),
}
"""What odd names are tried with, so that it is they that end a run."""

ODD: Mapping[str, tuple[str, ...]] = {
    "command": ("sandbox", "explain"),
    "store": tuple(name for name in STORES if name not in FINE["store"]),
    "live": ("wrong type", "newer variant"),
    "failure": tuple(name for name in FAILURES if name not in FINE["failure"]),
    "credentials": tuple(name for name in CREDENTIALS if name not in FINE["credentials"]),
    "options": tuple(name for name in OPTIONS if name not in FINE["options"]),
}
"""What ends a run early, and so hides what else is odd: at most one of these a scene."""


@dataclass(frozen=True)
class Scene:
    """One way to run confsync: a name from each dimension."""

    names: Mapping[str, str]

    def given(self, c: Aviary) -> Given:
        """The arguments, files and variables of the run, its server aside."""
        command = self.names["command"]
        _, known = options_of(command)
        parts = [CREDENTIALS[self.names["credentials"]](c), OPTIONS[self.names["options"]](c)]
        if command == "sandbox":
            state = {"state.json": json.dumps({"x": c["state"].hostile})}
            parts = [*parts, Given(("--state", "state.json"), state)]
        elif command == "explain":
            parts.append(Given((c["explained"].plain,)))
        elif command == "audit":
            parts.append(Given(("check", "audit.jsonl"), {"audit.jsonl": _audit(c)}))
        elif command not in {"show", "schema", "init"}:
            parts.append({**STORES, **LINES}[self.names["store"]](c))
        arguments = [command, *VERBOSITY[self.names["verbosity"]]]
        arguments += [option for option in ("--yes", "--update", "--check") if option in known]
        if (formats := formats_of(command)) and self.names["options"] not in _OUTPUTS:
            wanted = FORMATS.index(self.names["format"])
            name = FORMATS[wanted] if FORMATS[wanted] in formats else formats[wanted % len(formats)]
            arguments += ["--output", name + ("=out.txt" if self.names["sink"] == "file" else "")]
        for part in parts:
            arguments += _known(part.arguments, known)
        return Given(
            tuple(arguments),
            {name: text for part in parts for name, text in part.files.items()},
            {name: value for part in parts for name, value in part.environ.items()},
        )


def _audit(c: Aviary) -> str:
    """A line that somebody has edited: confsync writes no secret into it."""
    url = f"redis://u:{c['audited'].encoded}@h"
    record = {"event": "started", "id": "x", "target": {"name": url, "url": url}, "object": url}
    return json.dumps({**record, "time": url, "who": {"user": url}, "run_url": url}) + "\n"


def _known(arguments: tuple[str, ...], options: frozenset[str]) -> list[str]:
    """The arguments without the options that a command does not have."""
    kept: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        value = [words.pop(0)] if word in _VALUED else []
        if not word.startswith("--") or word in options or word not in _VALUED | _FLAGS:
            kept += [word, *value]
    return kept


_OUTPUTS = {"output value", "output format", "output URL"}
_FLAGS = {"--allow-commands", "--diff"}
_VALUED = {"--allow", "--unlisted", "--hidden-secrets", "--color", "--url", "--proxy", "--output"}
_VALUED |= {"--state", "--out", "--ca-file", "--audit", "--backup", "--only"}
