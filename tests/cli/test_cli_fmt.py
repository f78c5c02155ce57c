"""`confsync fmt` as a process."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from tests.cli.process import STORE

if TYPE_CHECKING:
    from tests.cli.process import Desk

MESSY = STORE.replace("'@type'", '"@type"').replace(": 32", ":   32   ")
BROKEN = "InMemoryStore:\n\t'@type': Redis\n"
UNSAFE = "InMemoryStore:\n    '@type': RedisSentinel\n    serviceName: |\n        x"
SERVERLESS = {"STALWART_TOKEN": None, "REDIS_PASSWORD": None}


def test_files_are_formatted_and_those_that_were_not_canonical_are_named(offline: Desk) -> None:
    names = [offline.file("stores/a.yaml", MESSY), offline.file("stores/b.yaml")]
    ran = offline.run("fmt", *names, env=SERVERLESS)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err == ("stores/a.yaml: formatted\n1 file formatted, 1 already formatted.\n")
    assert [(offline.directory / name).read_text() for name in names] == [STORE, STORE]
    again = offline.run("fmt", *names)
    assert (again.status, again.err) == (0, "2 files already formatted.\n")


def test_check_shows_the_difference_and_writes_nothing(offline: Desk) -> None:
    names = [offline.file("a.yaml", MESSY), offline.file("b.yaml")]
    ran = offline.run("fmt", "--check", *names)
    assert ran.status == 1
    assert ran.out == (
        "--- a.yaml as it is\n"
        "+++ a.yaml formatted\n"
        "@@ -1,9 +1,9 @@\n"
        " InMemoryStore:\n"
        '-  "@type": RedisCluster\n'
        "+  '@type': RedisCluster\n"
        "   urls:\n"
        "     - rediss://cache-1.example.com:6379\n"
        "   authSecret:\n"
        '-    "@type": Value\n'
        "+    '@type': Value\n"
        "     secret: {env: REDIS_PASSWORD}\n"
        "-  poolMaxConnections:   32   \n"
        "+  poolMaxConnections: 32\n"
        "   authUsername: stalwart\n"
    )
    assert ran.err == (
        "a.yaml: would be formatted\n1 file would be formatted, 1 already formatted.\n"
    )
    assert (offline.directory / "a.yaml").read_text() == MESSY
    done = offline.run("fmt", "--check", "b.yaml")
    assert (done.status, done.out) == (0, "")


def test_what_cannot_be_formatted_is_named_and_left_alone_and_the_others_are_formatted(
    offline: Desk,
) -> None:
    (offline.directory / "folder").mkdir()
    (offline.directory / "bytes.yaml").write_bytes(b"InMemoryStore: \xff\n")
    texts = {"broken.yaml": BROKEN, "unsafe.yaml": UNSAFE, "twice.yaml": STORE + "InMemoryStore:\n"}
    names = [offline.file(name, text) for name, text in texts.items()]
    ran = offline.run("fmt", *names, "bytes.yaml", "no.yaml", offline.file("z", MESSY))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "broken.yaml:2:1: error: a tab instead of spaces [tab]\n"
        "  hint: indent with spaces\n"
        "unsafe.yaml:3:18: error: formatting would change the meaning here, so the file is"
        " unchanged [not-formatted]\n"
        "  hint: end the file with a newline if this is its last text, or write the text on"
        " one line\n"
        "twice.yaml:10:1: error: duplicate key [duplicate-key]\n"
        "  hint: it is also on line 1; keep one of them\n"
        "bytes.yaml:1: error: the file is not UTF-8 from this line on [not-utf-8]\n"
        "  hint: save it as UTF-8\n"
        "no.yaml: error: no such file [no-such-file]\n"
        "  hint: check the path; in confsync.yaml it is relative to that file\n"
        "z: formatted\n"
        "1 file formatted, 5 with errors.\n"
    )
    for name, text in texts.items():
        assert (offline.directory / name).read_text() == text
    assert (offline.directory / "z").read_text() == STORE


def test_a_file_of_no_concern_is_left_alone_and_does_not_fail(offline: Desk) -> None:
    texts = {
        "playbook.yaml": "- hosts:   all\n",
        "values.yaml": "a:   &x 1\nb: *x\nstalwart:\n  InMemoryStore: {}\n",
        "confsync.yaml": 'targets:   {"a": {}}\n',
        "two.yaml": "a: 1\n---\nb:   2\n",
        "empty.yaml": "",
        "helm.yaml": "a: {{ .Values.a }}\n\t\n",
        "large.yaml": f"# {'x' * 70_000}\n",
    }
    names = [offline.file(name, text) for name, text in texts.items()]
    for check in ((), ("--check",)):
        ran = offline.run("fmt", *check, *names)
        assert (ran.status, ran.out) == (0, "")
        assert ran.err == "7 files skipped (no store).\n"
    for name, text in texts.items():
        assert (offline.directory / name).read_text() == text


def test_a_store_with_mistakes_in_its_fields_is_formatted_all_the_same(offline: Desk) -> None:
    name = offline.file("a.yaml", "InMemoryStore:\n  '@type':   Redis\n  timeout:   10\n  a: b\n")
    assert offline.run("fmt", name).status == 0
    text = (offline.directory / name).read_text()
    assert text == "InMemoryStore:\n  '@type': Redis\n  timeout: 10\n  a: b\n"


SECRETS = """\
InMemoryStore:
    "@type":  RedisCluster  # Canary-in-a-comment
    urls:
    - "rediss://u:Canary-in-a-url@cache:6379"
    -   'rediss://cache:6379?password=Canary-in-a-parameter'
    - {address:   redis://a, username: u, password:   "Canary-in-a-mapping"}
    - {Canary:   Canary-in-an-unknown-part}
    # Canary-in-a-comment
    authSecret:   {'@type': Value, secret: "Canary"}
    authUsername:   redis://u:Canary@h
    timeout:   Canary-in-a-field
    poolTimeoutWait:   [Canary-in-a-list]
    Canary-in-a-key:   {a: Canary}
    url:   redis://u:Canary@of-another-variant
    password: "Canary"
Canary-object:   Canary
"""


def test_a_diff_shows_no_secret(offline: Desk) -> None:
    """Short ones too, which the scrubber leaves alone: what is secret is told by its place."""
    ran = offline.run("fmt", "--check", offline.file("a.yaml", SECRETS))
    assert ran.status == 1
    before = [line[1:] for line in ran.out.splitlines() if line[0] in "- "]
    assert before[1:] == [
        "InMemoryStore:",
        '    "@type":  RedisCluster  # …',
        "    urls:",
        "    - rediss://u:****@cache:6379",
        "    -   rediss://cache:6379?password=****",
        "    - {address:   redis://a, username: u, password:   ****}",
        "    - {****:   ****}",
        "    # …",
        "    authSecret:   {'@type': Value, secret: ****}",
        "    authUsername:   redis://u:****@h",
        "    timeout:   ****",
        "    poolTimeoutWait:   [****]",
        "    ****:   {****: ****}",
        "    url:   ****",
        "    ****: ****",
        "****:   ****",
    ]


def test_a_diff_shows_what_cannot_be_seen(offline: Desk) -> None:
    text = "\ufeffInMemoryStore:\r\n  '@type': Redis\r\n  # \u202e"
    ran = offline.run("fmt", "--check", offline.file("a.yaml", text))
    assert ran.out == (
        "--- a.yaml as it is\n"
        "+++ a.yaml formatted\n"
        "@@ -1,3 +1,3 @@\n"
        "-\\ufeffInMemoryStore:\\x0d\n"
        "-  '@type': Redis\\x0d\n"
        "-  # …\n"
        "\\ No newline at end of file\n"
        "+InMemoryStore:\n"
        "+  '@type': Redis\n"
        "+  # …\n"
    )


def test_a_file_that_is_canonical_is_not_written(offline: Desk) -> None:
    path = offline.directory / offline.file("a.yaml")
    os.utime(path, (1, 1))
    before = path.stat()
    assert offline.run("fmt", "a.yaml").status == 0
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_mode_stays_and_a_symlink_leads_to_the_same_file(offline: Desk) -> None:
    path = offline.directory / offline.file("real/a.yaml", MESSY)
    path.chmod(0o640)
    link = offline.directory / "link.yaml"
    link.symlink_to("real/a.yaml")
    ran = offline.run("fmt", "link.yaml")
    assert (ran.status, ran.err.splitlines()[0]) == (0, "link.yaml: formatted")
    assert link.is_symlink()
    assert path.read_text() == STORE
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in path.parent.iterdir()] == ["a.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
@pytest.mark.parametrize("locked", ["a.yaml", "."])
def test_a_file_that_may_not_be_written_is_named_and_left_alone(offline: Desk, locked: str) -> None:
    path = offline.directory / offline.file("stores/a.yaml", MESSY)
    place = path.parent / locked
    mode = stat.S_IMODE(place.stat().st_mode)
    place.chmod(mode & ~0o222)
    try:
        ran = offline.run("fmt", "stores/a.yaml", offline.file("b.yaml", MESSY))
    finally:
        place.chmod(mode)
    assert ran.status == 1
    assert ran.err == (
        "stores/a.yaml: error: may not be written [unwritable]\n"
        "  hint: check owner and mode of the file and its directory, and the disk space"
        "\nb.yaml: formatted\n1 file formatted, 1 with errors.\n"
    )
    assert path.read_text() == MESSY
    assert [entry.name for entry in path.parent.iterdir()] == ["a.yaml"]


def test_no_file_is_wrong_usage(offline: Desk) -> None:
    ran = offline.run("fmt")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"error: no confsync.yaml found in {offline.directory}, and no file")


CONFIG = """\
targets:
  production:
    url: https://mail.example.com
    files: [stores/base.yaml, stores/production.yaml]
  staging:
    url: https://staging.example.com
    files: [stores/base.yaml]
"""


def test_without_files_those_of_the_configuration_are_formatted_each_once(offline: Desk) -> None:
    offline.file("confsync.yaml", CONFIG)
    offline.file("stores/base.yaml", MESSY)
    offline.file("stores/production.yaml")
    offline.file("stores/other.yaml", MESSY)
    checked = offline.run("fmt", "--check")
    assert checked.status == 1
    assert checked.err.startswith("stores/base.yaml: would be formatted\n1 file would be")
    assert offline.run("fmt").status == 0
    assert (offline.directory / "stores/base.yaml").read_text() == STORE
    assert (offline.directory / "stores/other.yaml").read_text() == MESSY
    assert offline.run("fmt", "--check").status == 0


def test_without_files_a_configuration_that_is_wrong_is_told(offline: Desk) -> None:
    offline.file("confsync.yaml", CONFIG.replace("url:", "ulr:"))
    ran = offline.run("fmt", "--check")
    assert ran.status == 1
    assert "confsync.yaml:3:5: error: " in ran.err
