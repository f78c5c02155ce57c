"""Every command and every store in README, docs and examples is run."""

from __future__ import annotations

import json
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

import click
import pytest

import confsync as api
from confsync.cli.main import confsync
from confsync.kinds import KINDS
from confsync.sandbox import Server
from confsync.workflow.validate import validate
from tests.cli.process import forking
from tests.fork import Job
from tests.net.tls_server import Authority, front, proxy
from tests.repository import commit, git

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"))
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STORE = (ROOT / "examples/demo/stores/in-memory.yaml").read_text()
CONFIG = """\
targets:
  production:
    url: https://mail.example.com
    files: [stores/in-memory.yaml]
"""

READ = frozenset(f"sys{name}Get" for name in KINDS)
KEYS = {"API_example": READ | {"authenticate", "sysInMemoryStoreUpdate"}}

PROXY = "http://proxy.example.com:3128"
"""The proxy that pages name."""

NEW_REPOSITORIES = {"docs/adopt.md"}
"""Pages whose readers have no layers yet."""

SNAPSHOT = '{"@type":"update","object":"Imap","value":{"timeoutIdle":600000}}\n'

ENDS = {
    "confsync plan --all --detailed-exitcode": 2,
}
"""Exit statuses that are not 0."""

# Commands other than confsync, and pages, each with the test that covers it.
ELSEWHERE = {
    "docs/fleets.md",  # tests/test_fleets_page.py
    "make demo",  # .ci/run
    "pip install .",  # tests/test_pre_commit.py: pre-commit installs the clone
    "make test PYTHON=python",
    "python3 -m venv .venv",  # the Makefile
    ". .venv/bin/activate",
    # test_the_sandbox_of_the_readme_shows_a_change
    "echo 'Http: {enableHsts: true}' >> stores/in-memory.yaml",
    # tests/test_pre_commit.py
    "pre-commit install",
    "pre-commit install --hook-type pre-push",
    "pre-commit run confsync-plan --all-files --hook-stage manual",
    # test_going_back, test_drift_is_found_undone_and_kept
    "git revert --no-edit HEAD",
    "git diff",
}


def blocks(page: str, *languages: str) -> list[str]:
    found = BLOCK.findall((ROOT / page).read_text())
    return [body for language, body in found if language in languages]


def lines(page: str) -> list[str]:
    """Command lines of a page, in its order: `$` lines of `console` blocks, all of `sh` blocks."""
    found = []
    for language, body in BLOCK.findall((ROOT / page).read_text()):
        if language == "console":
            found += [line[2:] for line in body.splitlines() if line.startswith("$ ")]
        elif language == "sh":
            found += body.splitlines()
    return [line for line in found if line]


def commands(page: str) -> list[str]:
    return [line for line in lines(page) if not line.startswith(("export", "unset"))]


def run(
    arguments: list[str], directory: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "STALWART_USER": "admin",
        "STALWART_PASSWORD": "sandbox",
        "REDIS_PASSWORD": "canary",
        **variables,
    }
    done = forking().run(Job(arguments, str(directory), environment))
    return subprocess.CompletedProcess(arguments, done.status, done.out.decode(), done.err.decode())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    stores = tmp_path / "stores"
    stores.mkdir()
    for name in ("in-memory", "base", "production"):
        (stores / f"{name}.yaml").write_text(STORE)
    (tmp_path / "snapshot.ndjson").write_text(SNAPSHOT)
    return tmp_path


def test_the_pages_have_commands() -> None:
    assert {page for page in PAGES if commands(page)} >= {
        "README.md",
        "docs/store-file.md",
        "docs/targets.md",
        "docs/transport.md",
    }


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ELSEWHERE])
def test_every_command_of_a_page_runs(page: str, directory: Path) -> None:
    """From top to bottom, against one server, with `yes` to each question."""
    variables: dict[str, str] = {}
    if page in NEW_REPOSITORIES:
        for name in ("base", "production"):
            (directory / f"stores/{name}.yaml").unlink()
    with Server(keys=KEYS) as server, Server(keys=KEYS) as other:
        urls = [server.url, other.url]
        for line in lines(page):
            words = shlex.split(line, comments=True)
            if words[0] == "export":
                variables |= dict(word.split("=", 1) for word in words[1:])
                continue
            if words[0] != "confsync":
                assert words[0] == "unset" or line in ELSEWHERE, f"{page}: nothing runs {line!r}"
                continue
            if ">" in words:  # the rest is for the shell
                del words[words.index(">") :]
            if words[1] == "sandbox":
                start_and_end_a_sandbox(words[1:], directory)
                continue
            with reached(words[1:], directory, urls) as (arguments, outside):
                configure(page, directory, outside)
                known = variables | {"STALWART_URL": outside[0]}
                if "--base" in words:
                    commit(directory)
                    git(directory, "update-ref", "refs/remotes/origin/main", "HEAD")
                if "--expect" in arguments:
                    at = arguments.index("--expect")
                    words = ["plan", *arguments[1:at], "--output", "json"]
                    planned = run(words, directory, **known)
                    arguments[at + 1] = json.loads(planned.stdout)["digest"]
                done = run(arguments, directory, **known)
            assert done.returncode == ENDS.get(line, 0), (line, done.stdout, done.stderr)


def configure(page: str, directory: Path, urls: list[str]) -> None:
    """Write the page's `confsync.yaml`, or else a usual one, for these servers."""
    config = next((text for text in blocks(page, "yaml") if text.startswith("targets:")), CONFIG)
    fill = iter(urls)
    written = re.sub(r"https://\S+", lambda _: next(fill), config)
    (directory / "confsync.yaml").write_text(written)


@contextmanager
def reached(
    words: list[str], directory: Path, urls: list[str]
) -> Iterator[tuple[list[str], list[str]]]:
    """Arguments and server URLs for one command: `yes` to its question, and its private CA, client
    certificate and proxy under the names that it has for them.
    """
    if "--url" in words:
        words[words.index("--url") + 1] = urls[0]
    unasked = {"--yes", "--expect", "production.plan", "run.plan"}
    if words[0] == "apply" and not unasked & {*words}:
        words = [*words, "--yes"]
    if "--ca-file" not in words:
        yield words, urls
        return
    authority = Authority.made(directory)
    authority.client("client")
    context = authority.server("localhost")
    if "--client-cert" in words:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.ca.configure_trust(context)
    with front(urls[0], context) as outside, proxy() as through:
        yield [through.url if word == PROXY else word for word in words], [outside.url]
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
    stores = [text for text in blocks(page, "yaml") if not text.startswith("targets:")]
    assert stores
    for number, store in enumerate(stores):
        file = tmp_path / f"{number}.yaml"
        file.write_text(store)
        assert validate([str(file)]) == ()


def test_the_pages_show_what_the_demo_prints() -> None:
    """CONFSYNC_WRITE_CASES=1 writes it. Read it before it is kept."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/demo/demo.py")],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    printed = dict(re.findall(r"^\$ (confsync \w+)[^\n]*\n(.*?)\n\(exit", done.stdout, BOTH))
    assert list(printed) == ["confsync validate", "confsync plan", "confsync apply"]
    first, last = re.findall(r"^\$ confsync plan[^\n]*\n(.*?)\n\(exit", done.stdout, BOTH)
    assert "No visible changes. 1 secret cannot be compared" in last
    assert printed["confsync apply"].startswith(first)
    applied, *_ = printed["confsync apply"].removeprefix(first).strip().split("\n\n")
    expected = {
        "confsync plan": first,
        "confsync apply --yes": f"…\n{applied}",
        "confsync validate": printed["confsync validate"],
    }
    written = set()
    for page in (ROOT / name for name in ("README.md", "docs/plan.md", "docs/apply.md")):
        text = page.read_text()
        for command, output in expected.items():
            shown = re.search(rf"^\$ {command}\n(.*?)\n```$", text, BOTH)
            if shown and os.environ.get("CONFSYNC_WRITE_CASES"):
                text = text[: shown.start(1)] + output + text[shown.end(1) :]
            elif shown:
                assert settled(shown[1]) == settled(output)
            written |= {(page.name, command)} if shown else set()
        if text != page.read_text():
            page.write_text(text)
    assert written == {
        ("README.md", "confsync validate"),
        ("plan.md", "confsync plan"),
        ("apply.md", "confsync apply --yes"),
    }


BOTH = re.MULTILINE | re.DOTALL


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
    return re.sub(r"\b2:[0-9a-f]{32}", "DIGEST", text)


def test_the_package_has_the_name_that_is_installed() -> None:
    assert 'name = "confsync"' in (ROOT / "pyproject.toml").read_text()


MANNERED = re.compile(
    r"can be had|is told|are told|of no concern|what becomes of|named so|that is none|stands in"
    r"|in clear\b|as far as can be|\banew\b|\bnobody\b|\bsomebody else's\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_a_page_is_in_plain_words(page: str) -> None:
    """Blocks are left out: they show what programs print."""
    assert not MANNERED.findall(BLOCK.sub("", (ROOT / page).read_text()))


FOR_DEVELOPERS = ("docs/development/architecture.md", "CONTRIBUTING.md")


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
    linked = set(re.findall(r"\]\(((?:development/)?[\w-]+\.md)\)", index))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert linked == pages - {"README.md"}


def test_the_page_on_variables_lists_the_variable_of_each_option() -> None:
    page = (ROOT / "docs/environment.md").read_text()
    rows = re.findall(r"^\| `(CONFSYNC_\w+)` \| .*?(--[\w-]+)`", page, re.MULTILINE)
    context = click.Context(confsync)
    commands = [confsync.get_command(context, name) for name in confsync.list_commands(context)]
    options = {
        (option.envvar, option.opts[-1])
        for command in commands
        if command is not None
        for option in command.get_params(context)
        if option.envvar
    }
    assert set(rows) == options


def test_the_code_of_the_page_on_python_runs_and_every_name_is_on_it(directory: Path) -> None:
    page = (ROOT / "docs/python.md").read_text()
    assert not {name for name in api.__all__ if not re.search(rf"`?\b{name}\b", page)}
    code = blocks("docs/python.md", "python")
    with Server(keys=KEYS) as server:
        (directory / "confsync.yaml").write_text(
            "groups: {production: {files: [stores/in-memory.yaml], token: {env: STALWART_TOKEN}}}\n"
            f"targets: {{one: {{url: '{server.url}', in: [production]}}}}\n"
        )
        done = [
            subprocess.run(
                [sys.executable, "-c", one.replace("https://mail.example.com", server.url)],
                cwd=directory,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(ROOT),
                    "STALWART_TOKEN": "API_example",
                    "REDIS_PASSWORD": "canary",
                },
                capture_output=True,
                text=True,
                check=True,
                timeout=300,
            ).stdout
            for one in code
        ]
    fleet, single, error = done
    assert re.fullmatch(r"one 2:[0-9a-f]{32} \['InMemoryStore: @type Default → .*'\]\n", fleet)
    assert re.fullmatch(r"2:[0-9a-f]{32} 1\nStored RedisCluster\n", single)
    assert error.startswith("1 error in confsync.yaml ['")


def headings(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", BLOCK.sub("", page.read_text()), re.MULTILINE)
    plain = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found]
    return set(plain)


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_link_of_a_page_leads_to_a_page_and_a_heading(page: str) -> None:
    text = BLOCK.sub("", (ROOT / page).read_text())
    for link in re.findall(r"(?:\]\(|(?:src|srcset)=\")(?!https?:)([^)\"]*)[)\"]", text):
        name, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target), link


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("examples/")])
def test_a_copied_example_needs_no_other_folder(page: str) -> None:
    text = (ROOT / page).read_text()
    assert "../" not in text
    named = re.findall(r"`(docs/[\w/-]+\.md)`(?:, \*(.*?)\*)?", text)
    assert named
    for name, heading in named:
        assert not heading or heading.lower().replace(" ", "-") in headings(ROOT / name), heading
        assert (ROOT / name).exists(), name


def step(line: str, directory: Path, url: str, **variables: str) -> str:
    """Run one line of a page, with `yes` to its question. Returns its output."""
    words = shlex.split(line)
    if words[0] == "git":
        return git(directory, *words[1:])
    if words[1] == "apply" and "--yes" not in words:
        words.append("--yes")
    done = run(words[1:], directory, STALWART_URL=url, **variables)
    assert done.returncode == ENDS.get(line, 0), (line, done.stdout, done.stderr)
    return done.stdout


def edit(directory: Path, old: str, new: str, file: str = "stores/in-memory.yaml") -> None:
    path = directory / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_start_of_the_readme_works_in_an_empty_directory(tmp_path: Path) -> None:
    found = commands("README.md")
    begin = found.index("confsync init")
    init, validated, plan, apply = found[begin : begin + 4]
    assert (validated, plan, apply) == ("confsync validate", "confsync plan", "confsync apply")
    with Server(keys=KEYS) as server:
        for line in (init, validated, plan):
            step(line, tmp_path, server.url)
        (store,) = blocks("README.md", "yaml")
        (tmp_path / "stores/in-memory.yaml").write_text(store)
        for line in (validated, plan, apply):
            step(line, tmp_path, server.url)
        assert server.stored["poolMaxConnections"] == 32


def test_the_sandbox_of_the_readme_shows_a_change(tmp_path: Path) -> None:
    *_, init, edit, plan, apply = commands("README.md")
    with Server() as server:
        step(init, tmp_path, server.url)
        subprocess.run(["/bin/sh", "-c", edit], cwd=tmp_path, check=True)
        assert "enableHsts" in step(plan, tmp_path, server.url)
        told = step(apply, tmp_path, server.url)
    assert "Stored and verified: 1 change." in told
    assert "Active: the server has reloaded its settings." in told


def shows(page: str, before: str, printed: str) -> None:
    """A block of a page that begins with a text shows what is printed. CONFSYNC_WRITE_CASES=1
    writes it. Read it before it is kept.
    """
    path = ROOT / page
    text = path.read_text()
    shown = re.search(rf"^{re.escape(before)}(.*?)^```$", text, BOTH)
    assert shown
    if os.environ.get("CONFSYNC_WRITE_CASES"):
        path.write_text(text[: shown.start(1)] + printed + text[shown.end(1) :])
    else:
        assert shown[1] == printed


def test_the_page_on_pull_shows_what_it_prints(directory: Path) -> None:
    """Into the demo's store, from the demo's drifted server."""
    drifted = json.loads((ROOT / "examples/demo/drifted.json").read_text())["stored"]
    with Server(initial=drifted) as server:
        configure("docs/pull.md", directory, [server.url])
        done = run(["pull"], directory)
    shows("docs/pull.md", "$ confsync pull\n", done.stderr + done.stdout)


def test_the_page_on_import_shows_what_it_prints(directory: Path) -> None:
    done = run(["import", "snapshot.ndjson", "--into", "stores"], directory)
    command = "$ confsync import snapshot.ndjson --into stores\n"
    shows("docs/import.md", command, done.stdout)


def test_the_page_on_store_files_shows_a_mistake_as_it_is_printed(directory: Path) -> None:
    store = "InMemoryStore:\n  '@type': Redis\n  url: redis://cache.example.com\n  timeout: 10\n"
    (directory / "stores/in-memory.yaml").write_text(store)
    done = run(["validate", "stores/in-memory.yaml", "--color", "always"], directory)
    plain = re.sub(r"\x1b\[\d*m", "", done.stdout)
    shows("docs/store-file.md", "```text\n", plain)


def test_adopting_a_server(tmp_path: Path) -> None:
    """One configured by hand, then the rest from a snapshot."""
    init, diff, pull, shown, imported, validated, plan = commands("docs/adopt.md")
    with Server(initial=INITIAL, keys=KEYS) as server:
        step(init, tmp_path, server.url)
        assert "{env: FILL_IN_1}" in (tmp_path / "stores/in-memory.yaml").read_text()
        assert "\n    hidden_secrets: keep\n" in (tmp_path / "confsync.yaml").read_text()
        assert "+++ stores/data-store.yaml\n" in step(diff, tmp_path, server.url)
        assert not (tmp_path / "stores/data-store.yaml").exists()
        step(pull, tmp_path, server.url)
        configure("docs/adopt.md", tmp_path, [server.url])
        step(validated, tmp_path, server.url)
        assert "\nNo visible changes." in step(plan, tmp_path, server.url)
        server.put("x:Imap", {"timeoutIdle": 600_000})
        (tmp_path / "snapshot.ndjson").write_text(SNAPSHOT)
        assert step(shown, tmp_path, server.url) == "Imap:\n  timeoutIdle: 10m\n"
        step(imported, tmp_path, server.url)
        edit(tmp_path, "data-store.yaml", "data-store.yaml, stores/imap.yaml", "confsync.yaml")
        step(validated, tmp_path, server.url)
        assert "\nNo visible changes." in step(plan, tmp_path, server.url)


INITIAL = {
    "@type": "RedisCluster",
    "urls": {"rediss://cache-1.example.com:6379": True},
    "authSecret": {"@type": "Value", "secret": "the old password"},
}


def secret(server: Server) -> object:
    held = server.stored["authSecret"]
    assert isinstance(held, dict)
    return held["secret"]


def test_rotating_a_password_sends_the_new_one(directory: Path) -> None:
    page = "docs/rotate-a-password.md"
    plan, apply, once, *with_base = commands(page)
    (new,) = re.findall(r"^export REDIS_PASSWORD='(.*)'$", (ROOT / page).read_text(), re.MULTILINE)
    with Server(initial=INITIAL, keys=KEYS) as server:
        configure(page, directory, [server.url])
        step(apply, directory, server.url, REDIS_PASSWORD="the old password")
        assert "1 secret" in step(plan, directory, server.url, REDIS_PASSWORD=new)
        step(apply, directory, server.url, REDIS_PASSWORD=new)
        assert secret(server) == new
        edit(directory, "    files:", "    hidden_secrets: keep\n    files:", "confsync.yaml")
        step(apply, directory, server.url, REDIS_PASSWORD="newer")
        assert secret(server) == new
        step(once, directory, server.url, REDIS_PASSWORD="newer")
        assert secret(server) == "newer"
        commit(directory)
        git(directory, "update-ref", "refs/remotes/origin/main", "HEAD")
        for versioned in (False, True):
            if versioned:
                edit(directory, "{env: REDIS_PASSWORD}", "{env: REDIS_PASSWORD, version: 2}")
            for line in with_base:
                step(line, directory, server.url, REDIS_PASSWORD="newest")
            assert secret(server) == ("newest" if versioned else "newer")


def test_going_back(directory: Path) -> None:
    page = "docs/go-back.md"
    *with_git, keep = commands(page)
    with Server(initial=INITIAL, keys=KEYS) as server:
        configure(page, directory, [server.url])
        git(directory, "init", "--quiet")
        git(directory, "add", "--all")
        git(directory, "commit", "--quiet", "--message", "good")
        step("confsync apply", directory, server.url)
        good = server.stored
        edit(directory, "timeout: 5s", "timeout: 1s")
        step("confsync apply", directory, server.url)
        git(directory, "commit", "--quiet", "--all", "--message", "bad")
        for line in with_git:
            step(line, directory, server.url)
        assert server.stored == good
        edit(directory, "timeout: 5s", "timeout: 1s")
        told = step(keep, directory, server.url)
        assert server.stored != good
        (back,) = re.findall(r"^To go back.*: (confsync apply .*)$", told, re.MULTILINE)
        step(back, directory, server.url)
        assert server.stored == good


def test_drift_is_found_undone_and_kept(directory: Path) -> None:
    page = "docs/find-drift.md"
    plan, based, changed, undo, keep, diff = commands(page)
    with Server(initial=INITIAL, keys=KEYS) as server:
        configure(page, directory, [server.url])
        git(directory, "init", "--quiet")
        commit(directory)
        git(directory, "update-ref", "refs/remotes/origin/main", "HEAD")
        step("confsync apply", directory, server.url)
        good = server.stored
        server.stored = good | {"poolMaxConnections": 99}
        assert "poolMaxConnections" in step(plan, directory, server.url)
        assert "(drift)" in step(based, directory, server.url)
        assert not step(changed, directory, server.url)
        step(undo, directory, server.url)
        assert server.stored == good
        server.stored = good | {"poolMaxConnections": 99}
        step(keep, directory, server.url)
        assert "+  poolMaxConnections: 99\n" in step(diff, directory, server.url)
        assert "\nNo visible changes." in step("confsync plan", directory, server.url)
