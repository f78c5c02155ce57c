"""The server's URL, and the hosts that may be contacted."""

from __future__ import annotations

import pytest

from confsync.errors import Declined, WrongUsage
from confsync.net.endpoint import check_host, endpoint


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://mail.example.com", "mail.example.com"),
        ("https://mail.example.com:8443", "mail.example.com"),
        ("https://mail.example.com", "mail.example.com:443"),
        ("http://127.0.0.1", "127.0.0.1:80"),
        ("https://mail.example.com:8443", "mail.example.com:443, mail.example.com:8443"),
        ("https://MAIL.example.com", "mail.Example.COM"),
        ("https://mail.example.com.", "mail.example.com"),
        ("https://mail.example.com", " mail.example.com. , other.example.com"),
        ("https://[::1]", "[::1]"),
        ("https://[0:0:0:0:0:0:0:1]:8443", "[::1]:8443"),
        ("https://[::1]", "[0::1]"),
        ("http://localhost:8080", "localhost"),
        ("https://eu-01.mail.example.com", ".mail.example.com"),
        ("https://a.b.mail.example.com:8443", "other.org, .Mail.example.com.:8443"),
    ],
)
def test_a_host_of_the_list_may_be_contacted(url: str, hosts: str) -> None:
    check_host(endpoint(url), hosts)


@pytest.mark.parametrize(
    ("url", "hosts", "named"),
    [
        ("https://evil.example.com", "mail.example.com", "evil.example.com at port 443"),
        ("https://mail.example.com:8443", "mail.example.com:443", "mail.example.com at port 8443"),
        ("https://mail.example.com.evil.org", "mail.example.com", "mail.example.com.evil.org at"),
        ("https://evil-mail.example.com", "mail.example.com", "evil-mail.example.com"),
        ("https://sub.mail.example.com", "mail.example.com", "sub.mail.example.com"),
        ("https://example.com", "mail.example.com", "example.com"),
        ("http://localhost", "127.0.0.1", "localhost"),
        ("https://[::2]", "[::1]", "::2"),
        ("https://mail.example.com", ".mail.example.com", "mail.example.com at port 443"),
        ("https://evilmail.example.com", ".mail.example.com", "evilmail.example.com"),
        ("https://a.mail.example.com.evil.org", ".mail.example.com", "a.mail.example.com.evil"),
        ("https://a.mail.example.com", ".mail.example.com:8443", "a.mail.example.com at port 443"),
    ],
)
def test_any_other_host_is_declined(url: str, hosts: str, named: str) -> None:
    with pytest.raises(Declined) as caught:
        check_host(endpoint(url), hosts)
    assert caught.value.message.startswith(named)
    assert "CONFSYNC_HOSTS" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "hosts",
    [
        *("", " ", ",", "mail.example.com,", "mail.example.com,,other.example.com"),
        *("*", "*.example.com", "mail.example.com:*", ".com", "mail..example.com"),
        *("..example.com", ".", ".127.0.0.1", ".[::1]", "[.::1]"),
        *("https://mail.example.com", "mail.example.com/", "mail.example.com:", "mail@example.com"),
        *("mail.example.com:0", "mail.example.com:65536", "mail.example.com:https", "::1"),
        *("[mail.example.com]", "[::1", "[::1]]", "mail.example.com other.example.com", "[::1%1]a"),
    ],
)
def test_a_list_that_cannot_be_read_opens_no_host(hosts: str) -> None:
    """Even where another entry names the host: a variable set by mistake is told, not guessed."""
    for listed in {hosts, f"mail.example.com,{hosts}"}:
        with pytest.raises(WrongUsage) as caught:
            check_host(endpoint("https://mail.example.com"), listed)
        assert "CONFSYNC_HOSTS" in caught.value.message
        assert caught.value.hint


def test_a_list_that_is_set_but_empty_is_told_as_that() -> None:
    with pytest.raises(WrongUsage, match="CONFSYNC_HOSTS is empty"):
        check_host(endpoint("https://mail.example.com"), " ")


def test_what_stands_in_the_list_is_not_repeated() -> None:
    with pytest.raises(WrongUsage) as caught:
        check_host(endpoint("https://mail.example.com"), "mail.example.com,API_Canary/+=")
    assert caught.value.message == "CONFSYNC_HOSTS: entry 2 is not a host or host:port"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://mail.example.com", "https://mail.example.com"),
        (" https://MAIL.example.com/ ", "https://mail.example.com"),
        ("https://mail.example.com.:8443", "https://mail.example.com:8443"),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://bücher.example", "https://bücher.example"),
        ("https://mail_1.internal", "https://mail_1.internal"),
    ],
)
def test_a_servers_url_is_an_origin(url: str, origin: str) -> None:
    assert endpoint(url).origin == origin


@pytest.mark.parametrize(
    "url",
    [
        *("", "mail.example.com", "ftp://mail.example.com", "https://", "https:///Canary"),
        *("https://Canary@mail.example.com", "https://user:Canary@mail.example.com"),
        *("https://@mail.example.com", "https://:@mail.example.com"),
        *("https://mail.example.com/Canary", "https://mail.example.com?Canary"),
        *("https://mail.example.com#Canary", "https://mail.example.com:Canary"),
        *("https://mail.example.com:0", "https://mail.example.com:65536", "https://[::1"),
        *("https://Canary..example.com", "https://-Canary.example.com", "https://Canary_!"),
        *("https://mail.example.com\\Canary", "https://Canary\\@mail.example.com"),
        *("https://mail%2eexample.com", f"https://{'Canary' * 11}.example.com", "https://a b"),
        *("https://[::1%25eth0]", "https://[Canary]", f"https://{'canary.' * 40}com"),
    ],
)
def test_a_servers_url_that_is_more_or_less_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        endpoint(url)
    assert caught.value.hint
    assert "canary" not in str(caught.value).lower()


@pytest.mark.parametrize(
    "url",
    [
        *("http://mail.example.com", "http://192.0.2.1", "http://0.0.0.0", "http://127.1"),
        *("http://localhost.example.com", "http://[::2]", "http://127.0.0.1.example.com"),
    ],
)
def test_http_is_for_loopback_alone(url: str) -> None:
    with pytest.raises(WrongUsage, match="would send the credentials"):
        endpoint(url)
    assert endpoint(url, insecure_http=True).origin == url


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "http://127.9.9.9", "http://[::1]", "http://localhost"]
)
def test_http_to_loopback_needs_no_word(url: str) -> None:
    assert endpoint(url).origin == url
