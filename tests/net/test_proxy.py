"""Proxies: only the one that was asked for, and it sees nothing but a name and encrypted bytes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from confsync.errors import ConnectionFailed, WrongUsage
from confsync.net.endpoint import endpoint
from confsync.net.http import Connection
from confsync.net.tls import Trust
from tests.net.asking import failure, post
from tests.net.tls_server import Authority, front, listening, proxy, silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.sandbox import Server


def test_a_proxy_carries_the_request_and_sees_none_of_it(
    server: Server, authority: Authority
) -> None:
    with front(server.url, authority.server("localhost")) as outside, proxy() as through:
        answer = post(outside.url, trust=Trust(authority.file), proxy=through.url)
    assert answer.status == 401
    assert [request.path for request in server.requests] == ["/jmap/"]
    port = outside.listener.port
    head = f"CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: */*\r\n\r\n"
    assert through.heads == [head.encode()]
    seen = bytes(through.heard)
    assert len(seen) > len(head)
    for word in (b"Canary", b"authorization", b"/jmap/"):
        assert word not in seen
        assert word not in seen.lower()


def test_a_proxy_may_speak_tls_itself_and_is_held_to_the_same_trust(
    server: Server, authority: Authority, stranger: Authority
) -> None:
    with (
        front(server.url, authority.server("localhost")) as outside,
        proxy(authority.server("localhost"), name="localhost") as through,
        proxy(stranger.server("localhost"), name="localhost") as strange,
    ):
        trust = Trust(authority.file)
        assert post(outside.url, trust=trust, proxy=through.url).status == 401
        error = failure(outside.url, ConnectionFailed, trust=trust, proxy=strange.url)
    assert error.message == (
        f"cannot connect to the proxy {strange.url}: its certificate is not trusted by the CA file"
    )
    assert strange.heads == []


def test_a_proxy_never_gets_to_see_the_clients_certificate(
    server: Server, authority: Authority
) -> None:
    shown: list[object] = []
    context = authority.server("localhost")
    authority.ca.configure_trust(context)
    context.verify_mode = context.verify_mode.CERT_OPTIONAL

    def speak(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            shown.append(secure.getpeercert())
            secure.sendall(b"HTTP/1.1 403 No\r\n\r\n")

    trust = Trust(authority.file, *authority.client())
    with front(server.url, authority.server("localhost")) as outside, listening(speak) as through:
        url = f"https://localhost:{through.port}"
        failure(outside.url, ConnectionFailed, trust=trust, proxy=url)
    assert shown == [None]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (407, "asks for credentials (HTTP 407)"),
        (401, "refused to connect to {server} (HTTP 401)"),
        (403, "refused to connect to {server} (HTTP 403)"),
        (302, "refused to connect to {server} (HTTP 302)"),
        (502, "cannot reach {server} (HTTP 502)"),
        (503, "cannot reach {server} (HTTP 503)"),
    ],
)
def test_a_proxy_that_says_no_is_told_and_nothing_was_sent(
    server: Server, authority: Authority, status: int, words: str
) -> None:
    refusal = f"HTTP/1.1 {status} <foreign>\r\nContent-Length: 9\r\n\r\n<foreign>".encode()
    with (
        front(server.url, authority.server("localhost")) as outside,
        proxy(refusal=refusal) as through,
    ):
        error = failure(
            outside.url, ConnectionFailed, trust=Trust(authority.file), proxy=through.url
        )
        assert outside.connections == 0
    assert error.message == f"the proxy {through.url} {words.format(server=outside.url)}"
    assert len(through.heads) == 1
    assert b"Canary" not in through.heard


def closes(connection: socket.socket) -> None:
    connection.recv(65536)


def talks(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    connection.recv(65536)


@pytest.mark.parametrize("speak", [closes, talks])
def test_what_is_no_proxy_is_told(speak: Callable[[socket.socket], None]) -> None:
    with listening(speak) as listener:
        url = f"http://127.0.0.1:{listener.port}"
        error = failure("https://mail.example.com", ConnectionFailed, proxy=url)
    assert error.message == f"cannot connect to the proxy {url}: it does not answer like a proxy"


def test_a_proxy_where_nothing_listens_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        error = failure("https://mail.example.com", ConnectionFailed, proxy=url)
    assert error.message == f"cannot connect to the proxy {url}: connection refused"


def test_the_deadline_holds_for_a_silent_proxy_and_nothing_was_sent() -> None:
    with listening(silent) as listener:
        url = f"http://127.0.0.1:{listener.port}"
        error = failure("https://mail.example.com", ConnectionFailed, proxy=url, deadline=0.3)
    assert error.message == f"cannot connect to the proxy {url}: no answer within 0.3 s"


def test_a_certificate_behind_a_proxy_is_checked_like_any_other(
    server: Server, stranger: Authority
) -> None:
    """So a proxy that opens TLS is noticed."""
    with front(server.url, stranger.server("localhost")) as outside, proxy() as through:
        error = failure(outside.url, ConnectionFailed, proxy=through.url)
    assert error.message == (
        f"cannot connect to {outside.url}: its certificate is not trusted by this system"
    )
    assert server.requests == []


@pytest.mark.parametrize(
    ("url", "fact"),
    [
        ("", "is empty"),
        ("proxy.example.com:3128", "is not a URL: http:// is missing"),
        ("socks5://proxy.example.com:1080", "does not start with http://"),
        ("http://", "has no host"),
        ("http://proxy.example.com", "has no port"),
        ("http://proxy.example.com:0", "has an invalid port"),
        ("http://proxy.example.com:Canary", "has an invalid port"),
        ("http://Canary..example.com:1", "has an invalid host"),
        ("http://user:Canary@proxy.example.com:3128", "contains credentials"),
        ("http://Canary@proxy.example.com:3128", "contains credentials"),
        ("http://@proxy.example.com:3128", "contains credentials"),
        ("http://proxy.example.com:3128/Canary", "has more than a host and a port"),
        ("http://proxy.example.com:3128/?Canary", "has more than a host and a port"),
    ],
)
def test_a_proxys_url_is_a_scheme_a_host_and_a_port(url: str, fact: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        Connection(endpoint("https://mail.example.com"), proxy=url)
    assert caught.value.message == f"the proxy's URL {fact}"
    assert caught.value.hint
    assert "Canary" not in str(caught.value)


def test_no_proxy_is_used_for_http_because_it_would_see_the_credentials() -> None:
    with pytest.raises(WrongUsage, match="would see the credentials"):
        Connection(endpoint("http://127.0.0.1:8080"), proxy="http://127.0.0.1:3128")


def test_no_proxy_is_asked_for_an_ipv6_address() -> None:
    with pytest.raises(WrongUsage, match="IPv6"):
        Connection(endpoint("https://[::1]:8443"), proxy="http://127.0.0.1:3128")
