"""Certificates: which are taken, which are not and why, and the files that they come from."""

from __future__ import annotations

import datetime as dt
import os
import pty
import socket
import ssl
import struct
import subprocess
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization

from confsync.errors import ConfsyncError, ConnectionFailed, ConnectionLost, WrongUsage
from confsync.net.endpoint import endpoint
from confsync.net.http import Connection
from confsync.net.tls import Trust
from tests.net.asking import OK, failure, post
from tests.net.tls_server import Authority, front, heard, listening

if TYPE_CHECKING:
    from confsync.sandbox import Server

DAY = dt.timedelta(days=1)


def test_a_certificate_of_the_ca_file_is_taken(server: Server, authority: Authority) -> None:
    with front(server.url, authority.server("localhost")) as outside:
        assert post(outside.url, trust=Trust(authority.file)).status == 401


def test_a_certificate_of_the_systems_trust_store_is_taken(
    server: Server, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    with front(server.url, authority.server("localhost")) as outside:
        assert post(outside.url).status == 401


def test_with_a_ca_file_the_systems_trust_store_does_not_count(
    server: Server, authority: Authority, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    with front(server.url, authority.server("localhost")) as outside:
        error = failure(outside.url, ConnectionFailed, trust=Trust(stranger.file))
    assert error.message == (
        f"cannot connect to {outside.url}: its certificate is not trusted by the CA file"
    )
    assert server.requests == []


@pytest.mark.parametrize(("name", "host"), [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")])
def test_a_certificate_for_an_address_is_taken_for_it(
    server: Server, authority: Authority, name: str, host: str
) -> None:
    with front(server.url, authority.server(name.strip("[]")), name, host) as outside:
        assert post(outside.url, trust=Trust(authority.file)).status == 401


def test_an_intermediate_ca_may_stand_alone_in_the_ca_file(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    child = Authority(tmp_path, authority.ca.create_child_ca())
    child.ca.cert_pem.write_to_path(child.file)
    with front(server.url, child.server("localhost")) as outside:
        assert post(outside.url, trust=Trust(child.file)).status == 401


@dataclass(frozen=True)
class Bad:
    """A certificate that is not good, and what is said of it."""

    fact: str
    hint: str
    name: str = "localhost"
    starts: dt.timedelta = -DAY
    ends: dt.timedelta = DAY


@pytest.mark.parametrize(
    "bad",
    [
        Bad(
            "its certificate, or one in its chain, has expired",
            "renew it",
            starts=-2 * DAY,
            ends=-DAY,
        ),
        Bad(
            "its certificate, or one in its chain, is not valid yet",
            "clock",
            starts=DAY,
            ends=2 * DAY,
        ),
        Bad(
            "its certificate is for another host name", "a host name from", name="mail.example.com"
        ),
    ],
)
def test_a_certificate_that_is_not_good_is_refused_with_the_reason(
    server: Server, authority: Authority, bad: Bad
) -> None:
    context = authority.server(bad.name, starts=bad.starts, ends=bad.ends)
    with front(server.url, context) as outside:
        error = failure(outside.url, ConnectionFailed, trust=Trust(authority.file))
    assert error.message == f"cannot connect to {outside.url}: {bad.fact}"
    assert bad.hint in error.hint
    assert server.requests == []


def test_a_certificate_for_a_name_is_not_taken_for_an_address(
    server: Server, authority: Authority
) -> None:
    with front(server.url, authority.server("localhost"), "127.0.0.1") as outside:
        error = failure(outside.url, ConnectionFailed, trust=Trust(authority.file))
    assert error.message.endswith(": its certificate is for another host name")
    assert "not an IP address" in error.hint


def test_a_certificate_that_no_ca_signed_is_refused_with_a_way_out(
    server: Server, stranger: Authority
) -> None:
    with front(server.url, stranger.server("localhost")) as outside:
        error = failure(outside.url, ConnectionFailed)
    assert error.message == (
        f"cannot connect to {outside.url}: its certificate is not trusted by this system"
    )
    assert "--ca-file (CONFSYNC_CA_FILE)" in error.hint
    assert server.requests == []


def test_a_server_with_an_old_version_of_tls_is_refused(
    server: Server, authority: Authority
) -> None:
    context = authority.server("localhost")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with front(server.url, context) as outside:
        error = failure(outside.url, ConnectionFailed, trust=Trust(authority.file))
    assert error.message.endswith(": it supports neither TLS 1.2 nor TLS 1.3")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(
    server: Server, authority: Authority, version: ssl.TLSVersion
) -> None:
    context = authority.server("localhost")
    context.minimum_version = context.maximum_version = version
    with front(server.url, context) as outside:
        assert post(outside.url, trust=Trust(authority.file)).status == 401


def test_no_older_version_and_no_other_name_can_be_allowed() -> None:
    context = Trust().context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_the_keys_of_a_connection_are_written_to_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert Trust().context().keylog_filename is None


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        (b"HTTP/1.1 400 Bad\r\n\r\n", "it does not speak TLS on this port"),
        (b"220 mail.example.com ESMTP\r\n", "it does not speak TLS on this port"),
        (b"* OK IMAP4rev2\r\n", "it does not speak TLS on this port"),
        (b"", "it closed the connection"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "it refused the TLS handshake"),
        (b"\x15\x03\x01\x00\x02\x02\x50", "it ended the TLS handshake"),
    ],
)
def test_https_to_a_port_that_does_not_speak_tls_is_told(said: bytes, fact: str) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with listening(speak) as listener:
        url = f"https://127.0.0.1:{listener.port}"
        error = failure(url, ConnectionFailed)
    assert error.message == f"cannot connect to {url}: {fact}"


# CPython's wrap_socket leaves the socket to the garbage collector if it was reset before.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_that_is_closed_at_once_may_be_a_ban(*, scheme: str, reset: bool) -> None:
    def speak(connection: socket.socket) -> None:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with (
        listening(speak) as listener,
        pytest.raises((ConnectionFailed, ConnectionLost)) as caught,
    ):
        post(f"{scheme}://127.0.0.1:{listener.port}")
    assert "banned addresses" in caught.value.hint


def test_http_to_a_port_that_speaks_tls_is_told(server: Server, authority: Authority) -> None:
    with front(server.url, authority.server("localhost"), "127.0.0.1") as outside:
        failure(outside.url.replace("https", "http"), ConnectionLost)
    assert server.requests == []


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def demanding(authority: Authority, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A server that lets nobody in without a certificate of this CA."""
    context = authority.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("files", ["two", "one"])
def test_a_client_certificate_lets_in(
    server: Server, authority: Authority, version: ssl.TLSVersion, files: str, tmp_path: Path
) -> None:
    cert, key = authority.client()
    both = tmp_path / "both.pem"
    both.write_text(Path(key).read_text() + Path(cert).read_text())
    shown = (cert, key) if files == "two" else (both, None)
    with front(server.url, demanding(authority, version)) as outside:
        assert post(outside.url, trust=Trust(authority.file, *shown)).status == 401


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_wants_a_client_certificate_is_told(
    server: Server, authority: Authority, version: ssl.TLSVersion
) -> None:
    """In TLS 1.3 it says so after sending has begun, and then nothing is certain."""
    with front(server.url, demanding(authority, version)) as outside:
        error = refused(outside.url, Trust(authority.file))
    assert "--client-cert" in error.hint
    if version is ssl.TLSVersion.TLSv1_3:
        assert error.message.endswith(": it requires a client certificate")
    else:
        assert isinstance(error, ConnectionFailed)
        assert error.message.endswith(": it refused the TLS handshake")
    assert server.requests == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_does_not_accept_the_client_certificate_is_told(
    server: Server, authority: Authority, stranger: Authority, version: ssl.TLSVersion
) -> None:
    with front(server.url, demanding(authority, version)) as outside:
        error = refused(outside.url, Trust(authority.file, *stranger.client()))
    assert error.message.endswith(": it does not accept the client certificate")
    assert server.requests == []


def refused(url: str, trust: Trust) -> ConfsyncError:
    with pytest.raises((ConnectionFailed, ConnectionLost)) as caught:
        post(url, trust=trust)
    assert caught.value.__context__ is caught.value.__cause__ is None
    return caught.value


def files(authority: Authority, directory: Path) -> dict[str, Path]:
    """Files of every kind that could be meant."""
    cert, key = map(Path, authority.client())
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"Canary")
    made = {
        "cert": cert.read_bytes(),
        "key": key.read_bytes(),
        "both": key.read_bytes() + cert.read_bytes(),
        "locked": private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked
        ),
        "locked-openssl": private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, locked
        ),
        "other-key": authority.ca.issue_cert("b.example").private_key_pem.bytes(),
        "broken": b"-----BEGIN CERTIFICATE-----\nCanary\n-----END CERTIFICATE-----\n",
        "text": b"Canary",
        "empty": b"",
        "closed": cert.read_bytes(),
    }
    for name, content in made.items():
        (directory / name).write_bytes(content)
    (directory / "closed").chmod(0)
    (directory / "directory").mkdir()
    return {name: directory / name for name in (*made, "directory", "missing")}


@pytest.mark.parametrize(
    ("ca", "fact"),
    [
        *((name, "no certificate found") for name in ("text", "empty", "broken", "key")),
        ("missing", "no such file"),
        ("directory", "is a directory"),
        ("closed", "permission denied"),
    ],
)
def test_a_ca_file_that_is_none_is_told_with_its_path(
    authority: Authority, tmp_path: Path, ca: str, fact: str
) -> None:
    file = files(authority, tmp_path)[ca]
    if ca == "closed" and os.access(file, os.R_OK):
        pytest.skip("root may read everything")
    with pytest.raises(WrongUsage) as caught:
        Trust(file).context()
    told(caught.value, fact, file, "--ca-file")


@pytest.mark.parametrize("option", ["ca_file", "client_cert", "client_key"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_is_refused_before_openssl_waits_for_it(
    authority: Authority, tmp_path: Path, option: str, kind: str
) -> None:
    file = tmp_path / "fifo" if kind == "pipe" else Path("/dev/zero")
    if kind == "pipe":
        os.mkfifo(file)
    given: dict[str, Any] = {option: file}
    if option == "client_key":
        given["client_cert"] = files(authority, tmp_path)["cert"]
    with pytest.raises(WrongUsage) as caught:
        Trust(**given).context()
    told(caught.value, f"is a {kind}, not a regular file", file, f"--{option.replace('_', '-')}")


@pytest.mark.parametrize(
    ("pair", "named", "fact"),
    [
        (
            ("cert", "locked"),
            "locked",
            "the key is encrypted: confsync cannot use a key with a passphrase",
        ),
        (("cert", "locked-openssl"), "locked-openssl", "the key is encrypted"),
        (("cert", "other-key"), "other-key", "the key does not belong to the certificate"),
        (("cert", "missing"), "missing", "no such file"),
        (("missing", "key"), "missing", "no such file"),
        (("directory", "key"), "directory", "is a directory"),
        (("cert", "directory"), "directory", "is a directory"),
        (("cert", None), "cert", "no private key found"),
        (("cert", "text"), "text", "no private key found"),
        (("cert", "cert"), "cert", "no private key found"),
        (("text", "key"), "text", "no certificate found"),
        (("empty", "key"), "empty", "no certificate found"),
        (("key", "key"), "key", "no certificate found"),
        (("broken", "key"), "broken", "the certificate or its key cannot be used"),
    ],
)
def test_a_client_certificate_or_key_that_is_none_is_told_with_its_path(
    authority: Authority, tmp_path: Path, pair: tuple[str, str | None], named: str, fact: str
) -> None:
    found = files(authority, tmp_path)
    cert, key = pair
    with pytest.raises(WrongUsage) as caught:
        Trust(None, found[cert], key and found[key]).context()
    told(caught.value, fact, found[named], "")


def told(error: WrongUsage, fact: str, file: Path, hint: str) -> None:
    assert error.message.startswith(fact)
    assert error.where == str(file)
    assert error.hint
    assert hint in error.hint
    assert "Canary" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_nobody_is_asked_for_a_passphrase(authority: Authority, tmp_path: Path) -> None:
    """OpenSSL would ask at the terminal, and wait: here there is one, and nobody answers."""
    found = files(authority, tmp_path)
    script = "import sys; from confsync.net.tls import Trust; Trust(None, *sys.argv[1:]).context()"
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(found["cert"]), str(found["locked"])],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        assert process.wait(300) == 1
        shown = os.read(master, 65536)
    finally:
        os.close(slave)
        with suppress(OSError):
            os.close(master)
    assert b"pass phrase" not in shown
    assert b"the key is encrypted" in shown


def test_a_key_without_a_certificate_is_wrong_usage() -> None:
    with pytest.raises(WrongUsage) as caught:
        Trust(client_key="client.key")
    assert "--client-key" in caught.value.message
    assert "--client-cert" in caught.value.hint


@pytest.mark.parametrize("option", ["ca_file", "client_cert", "client_key"])
@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\nCanary\n-----END PRIVATE KEY-----\n",
        "\n  -----BEGIN CERTIFICATE-----Canary",
        "LS0tLS1CRUdJTiBDanary",
        "MIICanary" + "A" * 60,
        "Canary\nof lines",
        "Canary" * 200,
    ],
)
def test_the_content_of_a_file_in_the_place_of_its_path_is_not_repeated(
    option: str, text: str
) -> None:
    """A CI variable often holds the key itself, and what is printed there stays for ever."""
    given: dict[str, Any] = {option: text}
    with pytest.raises(WrongUsage) as caught:
        Trust(**given)
    assert "anary" not in str(caught.value)
    assert "is not a file path" in caught.value.message


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_path_is_not_taken_for_none(text: str) -> None:
    with pytest.raises(WrongUsage, match="--ca-file"):
        Trust(text)


@pytest.mark.parametrize("trust", [Trust("ca.pem"), Trust(None, "client.pem")])
def test_certificates_for_a_connection_over_http_are_wrong_usage(trust: Trust) -> None:
    with pytest.raises(WrongUsage, match="cannot be used with http://"):
        Connection(endpoint("http://127.0.0.1:8080"), trust=trust)


def test_an_answer_comes_over_tls_as_it_was_sent(authority: Authority) -> None:
    context = authority.server("localhost")

    def speak(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            heard(secure)
            secure.sendall(OK)

    with listening(speak) as listener:
        url = f"https://localhost:{listener.port}"
        assert post(url, trust=Trust(authority.file)).body == b"{}"
