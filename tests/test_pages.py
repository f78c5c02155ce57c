"""Every command and every store in README, docs and examples is run."""

from __future__ import annotations

import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
from contextlib import contextmanager
from html import unescape
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server
from confsync.workflow.validate import validate
from tests.net.tls_server import Authority, front, proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md"))
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STORE = (ROOT / "examples/demo/stores/in-memory.yaml").read_text()

KEYS = {"API_example": frozenset({"authenticate", "sysInMemoryStoreGet", "sysInMemoryStoreUpdate"})}
TOKENS = {"PRODUCTION_TOKEN": "API_example", "STAGING_TOKEN": "API_example"}
"""What the targets of pages log in with."""

PROXY = "http://proxy.example.com:3128"
"""The proxy that pages name."""

# Commands of the pages that are no confsync; each is held by something else.
ELSEWHERE = {
    "make demo",  # .ci/run
    "pip install confsync",  # test_the_package_has_the_name_that_is_installed
    "make test PYTHON=python",
    # tests/test_pre_commit.py
    "pre-commit install",
    "pre-commit install --hook-type pre-push",
    "pre-commit run confsync-plan --all-files --hook-stage manual",
}


def blocks(page: str, *languages: str) -> list[str]:
    found = BLOCK.findall((ROOT / page).read_text())
    return [body for language, body in found if language in languages]


def commands(page: str) -> list[str]:
    console = [
        line.removeprefix("$ ")
        for body in blocks(page, "console")
        for line in body.splitlines()
        if line.startswith("$ ")
    ]
    shell = [line for body in blocks(page, "sh") for line in body.splitlines()]
    return [line for line in console + shell if line and not line.startswith(("export", "unset"))]


def run(arguments: list[str], directory: Path, url: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "STALWART_URL": url,
        "STALWART_USER": "admin",
        "STALWART_PASSWORD": "sandbox",
        "REDIS_PASSWORD": "canary",
        **TOKENS,
    }
    return subprocess.run(
        [sys.executable, "-m", "confsync", *arguments],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    stores = tmp_path / "stores"
    stores.mkdir()
    for name in ("in-memory", "base", "production"):
        (stores / f"{name}.yaml").write_text(STORE)
    return tmp_path


def test_the_pages_have_commands() -> None:
    assert {page for page in PAGES if commands(page)} >= {
        "README.md",
        "docs/store-file.md",
        "docs/targets.md",
        "docs/transport.md",
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_runs(page: str, directory: Path) -> None:
    for command in commands(page):
        words = shlex.split(command, comments=True)
        if ">" in words:  # where the shell writes it to
            del words[words.index(">") :]
        if words[0] != "confsync":
            assert command in ELSEWHERE, f"{page}: nothing runs {command!r}"
            continue
        if words[1] == "sandbox":
            start_and_end_a_sandbox(words[1:], directory)
            continue
        with (
            Server(keys=KEYS) as server,
            Server(keys=KEYS) as other,
            reached(words[1:], directory, server.url) as (arguments, url),
        ):
            configure(page, directory, [server.url, other.url])
            done = run(arguments, directory, url)
        asks = words[1] == "apply" and "--yes" not in words
        assert done.returncode == (3 if asks else 0), (command, done.stdout, done.stderr)


def configure(page: str, directory: Path, urls: list[str]) -> None:
    """Write the `confsync.yaml` of a page that has one, its servers replaced by these."""
    for text in blocks(page, "yaml"):
        if text.startswith("targets:"):
            parts = re.split(r"https://\S+", text)
            config = "".join(part + url for part, url in zip(parts, [*urls, ""], strict=True))
            (directory / "confsync.yaml").write_text(config)


@contextmanager
def reached(words: list[str], directory: Path, url: str) -> Iterator[tuple[list[str], str]]:
    """The server as a command wants to reach it: its private CA, client certificate and proxy are
    there, under the names that the command gives them.
    """
    if "--ca-file" not in words:
        yield words, url
        return
    authority = Authority.made(directory)
    authority.client("client")
    context = authority.server("localhost")
    if "--client-cert" in words:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.ca.configure_trust(context)
    with front(url, context) as outside, proxy() as through:
        yield [through.url if word == PROXY else word for word in words], outside.url
        assert bool(through.heads) == (PROXY in words)
        assert outside.connections == 1


def start_and_end_a_sandbox(words: list[str], directory: Path) -> None:
    arguments = [
        "0" if before == "--port" else word
        for before, word in zip(["", *words], words, strict=False)
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "confsync", *arguments],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0


@pytest.mark.parametrize(
    "page", ["README.md", "docs/store-file.md", "docs/schema.md", "docs/fmt.md"]
)
def test_every_store_of_a_page_is_valid(page: str, tmp_path: Path) -> None:
    stores = blocks(page, "yaml")
    assert stores
    for number, store in enumerate(stores):
        file = tmp_path / f"{number}.yaml"
        file.write_text(store)
        assert validate([str(file)]) == ()


def test_every_store_of_the_examples_is_valid() -> None:
    stores = [str(path) for path in ROOT.glob("examples/**/stores/*.yaml")]
    assert len(stores) > 1
    assert validate(stores) == ()


def test_the_readme_shows_what_the_demo_prints() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/demo/demo.py")],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    printed = settled(done.stdout)
    assert "$ confsync validate" in printed
    assert printed.rstrip().endswith("(exit status 0)")
    assert "No visible changes. 1 secret cannot be compared" in printed
    shown = [body for body in blocks("README.md", "console") if body.startswith("$ confsync plan")]
    assert len(shown) == 1
    command, _, output = settled(shown[0]).partition("\n")
    assert command in printed
    assert output in printed
    (applied,) = (body for body in blocks("README.md", "console") if "--yes" in body)
    assert applied.partition("…\n")[2] in printed


def test_the_pictures_show_what_is_printed_now() -> None:
    spec = spec_from_file_location("draw", ROOT / "docs/pictures/draw.py")
    assert spec is not None
    assert spec.loader is not None
    draw = module_from_spec(spec)
    spec.loader.exec_module(draw)
    with draw.desk("0") as directory:
        for name, (command, columns) in draw.SCENES.items():
            printed = re.sub(r"\x1b\[\d*m", "", draw.shown(directory, command, columns))
            for shade in draw.PALETTES:
                picture = (ROOT / f"docs/pictures/{name}-{shade}.svg").read_text()
                words = unescape(re.sub(r"<[^>]+>", "", picture))
                assert "".join(settled(words).split()) == "".join(settled(printed).split()), name


def settled(text: str) -> str:
    """The text without what differs from run to run: the port, and the digest over it."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"Digest 2:[0-9a-f]{32}", "Digest", text)


def test_the_package_has_the_name_that_is_installed() -> None:
    assert 'name = "confsync"' in (ROOT / "pyproject.toml").read_text()


FOR_DEVELOPERS = ("docs/architecture.md", "CONTRIBUTING.md")


@pytest.mark.parametrize("page", FOR_DEVELOPERS)
def test_every_file_that_a_page_for_developers_names_is_there(page: str) -> None:
    named = re.findall(
        r"`((?:[\w.]+/)*[\w-]+\.(?:py|md|yml|toml)|(?:[\w.]+/)+)`", (ROOT / page).read_text()
    )
    assert len(named) > 20
    places = (ROOT, ROOT / "confsync")
    missing = {name for name in named if not any((place / name).exists() for place in places)}
    assert not {name for name in missing if not re.search("NAME|FORMAT", name)}


def test_the_index_of_the_docs_names_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text()
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    assert linked == {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}
