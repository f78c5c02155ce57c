"""Where references lead, and what is refused there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import Resolved, resolve
from confsync.sync.secret import Ref, Secret, Vault
from confsync.sync.tree import Object
from confsync.sync.url import Url
from confsync.workflow.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.sync.tree import Members

CLUSTER = """\
InMemoryStore:
  '@type': RedisCluster
  urls:
{urls}
"""


def resolved(text: str, environment: dict[str, str], directory: Path) -> tuple[Resolved, Vault]:
    file = directory / "store.yaml"
    file.write_text(text)
    vault = Vault()
    (desired,) = load([str(file)], vault).desired
    shape = KINDS[desired.object].shape
    return resolve(desired, vault, RESOLVERS, environment, shape), vault


def redis(url: str) -> str:
    return f"InMemoryStore:\n  '@type': Redis\n  url: {url}\n"


def text_of(url: object, vault: Vault) -> str:
    assert isinstance(url, Url)
    return "".join(part if isinstance(part, str) else vault.open(part) for part in url.parts)


@pytest.mark.parametrize(
    ("password", "encoded"),
    [
        ("p@ss", "p%40ss"),
        ("a:/#?%+ b", "a%3A%2F%23%3F%25%2B%20b"),
        ("grüße", "gr%C3%BC%C3%9Fe"),
        ("plain-._~", "plain-._~"),
    ],
)
def test_a_password_in_a_url_is_percent_encoded(
    password: str, encoded: str, tmp_path: Path
) -> None:
    found, vault = resolved(
        redis("{address: 'redis://h:1/2', username: us@r, password: {env: P}}"),
        {"P": password},
        tmp_path,
    )
    url = found.desired.tree.members["url"]
    assert text_of(url, vault) == f"redis://us%40r:{encoded}@h:1/2"
    assert str(url) == "redis://us%40r:****@h:1/2"
    assert found.problems == ()


def test_a_whole_url_from_a_reference_is_trimmed_and_shown_as_the_reference(tmp_path: Path) -> None:
    found, vault = resolved(redis("{env: U}"), {"U": "  redis://u:p@h \u3000"}, tmp_path)
    url = found.desired.tree.members["url"]
    assert text_of(url, vault) == "redis://u:p@h"
    assert str(url) == "from env U"


def test_a_file_loses_one_trailing_newline_and_starts_beside_the_store(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" s3cr3t \n")
    text = CLUSTER.format(urls="    - redis://h") + (
        "  authSecret:\n    '@type': Value\n    secret: {file: secret}\n"
    )
    found, vault = resolved(text, {}, tmp_path)
    value = found.desired.tree.members["authSecret"]
    assert isinstance(value, Object)
    secret = value.members["secret"]
    assert isinstance(secret, Secret)
    assert vault.open(secret) == " s3cr3t "
    assert secret.ref == Ref("file", "secret", str(tmp_path))


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ("", "env P is empty"),
        (" \u00a0", "env P is empty"),
        ("****", "env P is a mask (****), not a secret"),
        ("ENC[AES256_GCM,data:x]", "env P is still encrypted"),
        ("a\x00b", "env P contains a control character"),
        ("two\nlines", "env P contains a control character"),
        ("\udcff", "env P contains a control character"),
    ],
)
def test_what_no_secret_can_be_is_refused_with_its_place(
    value: str, fact: str, tmp_path: Path
) -> None:
    found, _ = resolved(redis("{address: 'redis://h', password: {env: P}}"), {"P": value}, tmp_path)
    (problem,) = found.problems
    assert (problem.message, problem.line) == (fact, 3)
    assert problem.hint


KEY = "-----BEGIN PRIVATE KEY-----\nq83vEjRWeJASNFZ4\n-----END PRIVATE KEY-----"
OIDC = """\
OidcProvider:
  signatureKey: {'@type': Text, secret: {file: key}}
  encryptionKey: {'@type': Value, secret: SECRET}
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_private_key_keeps_its_line_breaks_where_the_server_takes_a_text(
    end: str, tmp_path: Path
) -> None:
    key = KEY.replace("\n", end)
    (tmp_path / "key").write_bytes(f"{key}\n".encode())
    found, vault = resolved(OIDC.replace("SECRET", "{env: P}"), {"P": "one line"}, tmp_path)
    assert found.problems == ()
    field = found.desired.tree.members["signatureKey"]
    assert isinstance(field, Object)
    secret = field.members["secret"]
    assert isinstance(secret, Secret)
    assert vault.open(secret) == key
    assert vault.scrub("the server says q83vEjRWeJASNFZ4") == "the server says ****"


def test_a_reference_to_a_private_key_is_refused_where_the_server_takes_a_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "key").write_text(KEY)
    found, _ = resolved(OIDC.replace("SECRET", "{file: key}"), {}, tmp_path)
    (problem,) = found.problems
    assert (problem.message, problem.line) == ("file key contains a control character", 3)
    (tmp_path / "key").write_text(f"{KEY}\x00")
    found, _ = resolved(OIDC.replace("SECRET", "{env: P}"), {"P": "one line"}, tmp_path)
    assert [one.line for one in found.problems] == [2]


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_cannot_be_a_secret_is_a_problem(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "s").write_bytes(content)
    found, _ = resolved(redis("{address: 'redis://h', password: {file: s}}"), {}, tmp_path)
    assert [problem.rule for problem in found.problems] == ["secret-unavailable"]


def test_every_reference_that_fails_is_a_problem(tmp_path: Path) -> None:
    urls = "    - {address: 'redis://a', password: {env: A}}\n    - {env: B}"
    found, _ = resolved(CLUSTER.format(urls=urls), {}, tmp_path)
    assert [problem.message for problem in found.problems] == [
        "env A is not set",
        "env B is not set",
    ]


def test_a_placeholder_is_never_resolved(tmp_path: Path) -> None:
    url = "{address: 'redis://h', password: {env: %s}}"
    found, _ = resolved(redis(url % "FILL_IN_1"), {"FILL_IN_1": "made-up"}, tmp_path)
    (problem,) = found.problems
    assert problem.message == "env FILL_IN_1 is a placeholder"
    assert problem.hint == "rename the reference: write the variable that holds the secret"
    for name in ("FILLED_IN_1", "fill_in_1"):
        found, _ = resolved(redis(url % name), {name: "real"}, tmp_path)
        assert found.problems == ()


def test_members_that_turn_out_equal_count_once_and_origins_move_along(tmp_path: Path) -> None:
    urls = "    - {env: A}\n    - {env: B}\n    - redis://last"
    found, vault = resolved(
        CLUSTER.format(urls=urls), {"A": "redis://x", "B": " redis://x "}, tmp_path
    )
    members: Members = found.desired.tree.members["urls"]  # type: ignore[assignment]  # a set
    assert [text_of(url, vault) for url in members.members] == ["redis://x", "redis://last"]
    assert [found.desired.origin(("urls", index)).line for index in (0, 1)] == [4, 6]


def test_a_mask_in_a_whole_url_is_refused(tmp_path: Path) -> None:
    found, _ = resolved(redis("{env: U}"), {"U": "redis://u:****@h"}, tmp_path)
    assert [problem.message for problem in found.problems] == [
        "env U has a mask (****) instead of the password"
    ]
