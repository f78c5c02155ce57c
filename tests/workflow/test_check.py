"""Files are checked as the targets of `confsync.yaml` use them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from confsync.errors import WrongUsage
from confsync.report.problems import problems_text
from confsync.workflow.targets import NOTHING_ASKED, Asked, Wanted
from confsync.workflow.validate import check

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2027, 1, 31)
BASE = "InMemoryStore:\n  '@type': Redis\n  url: rediss://localhost\n"
LAYER = "InMemoryStore:\n  timeout: 5s\n"
PLAIN = "InMemoryStore:\n  url: 'rediss://u:Canary-in-clear@cache'\n"
CONFIG = """\
targets:
  production:
    url: https://mail.example.com
    files: [stores/base.yaml, stores/production.yaml]
    allow: [{risk: plaintext-secret, until: 2027-01-31}]
  staging:
    url: https://staging.example.com
    files: [stores/base.yaml, stores/staging.yaml]
"""

CHAIN = """\
targets:
  production:
    url: https://mail.example.com
    files: [a.yaml, b.yaml, c.yaml, d.yaml, e.yaml]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        {
            "confsync.yaml": CONFIG,
            "stores/base.yaml": BASE,
            "stores/production.yaml": LAYER,
            "stores/staging.yaml": LAYER,
        },
    )
    return tmp_path


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)


def told(here: Path, *files: str, today: date = TODAY) -> tuple[tuple[str, ...], list[str]]:
    found = check(Asked(tuple(files)), here, today=today)
    facts = problems_text(found.problems).splitlines()[::2]
    assert "Canary" not in "".join(facts)
    return found.files, facts


ALL = ("confsync.yaml", "stores/base.yaml", "stores/production.yaml", "stores/staging.yaml")


def test_without_files_every_target_is_checked_and_the_configuration_itself(here: Path) -> None:
    assert told(here) == (ALL, [])
    assert told(here, "confsync.yaml") == (ALL, [])


def test_a_layer_that_is_no_whole_state_is_no_mistake(here: Path) -> None:
    files = ("stores/base.yaml", "stores/production.yaml")
    assert told(here, "stores/production.yaml") == (files, [])
    assert told(here, "./stores/../stores/production.yaml") == (files, [])


def test_a_file_that_no_target_uses_is_a_state_of_its_own(here: Path) -> None:
    write(here, {"stores/other.yaml": LAYER})
    files, facts = told(here, "stores/other.yaml", "stores/base.yaml")
    assert files == ("stores/other.yaml", *ALL[1:])
    assert facts == [
        "stores/other.yaml:2:3: error: InMemoryStore has no '@type' [no-type]",
    ]


def test_a_mistake_of_all_targets_is_told_once_and_one_of_some_with_their_names(
    here: Path,
) -> None:
    write(here, {"stores/base.yaml": BASE + "  timeout: 10\n", "stores/staging.yaml": "a: b\n"})
    _, facts = told(here)
    assert facts == [
        # production's layer has another timeout, which is laid over it.
        (
            "stores/base.yaml:4:12: error: timeout is a number without a unit (target staging) "
            "[duration-without-unit]"
        ),
        "stores/staging.yaml:1:1: error: unknown object `a` [unknown-object]",
    ]
    _, facts = told(here, "stores/staging.yaml", "stores/base.yaml", "stores/base.yaml")
    assert next(fact for fact in facts if "stores/base" in fact).count("staging") == 1
    write(here, {"stores/base.yaml": BASE + "  tiemout: 10s\n"})
    _, facts = told(here, "stores/base.yaml")
    assert facts[0] == ("stores/base.yaml:4:3: error: Redis has no field `tiemout` [unknown-field]")
    assert len(facts) == 2


def test_each_target_allows_its_own_risks(here: Path) -> None:
    write(here, {"stores/production.yaml": PLAIN, "stores/staging.yaml": PLAIN})
    _, facts = told(here)
    assert facts == [
        (
            "stores/production.yaml:2:8: warning: url contains a password in plain text "
            "[plaintext-secret, accepted]"
        ),
        "stores/staging.yaml:2:8: error: url contains a password in plain text [plaintext-secret]",
    ]


def test_a_risk_that_is_no_longer_allowed_is_an_error_with_the_place_of_its_end(
    here: Path,
) -> None:
    write(here, {"stores/production.yaml": PLAIN})
    _, facts = told(here, today=date(2027, 2, 1))
    assert facts == [
        (
            "stores/production.yaml:2:8: error: url contains a password in plain text "
            "[plaintext-secret]"
        ),
        (
            "confsync.yaml:5:13: warning: the allowance of plaintext-secret expired "
            "after 2027-01-31 [allowance-expired]"
        ),
    ]
    wanted = Wanted(allow=frozenset({"plaintext-secret"}))
    found = check(NOTHING_ASKED, here, wanted=wanted, today=date(2027, 2, 1))
    assert [problem.severity for problem in found.problems] == ["warning", "warning"]


@pytest.mark.parametrize(
    "url", ["https://mail.example.com", "https://MAIL.example.com/", "https://mail.example.com:443"]
)
def test_two_targets_of_one_server_are_told_at_the_second_url(here: Path, url: str) -> None:
    write(here, {"confsync.yaml": CONFIG.replace("https://staging.example.com", url)})
    _, facts = told(here)
    assert facts == [
        "confsync.yaml:7:10: warning: staging has the same server as production [same-server-twice]"
    ]
    assert told(here, "stores/base.yaml")[1] == []


TLS = "confsync.yaml:7:10: warning: targets/staging/url has no TLS"


@pytest.mark.parametrize(
    ("url", "facts"),
    [
        ("https://mail.example.com:8443", []),
        ("http://127.0.0.1", []),
        (
            "http://mail.example.com",
            [f"{TLS}: it needs --insecure-http [unencrypted-server]"],
        ),
    ],
)
def test_another_scheme_or_port_is_another_server(here: Path, url: str, facts: list[str]) -> None:
    write(here, {"confsync.yaml": CONFIG.replace("https://staging.example.com", url)})
    assert told(here)[1] == facts


def test_an_expired_entry_is_named_even_if_its_risk_is_not_there(here: Path) -> None:
    fact = "the allowance of plaintext-secret expired after 2027-01-31 [allowance-expired]"
    late = [f"confsync.yaml:5:13: warning: {fact}"]
    assert told(here)[1] == []
    assert told(here, today=date(2027, 2, 1))[1] == late
    # A file of the target is not checked for it: the entry is none of its problems.
    assert told(here, "stores/base.yaml", today=date(2027, 2, 1))[1] == []


PEM = "-----BEGIN CERTIFICATE-----\n"
KEY = "-----BEGIN EC PRIVATE KEY-----\n"


def test_files_of_certificates_that_cannot_be_used_are_warnings(here: Path) -> None:
    files = "    ca_file: tls/ca.pem\n    client_cert: tls/c.pem\n    client_key: tls/k.pem\n"
    write(here, {"confsync.yaml": CONFIG + files})

    def facts() -> list[str]:
        found = told(here)[1]
        assert all(": warning: " in fact and "[pem-file]" in fact for fact in found)
        return [fact.removeprefix("confsync.yaml:").split(" [")[0] for fact in found]

    of = "warning: the file of targets/staging"
    assert facts() == [
        f"9:14: {of}/ca_file cannot be read",
        f"10:18: {of}/client_cert cannot be read",
        f"11:17: {of}/client_key cannot be read",
    ]
    write(here, {"tls/ca.pem": KEY, "tls/c.pem": "", "tls/k.pem": PEM})
    assert facts() == [
        f"9:14: {of}/ca_file holds no PEM certificate",
        f"10:18: {of}/client_cert holds no PEM certificate",
        f"11:17: {of}/client_key holds no PEM private key",
    ]
    write(here, {"tls/ca.pem": PEM, "tls/c.pem": PEM + KEY, "tls/k.pem": KEY})
    assert facts() == []
    # Only the configuration itself is checked for it.
    assert told(here, "stores/base.yaml")[1] == []


def test_a_url_that_no_server_can_start_with_is_a_risk_of_the_state_that_layers_make(
    here: Path,
) -> None:
    write(here, {"stores/base.yaml": BASE.replace("rediss://", "")})
    place, lost = "stores/base.yaml:3:3", "the next restart locks out every remote client"
    fact = f"{place}: error: url has no scheme: {lost}"
    assert told(here)[1] == [f"{fact} [will-not-start]"]
    # One target has another URL on top, and the other one leaves alone what the server has.
    write(here, {"stores/production.yaml": "InMemoryStore:\n  url: rediss://cache\n"})
    assert told(here)[1] == [f"{fact} (target staging) [will-not-start]"]
    write(here, {"confsync.yaml": f"{CONFIG}    ignore: [InMemoryStore/url]\n"})
    assert told(here)[1] == []


def test_a_missing_layer_is_told(here: Path) -> None:
    (here / "stores/staging.yaml").unlink()
    _, facts = told(here, "stores/base.yaml")
    assert facts == ["stores/staging.yaml: error: no such file [no-such-file]"]


def test_a_layer_that_discards_an_earlier_file_is_told_with_both_names(here: Path) -> None:
    cluster = "InMemoryStore:\n  '@type': RedisCluster\n"
    write(here, {"stores/staging.yaml": cluster})
    _, facts = told(here)
    assert facts == [
        (
            "stores/staging.yaml:2:12: warning: the '@type' in stores/staging.yaml discards all of "
            "InMemoryStore in stores/base.yaml [layer-discarded]"
        )
    ]
    # As a file of its own it discards nothing.
    (here / "confsync.yaml").unlink()
    assert told(here, "stores/base.yaml", "stores/staging.yaml")[1] == []


def test_a_chain_of_layers_tells_of_each_file_once(here: Path) -> None:
    redis, cluster = BASE, "InMemoryStore:\n  '@type': RedisCluster\n"
    files = {"a.yaml": redis, "b.yaml": LAYER, "c.yaml": cluster, "d.yaml": LAYER, "e.yaml": redis}
    write(here, {**files, "confsync.yaml": CHAIN})
    _, facts = told(here)
    assert [fact.partition(": warning: ")[2] for fact in facts] == [
        (
            "the '@type' in c.yaml discards all of InMemoryStore in a.yaml and b.yaml"
            " [layer-discarded]"
        ),
        (
            "the '@type' in e.yaml discards all of InMemoryStore in c.yaml and d.yaml"
            " [layer-discarded]"
        ),
    ]


def test_a_layer_before_the_variant_is_discarded_too(here: Path) -> None:
    write(
        here,
        {
            "a.yaml": LAYER,
            "b.yaml": BASE,
            "confsync.yaml": CHAIN.replace(", c.yaml", "").replace(", d.yaml, e.yaml", ""),
        },
    )
    _, facts = told(here)
    assert len(facts) == 1
    assert "the '@type' in b.yaml discards all of InMemoryStore in a.yaml" in facts[0]


def test_a_configuration_that_is_wrong_is_all_that_is_told(here: Path) -> None:
    write(here, {"confsync.yaml": CONFIG.replace("url:", "ulr:")})
    files, facts = told(here, "stores/production.yaml")
    assert files == ("confsync.yaml",)
    assert len(facts) == 4


def test_from_a_directory_below_paths_start_there(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / ".git").mkdir()
    monkeypatch.chdir(here / "stores")
    assert told(here / "stores", "staging.yaml") == (
        ("../stores/base.yaml", "../stores/staging.yaml"),
        [],
    )


def test_nothing_to_check_is_wrong_usage(here: Path) -> None:
    (here / "confsync.yaml").unlink()
    with pytest.raises(WrongUsage, match="no file given"):
        check(NOTHING_ASKED, here, today=TODAY)
    with pytest.raises(WrongUsage, match="unknown risk"):
        check(NOTHING_ASKED, here, wanted=Wanted(allow=frozenset({"nothing"})), today=TODAY)


SECRETS = """\
InMemoryStore:
  '@type': RedisCluster
  urls: [{address: redis://cache, password: {env: FILL_IN_1}}]
  authSecret: {'@type': Value, secret: {env: FILL_IN_2}}
"""


def test_a_placeholder_is_a_warning_unless_the_server_s_secret_is_kept(here: Path) -> None:
    write(here, {"stores/base.yaml": SECRETS})
    found = check(Asked(("stores/base.yaml",)), here, today=TODAY)
    assert problems_text([one for one in found.problems if one.rule == "fill-in"]) == (
        "stores/base.yaml:3:10: warning: env FILL_IN_1 is a placeholder [fill-in]\n"
        "  hint: write a reference to this secret\n"
        "stores/base.yaml:4:32: warning: env FILL_IN_2 is a placeholder [fill-in]\n"
        "  hint: write a reference to this secret, or set `hidden_secrets: keep` in"
        " confsync.yaml to keep the server's\n"
    )
    keep = "    hidden_secrets: keep\n"
    write(here, {"confsync.yaml": CONFIG.replace("  staging:", f"{keep}  staging:") + keep})
    assert [line for line in told(here, "stores/base.yaml")[1] if "[fill-in]" in line] == [
        "stores/base.yaml:3:10: warning: env FILL_IN_1 is a placeholder [fill-in]"
    ]


def test_a_file_of_which_nothing_is_used_is_told_for_the_targets_that_replace_it(
    here: Path,
) -> None:
    write(here, {"stores/staging.yaml": BASE.replace("localhost", "other") + "  timeout: 5s\n"})
    unused = "stores/base.yaml:1: warning: later files replace every value of this file"
    assert told(here)[1] == [f"{unused} (target staging) [unused-layer]"]
    # One value that stays is enough.
    write(here, {"stores/base.yaml": f"{BASE}  poolMaxConnections: 5\n"})
    assert told(here)[1] == []
    # Nothing replaces the values of a file of its own.
    (here / "confsync.yaml").unlink()
    write(here, {"stores/base.yaml": BASE})
    assert told(here, "stores/base.yaml", "stores/staging.yaml")[1] == []


def test_a_file_that_is_discarded_is_told_once(here: Path) -> None:
    cluster = "InMemoryStore:\n  '@type': RedisCluster\n"
    write(here, {"stores/staging.yaml": cluster, "stores/production.yaml": LAYER})
    assert [fact.rpartition("[")[2] for fact in told(here)[1]] == ["layer-discarded]"]


def test_lists_references_and_urls_are_replaced_whole(here: Path) -> None:
    base = "InMemoryStore:\n  urls: [{address: rediss://a, password: {env: A}}]\n"
    top = "InMemoryStore:\n  '@type': RedisCluster\n  urls: [rediss://b]\n"
    chain = CHAIN.replace(", c.yaml, d.yaml, e.yaml", "")
    write(here, {"a.yaml": base, "b.yaml": top, "confsync.yaml": chain})
    (fact,) = told(here)[1]
    assert fact.endswith("[layer-discarded]")
    write(here, {"a.yaml": top, "b.yaml": top.replace("rediss://b", "rediss://c")})
    (fact,) = told(here)[1]
    assert fact == "a.yaml:1: warning: later files replace every value of this file [unused-layer]"


ONE = "stores/base.yaml"
SHARING = "staging uses the same Redis and database as production"


def fleet(here: Path, production: str, staging: str) -> list[str]:
    """What is told of two targets, each with a store of its own."""
    config = CONFIG.replace(f"{ONE}, ", "")
    write(here, {"confsync.yaml": config})
    write(here, {"stores/production.yaml": production, "stores/staging.yaml": staging})
    return [one for one in told(here)[1] if "[shared-redis]" in one]


def at(url: str) -> str:
    return f"InMemoryStore:\n  '@type': Redis\n  url: {url}\n"


TWO_URLS = [
    ("rediss://cache.example.com", "rediss://cache.example.com", 1),
    ("rediss://cache.example.com", "redis://CACHE.example.com:6379/0", 1),
    ("rediss://cache.example.com/1", "rediss://cache.example.com/1", 1),
    ("rediss://cache.example.com/1", "rediss://cache.example.com/2", 0),
    ("rediss://cache.example.com", "rediss://cache.example.com:6380", 0),
    ("rediss://cache-1.example.com", "rediss://cache-2.example.com", 0),
    # Each server has its own.
    ("redis://127.0.0.1", "redis://127.0.0.1", 0),
    ("redis://localhost", "redis://localhost", 0),
    ("unix:///run/redis.sock", "unix:///run/redis.sock", 0),
    # Not known.
    ("{env: CACHE}", "{env: CACHE}", 0),
    ("rediss://cache.example.com/a/../1", "rediss://cache.example.com/1", 0),
]


@pytest.mark.parametrize(("one", "other", "times"), TWO_URLS)
def test_targets_with_one_redis_are_told_at_the_second_url(
    here: Path, one: str, other: str, times: int
) -> None:
    fact = f"stores/staging.yaml:3:3: warning: {SHARING}: they would share rate limits and locks"
    assert fleet(here, at(one), at(other)) == [f"{fact} [shared-redis]"] * times


def test_passwords_do_not_count_and_urls_of_a_cluster_are_told_once(here: Path) -> None:
    address = "{address: rediss://cache.example.com, username: u, password: {env: A}}"
    assert len(fleet(here, at(address), at(address.replace("env: A", "env: B")))) == 1
    urls = "InMemoryStore:\n  '@type': RedisCluster\n  urls:\n"
    urls += "".join(f"    - rediss://cache-{number}.example.com\n" for number in range(3))
    assert len(fleet(here, urls, urls)) == 1


def test_sentinels_are_shared_if_the_service_is_the_same(here: Path) -> None:
    text = "InMemoryStore:\n  '@type': RedisSentinel\n  urls: [rediss://s.example.com]\n"
    assert len(fleet(here, text, text)) == 1
    assert fleet(here, text, f"{text}  serviceName: other\n") == []


def test_a_shared_base_is_told_with_the_name_of_each_target(here: Path) -> None:
    write(here, {ONE: at("rediss://cache.example.com")})
    assert told(here)[1] == [
        f"{ONE}:3:3: warning: {SHARING}: they would share rate limits and locks [shared-redis]"
    ]
    # Only of the configuration, and not of targets with one server.
    assert told(here, ONE)[1] == []
    same = CONFIG.replace("https://staging.example.com", "https://mail.example.com")
    write(here, {"confsync.yaml": same})
    assert [one.rpartition("[")[2] for one in told(here)[1]] == ["same-server-twice]"]
