"""The way to the server, through the command line: TLS, proxies, the hosts that are allowed, and
answers that say no.
"""

from __future__ import annotations

import datetime as dt
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import APPLY_KEY, Desk, Ran
from tests.net.tls_server import Authority, Front, front, heard, listening, proxy

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from confsync.sandbox import Server

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def outside(server: Server, authority: Authority) -> Iterator[Front]:
    """The server, over https, as localhost."""
    with front(server.url, authority.server("localhost")) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, outside: Front) -> Desk:
    made = Desk(tmp_path, outside.url)
    made.file("store.yaml")
    return made


def failed(ran: Ran, fact: str, hint: str, status: int = 1) -> None:
    """Refused, in words and with a hint, before anything came about."""
    assert ran.status == status, ran.err
    assert f"error: {fact}\n" in ran.err
    assert hint in ran.err.partition("\nhint: ")[2].partition("\n")[0]
    assert ran.out == ""


def test_plan_and_apply_over_https_with_a_private_ca(
    desk: Desk, authority: Authority, server: Server
) -> None:
    planned = desk.run("plan", "store.yaml", "--ca-file", authority.file)
    assert (planned.status, planned.err) == (0, "")
    assert "https://localhost:" in planned.out
    applied = desk.run("apply", "store.yaml", "--yes", env={"CONFSYNC_CA_FILE": authority.file})
    assert applied.status == 0, applied.err
    assert "Stored and verified" in applied.out
    assert len(server.requests) == 3


def test_without_the_ca_nothing_is_sent_and_the_way_out_is_told(desk: Desk, server: Server) -> None:
    fact = f"cannot connect to {desk.url}: its certificate is not trusted by this system"
    ran = desk.run("apply", "store.yaml", "--yes", env={"CONFSYNC_CA_FILE": ""})
    failed(ran, fact, "--ca-file (CONFSYNC_CA_FILE)")
    assert "nothing was changed on the server" in ran.err
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(
    desk: Desk, authority: Authority, server: Server
) -> None:
    url = desk.url.replace("localhost", "127.0.0.1")
    ran = desk.run("plan", "store.yaml", "--url", url, "--ca-file", authority.file)
    failed(
        ran,
        f"cannot connect to {url}: its certificate is for another host name",
        "a host name from",
    )
    assert server.requests == []


def test_a_certificate_that_has_expired_is_refused(
    desk: Desk, authority: Authority, server: Server
) -> None:
    expired = authority.server("localhost", starts=-2 * DAY, ends=-DAY)
    with front(server.url, expired) as old:
        ran = desk.run("plan", "store.yaml", "--url", old.url, "--ca-file", authority.file)
    fact = "its certificate, or one in its chain, has expired"
    failed(ran, f"cannot connect to {old.url}: {fact}", "renew it")
    assert server.requests == []


def test_a_server_that_speaks_http_only_is_told(desk: Desk, server: Server) -> None:
    url = server.url.replace("http", "https")
    ran = desk.run("plan", "store.yaml", "--url", url)
    failed(ran, f"cannot connect to {url}: it does not speak TLS on this port", "the https port")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_may_demand_a_client_certificate(
    desk: Desk, authority: Authority, server: Server, version: ssl.TLSVersion
) -> None:
    context = authority.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    context.minimum_version = context.maximum_version = version
    cert, key = authority.client()
    trusting = {"CONFSYNC_CA_FILE": authority.file}
    with front(server.url, context) as strict:
        plan = ("plan", "store.yaml", "--url", strict.url)
        without = desk.run(*plan, env=trusting)
        assert (without.status, server.requests) == (1, [])
        assert "client certificate" in without.err
        assert "--client-cert" in without.err
        assert desk.run(*plan, "--client-cert", cert, "--client-key", key, env=trusting).status == 0
        named = {"CONFSYNC_CLIENT_CERT": cert, "CONFSYNC_CLIENT_KEY": key}
        assert desk.run(*plan, env={**trusting, **named}).status == 0


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (
            ["--client-key", "client.key"],
            "--client-key is set without a certificate",
        ),
        (["--ca-file", "no.pem"], "no.pem: no such file"),
        (["--ca-file", ""], "--ca-file (CONFSYNC_CA_FILE) is empty"),
        (["--proxy", "socks5://127.0.0.1:1080"], "--proxy does not start with http://"),
        (["--proxy", "http://u:Canary@127.0.0.1:1"], "--proxy contains credentials"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_a_connection(
    desk: Desk, outside: Front, arguments: list[str], fact: str
) -> None:
    failed(desk.run("plan", "store.yaml", *arguments), fact, "")
    assert outside.connections == 0


@pytest.mark.parametrize(
    ("variable", "fact"),
    [
        ("CONFSYNC_CA_FILE", "CONFSYNC_CA_FILE cannot be used with http://"),
        ("CONFSYNC_CLIENT_CERT", "CONFSYNC_CLIENT_CERT cannot be used with http://"),
        (
            "CONFSYNC_PROXY",
            "CONFSYNC_PROXY needs an https:// server: over http it would see the credentials",
        ),
    ],
)
def test_what_belongs_to_https_is_refused_for_http(
    desk: Desk, server: Server, variable: str, fact: str
) -> None:
    value = "http://127.0.0.1:9" if variable == "CONFSYNC_PROXY" else "file.pem"
    ran = desk.run("plan", "store.yaml", "--url", server.url, env={variable: value})
    failed(ran, fact, "https")
    assert server.requests == []


def test_a_key_in_the_place_of_its_path_never_gets_into_the_log(
    desk: Desk, authority: Authority
) -> None:
    cert, _ = authority.client()
    key = "-----BEGIN PRIVATE KEY-----\nCanary\n-----END PRIVATE KEY-----\n"
    ran = desk.run("plan", "store.yaml", "--client-cert", cert, env={"CONFSYNC_CLIENT_KEY": key})
    failed(ran, "CONFSYNC_CLIENT_KEY is not a file path", "not the content")


@pytest.mark.parametrize("command", ["plan", "apply", "show"])
def test_every_command_that_talks_to_a_server_knows_the_options_and_their_variables(
    offline: Desk, command: str
) -> None:
    words = " ".join(offline.run(command, "--help").out.split())
    for name in ("ca-file", "client-cert", "client-key", "proxy"):
        assert f"--{name} " in words
        assert f"[env: CONFSYNC_{name.replace('-', '_').upper()}]" in words


@pytest.mark.parametrize(
    "command", [("plan", "store.yaml"), ("apply", "store.yaml", "--yes"), ("show",)]
)
def test_a_host_that_is_not_allowed_is_refused_before_any_connection(
    desk: Desk, outside: Front, command: tuple[str, ...]
) -> None:
    ran = desk.run(*command, env={"CONFSYNC_HOSTS": "mail.example.com, localhost:443"})
    port = outside.listener.port
    fact = f"localhost at port {port} is not in CONFSYNC_HOSTS"
    failed(ran, fact, "add it to CONFSYNC_HOSTS", status=3)
    assert outside.connections == 0


@pytest.mark.parametrize("hosts", ["", "*"])
def test_a_list_of_hosts_that_cannot_be_read_is_an_error_before_any_connection(
    desk: Desk, outside: Front, hosts: str
) -> None:
    ran = desk.run("plan", "store.yaml", env={"CONFSYNC_HOSTS": hosts})
    assert ran.status == 1
    assert "CONFSYNC_HOSTS" in ran.err
    assert outside.connections == 0


def test_a_host_that_is_allowed_is_contacted(desk: Desk, authority: Authority) -> None:
    hosts = {"CONFSYNC_HOSTS": "mail.example.com,LOCALHOST"}
    ran = desk.run("plan", "store.yaml", "--ca-file", authority.file, env=hosts)
    assert ran.status == 0, ran.err


def test_a_proxy_is_used_only_where_confsync_is_told_to(desk: Desk, authority: Authority) -> None:
    plan = ("plan", "store.yaml", "--ca-file", authority.file)
    with proxy() as through:
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        environment = {case: through.url for name in names for case in (name, name.lower())}
        ran = desk.run(*plan, env=environment)
        assert (ran.status, through.heads) == (0, [])
        ran = desk.run(*plan, "--proxy", through.url, env={"NO_PROXY": "*"})
        assert (ran.status, len(through.heads)) == (0, 1)
        ran = desk.run(*plan, env={"CONFSYNC_PROXY": through.url})
        assert (ran.status, len(through.heads)) == (0, 2)
        assert APPLY_KEY.encode() not in through.heard
        assert b"jmap" not in through.heard


def test_a_proxy_that_wants_credentials_is_told(desk: Desk, authority: Authority) -> None:
    with proxy(refusal=b"HTTP/1.1 407 Canary\r\n\r\n") as through:
        ran = desk.run("plan", "store.yaml", "--ca-file", authority.file, "--proxy", through.url)
    failed(ran, f"the proxy {through.url} asks for credentials (HTTP 407)", "needs no login")


@contextmanager
def saying_no(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers each request with a status, and the request in its body."""
    requests: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        while request := heard(connection):
            requests.append(request)
            head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(request)}\r\n"
            retry = "Retry-After: 0\r\nWWW-Authenticate: Basic\r\n\r\n"
            connection.sendall(f"{head}{retry}".encode() + request)

    with listening(speak) as listener:
        yield f"http://127.0.0.1:{listener.port}", requests


NO_PERMISSION = "the permission authenticate is missing, or this client's address is not allowed"
SAYING_NO: Mapping[int, tuple[str, str]] = {
    401: ("the server refused STALWART_TOKEN (HTTP 401)", "check that the API key"),
    402: (
        "the server asks for a second factor (HTTP 402)",
        "use an API key in STALWART_TOKEN: a user name and password cannot carry a second factor",
    ),
    403: (
        f"{NO_PERMISSION} (HTTP 403)",
        "the permission authenticate",
    ),
    307: (
        "the server answered with a redirect, which confsync does not follow (HTTP 307)",
        "check that the URL",
    ),
}


PLAN, APPLY = ("plan", "store.yaml"), ("apply", "store.yaml", "--yes")


@pytest.mark.parametrize(
    ("command", "status"),
    [*((PLAN, status) for status in SAYING_NO), (APPLY, 401), (APPLY, 402), (APPLY, 403)],
)
def test_an_answer_that_says_no_is_explained_and_the_request_never_repeated(
    desk: Desk, command: tuple[str, ...], status: int
) -> None:
    """100 failed logins a day ban the address."""
    with saying_no(status) as (url, requests):
        ran = desk.run(*command, "--url", url)
    failed(ran, *SAYING_NO[status])
    assert ("nothing was changed on the server" in ran.err) == (command is APPLY)
    assert len(requests) == 1
