"""What this repository offers to pre-commit, tried with the real program in repositories.

The hooks are installed twice: by `try-repo` from the working tree, and from a snapshot of it for
all other tests together, which then run without any network.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from confsync.sandbox import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = Path(__file__).parent.parent
CASES = Path(__file__).parent / "cases" / "hooks"
GOOD = "InMemoryStore:\n  '@type': Redis\n  url: rediss://cache.example.com\n"
BAD = "InMemoryStore:\n  '@type': Redis\n  timeout: 10\n"
MESSY = 'InMemoryStore:\n    "@type":   Redis\n'
LEAKY = "InMemoryStore:\n  '@type': Redis\n  url: redis://:Canary@cache.example.com\n"
LAYER = "InMemoryStore:\n  timeout: 5s\n"
KEYS = {"API_example": frozenset({"authenticate", "sysInMemoryStoreGet"})}
HOOKS = (
    "confsync validate",
    "confsync fmt",
    "confsync no plaintext secrets",
    "confsync plan",
)
NO_INDEX = re.compile("Could not find a version|No matching distribution|NewConnectionError")
VERDICT = re.compile(r"^(confsync [a-z ]+?)\.+(?:\(no files to check\))?(\w+)$", re.MULTILINE)
UNREACHABLE = {
    "PIP_NO_INDEX": "1",
    **dict.fromkeys(
        ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
        "http://127.0.0.1:9",
    ),
}
"""No package index, and proxies where nobody listens."""

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed"
    ),
    pytest.mark.skipif(shutil.which("git") is None, reason="there is no git program"),
    pytest.mark.skipif(
        not (PROJECT / ".git").exists(), reason="the project is no git repository here"
    ),
]


@dataclass(frozen=True)
class Ran:
    """How a run ended, what it wrote, and what became of each hook."""

    status: int
    text: str

    @property
    def verdicts(self) -> Mapping[str, str]:
        return {
            match[1].removeprefix("confsync "): match[2] for match in VERDICT.finditer(self.text)
        }


@dataclass(frozen=True)
class Repository:
    """A git repository, and a home for the programs that run there."""

    root: Path
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run a program; what it writes holds no secret that these tests plant."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GIT_", "STALWART_", "CONFSYNC_"))
        }
        done = subprocess.run(
            command,
            cwd=self.root,
            env={
                **inherited,
                "HOME": str(self.home),
                "PRE_COMMIT_HOME": str(self.home / "pre-commit"),
                "PRE_COMMIT_COLOR": "never",
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(_cache())),
                "GIT_CONFIG_GLOBAL": str(_settings(self.home)),
                **self.environment,
                **(env or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            timeout=300,
        )
        assert "Canary" not in done.stdout
        assert "internal error in confsync" not in done.stdout
        return Ran(done.returncode, done.stdout)

    def git(self, *arguments: str) -> Ran:
        """Run git, which is to succeed."""
        done = self.run("git", *arguments)
        assert done.status == 0, done.text
        return done

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files, and stage everything that has changed."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.git("add", "--all")

    def hooks(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run the hooks, over what is staged if nothing else is said."""
        return self.run(sys.executable, "-m", "pre_commit", "run", *arguments, env=env)


def _cache() -> Path:
    """Where pip keeps what it has already fetched: found before HOME is changed."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pip"


def _settings(home: Path) -> Path:
    settings = home / "gitconfig"
    if not settings.exists():
        settings.write_text(
            "[safe]\n directory = *\n[user]\n name = Somebody\n email = somebody@example.com\n"
            "[init]\n defaultBranch = main\n[commit]\n gpgSign = false\n"
        )
    return settings


def _config(snapshot: Repository) -> str:
    commit = snapshot.git("rev-parse", "HEAD").text.strip()
    hooks = "".join(f"      - id: {hook.replace(' ', '-')}\n" for hook in HOOKS)
    return f"repos:\n  - repo: {snapshot.root}\n    rev: {commit}\n    hooks:\n{hooks}"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The working tree as a repository of its own, and a home where its hooks are installed; both
    are there once, however many processes run these tests.
    """
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = Repository(base / "hooks-of-the-working-tree", base / "home-of-the-hooks")
    with (base / "hooks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.root.exists():
            _install(made)
    config = _config(made)
    (made.home / "config.yaml").write_text(config)
    return made


def _install(made: Repository) -> None:
    made.home.mkdir()
    listed = Repository(PROJECT, made.home).git(
        *("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    )
    for name in listed.text.split("\0"):
        if (PROJECT / name).is_file():
            (made.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, made.root / name)
    made.git("init", "--quiet")
    made.git("add", "--all", "--force")
    made.git("commit", "--quiet", "--message", "the working tree")
    (made.home / "config.yaml").write_text(_config(made))
    config = ("--config", str(made.home / "config.yaml"))
    done = made.run(sys.executable, "-m", "pre_commit", "install-hooks", *config)
    if NO_INDEX.search(done.text):
        shutil.rmtree(made.root)
        shutil.rmtree(made.home)
        pytest.skip("no package index can be reached to install the hooks from")
    assert done.status == 0, done.text


@pytest.fixture
def repository(tmp_path: Path, snapshot: Repository) -> Repository:
    """A repository that uses all hooks, and can reach no package index any more."""
    repository = Repository(tmp_path / "repository", snapshot.home, UNREACHABLE)
    repository.root.mkdir()
    repository.git("init", "--quiet")
    repository.write({".pre-commit-config.yaml": (snapshot.home / "config.yaml").read_text()})
    return repository


@contextmanager
def served(**initial: object) -> Iterator[Mapping[str, str]]:
    """A server, and the environment in which it can be read."""
    with Server(initial=initial, keys=KEYS) as server:
        yield {"STALWART_URL": server.url, "STALWART_TOKEN": "API_example"}


def target(url: str, *files: str) -> str:
    return f"targets:\n  production:\n    url: {url}\n    files: [{', '.join(files)}]\n"


def test_try_repo_runs_every_hook_of_the_working_tree(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", tmp_path / "home")
    repository.home.mkdir()
    repository.root.mkdir()
    repository.git("init", "--quiet")
    repository.write({"stores/good.yaml": GOOD, "playbook.yaml": "- hosts: all\n"})
    done = repository.run(
        *(sys.executable, "-m", "pre_commit", "try-repo", str(PROJECT), "--all-files")
    )
    if NO_INDEX.search(done.text):
        pytest.skip("no package index can be reached to install the hooks from")
    assert done.status == 0, done.text
    assert done.verdicts == {
        "validate": "Passed",
        "fmt": "Passed",
        "no plaintext secrets": "Passed",
    }


def test_each_hook_says_what_is_wrong_and_where(repository: Repository) -> None:
    repository.write(
        {
            "stores/good.yaml": GOOD,
            "stores/bad.yaml": BAD,
            "anywhere/leaky.yaml": LEAKY,
            "mess.yml": MESSY,
            "playbook.yaml": "- hosts: all\n",
        }
    )
    done = repository.hooks()
    assert done.status == 1
    assert set(done.verdicts.values()) == {"Failed"}
    assert "stores/bad.yaml:3:12: error: timeout is a number without a unit" in done.text
    assert "anywhere/leaky.yaml:3:8: error: url contains a password in plain text" in done.text
    assert "files were modified by this hook" in done.text
    assert "mess.yml: formatted" in done.text
    assert (repository.root / "mess.yml").read_text() == "InMemoryStore:\n  '@type': Redis\n"
    assert "playbook.yaml" not in done.text
    assert re.search(r"1 file formatted, \d.*, \d skipped \(no store\)", done.text)


def test_once_mended_every_hook_passes(repository: Repository) -> None:
    repository.write({"mess.yml": MESSY})
    assert repository.hooks().verdicts["fmt"] == "Failed"
    repository.git("add", "mess.yml")
    done = repository.hooks()
    assert done.status == 0, done.text
    assert set(done.verdicts.values()) == {"Passed"}


def test_a_file_of_no_concern_fails_no_hook(repository: Repository) -> None:
    """However odd it is, and in a folder for stores."""
    others = {path.name: path.read_bytes() for path in sorted(CASES.glob("others/*.yaml"))}
    assert len(others) > 9
    repository.write({f"stores/{name}": text for name, text in others.items()})
    repository.write(
        {
            "stores/large.yaml": b"text: " + b"InMemoryStore " * 750_000,
            "stores/not-utf-8.yaml": b"name: \xe9\xff\n",
            "stores/binary.yaml": bytes(range(256)) * 99,
            "stores/empty.yaml": "",
        }
    )
    (repository.root / "stores/link.yaml").symlink_to("nowhere.yaml")
    repository.git("add", "--all")
    done = repository.hooks("--all-files")
    assert done.status == 0, done.text
    assert set(done.verdicts.values()) == {"Passed"}
    assert len(done.verdicts) == len(HOOKS) - 1


def test_secrets_in_clear_are_found_wherever_the_object_lies(repository: Repository) -> None:
    """In files that are valid, that are not, and that are other tools'; none is ever shown."""
    cases = sorted(CASES.glob("in-clear/*.yaml"))
    assert len(cases) > 9
    repository.write({f"any/where/{path.name}": path.read_bytes() for path in cases})
    done = repository.hooks("confsync-no-plaintext-secrets")
    assert done.verdicts == {"no plaintext secrets": "Failed"}
    for path in cases:
        lines = [
            number for number, line in enumerate(_text(path).split("\n"), 1) if "# here" in line
        ]
        found = re.findall(rf"^any/where/{re.escape(path.name)}:(\d+)", done.text, re.MULTILINE)
        assert [int(number) for number in found] == (lines or [1]), path.name


def _text(path: Path) -> str:
    content = path.read_bytes()
    return content.decode("utf-16-le" if b"\0" in content else "utf-8", errors="replace")


def test_references_templates_and_masks_are_no_secrets(repository: Repository) -> None:
    cases = sorted(CASES.glob("not-in-clear/*.yaml"))
    assert len(cases) > 2
    repository.write({path.name: path.read_bytes() for path in cases})
    done = repository.hooks("confsync-no-plaintext-secrets")
    assert done.status == 0, done.text


def test_files_that_are_deleted_or_renamed_fail_no_hook(repository: Repository) -> None:
    repository.write({"stores/a.yaml": BAD, "stores/b.yaml": GOOD, "stores/c.yaml": GOOD})
    repository.git("commit", "--quiet", "--no-verify", "--message", "stores")
    repository.git("rm", "--quiet", "stores/a.yaml")
    done = repository.hooks()
    assert done.status == 0, done.text
    assert set(done.verdicts.values()) == {"Skipped"}

    repository.git("mv", "stores/b.yaml", "stores/d.yaml")
    repository.git("mv", "stores/c.yaml", "stores/-- ünlisted.yaml")
    done = repository.hooks()
    assert done.status == 0, done.text
    assert set(done.verdicts.values()) == {"Passed"}


@pytest.mark.parametrize("name", ["-x.yaml", "--help.yaml", "a b'c\"$(d).yaml", "é\n:1.yaml"])
def test_odd_names_are_names(repository: Repository, name: str) -> None:
    repository.write({name: BAD})
    done = repository.hooks("confsync-validate")
    assert done.verdicts == {"validate": "Failed"}
    assert "error: timeout is a number without a unit" in done.text


def test_many_files_at_once_are_seen_in_one_go(repository: Repository) -> None:
    repository.write({f"stores/{number:03}.yaml": GOOD for number in range(200)})
    repository.write({"stores/100.yaml": BAD, "stores/150.yaml": BAD})
    done = repository.hooks("confsync-validate")
    assert done.verdicts == {"validate": "Failed"}
    assert done.text.count("200 files checked, 2 errors.") == 1
    assert done.text.index("stores/100.yaml:3") < done.text.index("stores/150.yaml:3")


def test_files_count_as_the_targets_use_them(repository: Repository) -> None:
    """A layer is no whole state, and a mistake in one file can be one of two together."""
    config = target("https://mail.example.com", "stores/base.yaml", "stores/layer.yaml")
    repository.write(
        {"confsync.yaml": config, "stores/base.yaml": GOOD, "stores/layer.yaml": LAYER}
    )
    done = repository.hooks("confsync-validate")
    assert done.status == 0, done.text
    repository.write({"stores/base.yaml": BAD.replace("timeout", "timeot")})
    done = repository.hooks("confsync-validate", "--files", "stores/layer.yaml")
    assert done.verdicts == {"validate": "Failed"}
    assert "stores/base.yaml:3:3: error" in done.text
    done = repository.hooks("confsync-validate", "--files", "confsync.yaml")
    assert done.verdicts == {"validate": "Failed"}


def test_a_configuration_below_the_root_is_seen(repository: Repository) -> None:
    """Each file counts for the targets of the nearest one above it."""
    files = ("stores/base.yaml", "stores/layer.yaml")
    for folder in ("eu", "mail/us"):
        config = target("https://mail.example.com", *files)
        repository.write({f"{folder}/confsync.yaml": config, f"{folder}/stores/base.yaml": GOOD})
        repository.write({f"{folder}/stores/layer.yaml": LAYER})
    done = repository.hooks("--all-files")
    assert done.status == 0, done.text
    repository.write({"mail/us/stores/base.yaml": BAD.replace("timeout", "timeot")})
    done = repository.hooks("confsync-validate", "--files", "mail/us/stores/layer.yaml")
    assert done.verdicts == {"validate": "Failed"}
    assert "mail/us/stores/base.yaml:3:3: error" in done.text
    broken = target("https://mail.example.com", *files) + "    token: Canary-in-clear\n"
    repository.write({"mail/us/confsync.yaml": broken})
    done = repository.hooks("confsync-no-plaintext-secrets")
    assert done.verdicts == {"no plaintext secrets": "Failed"}
    assert "mail/us/confsync.yaml:5:12: error: targets/production/token" in done.text
    done = repository.hooks("confsync-validate", "--files", "eu/stores/base.yaml")
    assert done.status == 0, done.text


def test_the_plan_takes_a_selection_and_a_folder(repository: Repository) -> None:
    """As docs/hooks.md writes it."""
    page = (PROJECT / "docs/hooks.md").read_text()
    (selection,) = re.findall(r"^ +args: (\[--group, .*\])$", page, re.MULTILINE)
    (entry,) = re.findall(r"^ +entry: (sh -c .*)$", page, re.MULTILINE)
    run = ("confsync-plan", "--hook-stage", "manual", "--all-files")
    hooks = (repository.root / ".pre-commit-config.yaml").read_text()
    mine = hooks.replace("id: confsync-plan\n", f"id: confsync-plan\n        args: {selection}\n")
    with served() as environment:
        config = "groups: {staging: {files: [stores/a.yaml], token: {env: STALWART_TOKEN}}}\n"
        config += f"targets:\n  one: {{url: '{environment['STALWART_URL']}', in: [staging]}}\n"
        config += "  two: {url: 'https://127.0.0.1:9', files: [stores/a.yaml]}\n"
        here = {"STALWART_TOKEN": environment["STALWART_TOKEN"]}
        repository.write({"confsync.yaml": config, "stores/a.yaml": GOOD})
        repository.write({".pre-commit-config.yaml": mine})
        done = repository.hooks(*run, env=here)
        assert done.status == 0, done.text
        assert "InMemoryStore will be replaced: Default → Redis" in done.text
        repository.git("rm", "--quiet", "--cached", "confsync.yaml")
        (repository.root / "confsync.yaml").unlink()
        repository.write({"mail/confsync.yaml": config, "mail/stores/a.yaml": GOOD})
        below = f"id: confsync-plan\n        entry: {entry}\n        args: {selection}\n"
        repository.write({".pre-commit-config.yaml": hooks.replace("id: confsync-plan\n", below)})
        done = repository.hooks(*run, env=here)
    assert done.status == 0, done.text
    assert "InMemoryStore will be replaced: Default → Redis" in done.text


def test_a_broken_configuration_fails_where_it_is_of_concern(repository: Repository) -> None:
    broken = target("https://mail.example.com", "stores/a.yaml") + "    token: Canary-in-clear\n"
    repository.write({"confsync.yaml": broken, "stores/a.yaml": GOOD, "playbook.yaml": "a: 1\n"})
    for file, verdict in (("playbook.yaml", "Passed"), ("stores/a.yaml", "Failed")):
        done = repository.hooks("confsync-validate", "--files", file)
        assert done.verdicts == {"validate": verdict}, file
    done = repository.hooks("confsync-no-plaintext-secrets")
    assert done.verdicts == {"no plaintext secrets": "Failed"}
    assert "confsync.yaml:5:12: error: targets/production/token is in plain text" in done.text


def test_a_plan_is_shown_by_hand_and_pending_changes_fail_nothing(repository: Repository) -> None:
    with served() as environment:
        config = target(environment["STALWART_URL"], "stores/a.yaml")
        repository.write({"confsync.yaml": config, "stores/a.yaml": GOOD})
        assert "plan" not in repository.hooks().verdicts
        done = repository.hooks("confsync-plan", "--hook-stage", "manual", env=environment)
        assert done.status == 0, done.text
        assert done.verdicts == {"plan": "Passed"}
        assert "InMemoryStore will be replaced: Default → Redis" in done.text


def test_a_plan_without_server_or_credentials_says_what_to_set(repository: Repository) -> None:
    arguments = ("confsync-plan", "--hook-stage", "manual", "--all-files")
    repository.write({"stores/a.yaml": GOOD})
    done = repository.hooks(*arguments)
    assert done.verdicts == {"plan": "Failed"}
    assert "error: --all: no confsync.yaml found in " in done.text
    assert "hint: run `confsync init`" in done.text

    repository.write({"confsync.yaml": target("https://mail.example.com", "stores/a.yaml")})
    done = repository.hooks(*arguments)
    assert done.verdicts == {"plan": "Failed"}
    assert "hint: set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD" in done.text


def test_a_commit_is_checked_and_a_push_shows_the_plan(
    repository: Repository, tmp_path: Path
) -> None:
    """With the hooks installed in git, as people have them."""
    repository.write({"stores/a.yaml": BAD})
    kinds = ("--hook-type", "pre-commit", "--hook-type", "pre-push")
    assert repository.run(sys.executable, "-m", "pre_commit", "install", *kinds).status == 0
    repository.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    commit = ("git", "commit", "--message", "a store")
    done = repository.run(*commit)
    assert done.status == 1
    assert done.verdicts["validate"] == "Failed"

    with served(**{"@type": "Redis", "url": "redis://u:Canary@old.example.com"}) as environment:
        config = target(environment["STALWART_URL"], "stores/a.yaml")
        config += "    allow: [remove-secret]\n"
        repository.write({"confsync.yaml": config, "stores/a.yaml": GOOD})
        assert repository.run(*commit).status == 0
        push = ("git", "push", str(tmp_path / "remote"), "main")
        refused = repository.run(*push, env={**environment, "STALWART_TOKEN": "wrong"})
        assert refused.status == 1
        assert refused.verdicts["plan"] == "Failed"
        pushed = repository.run(*push, env=environment)
    assert pushed.status == 0, pushed.text
    assert pushed.verdicts["plan"] == "Passed"
    assert "redis://u:****@old.example.com" in pushed.text


def test_the_hooks_that_init_writes_run_without_installing_anything(tmp_path: Path) -> None:
    """In a clone of one's own: with the confsync that is installed here."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    repository = Repository(tmp_path / "repository", tmp_path, {"PATH": path, **UNREACHABLE})
    repository.root.mkdir()
    repository.git("init", "--quiet")
    begun = repository.run(sys.executable, "-m", "confsync", "init", "--variant", "Redis")
    assert begun.status == 0, begun.text
    repository.write({"playbook.yaml": "- hosts: all\n"})
    done = repository.hooks("--all-files")
    assert "is the placeholder of `confsync init`" in done.text
    config = (repository.root / "confsync.yaml").read_text()
    repository.write({"confsync.yaml": config.replace("CHANGE-ME.invalid", "mail.example.com")})
    done = repository.hooks("--all-files")
    assert done.status == 0, done.text
    assert list(done.verdicts.values()) == ["Passed"] * 3
    repository.write({"stores/in-memory.yaml": LEAKY.replace("url:", "url: ")})
    done = repository.hooks()
    assert list(done.verdicts.values()) == ["Failed"] * 3, done.text


def test_the_page_on_hooks_lists_every_hook_as_it_is_offered() -> None:
    page = (PROJECT / "docs/hooks.md").read_text()
    offered = {hook.replace(" ", "-") for hook in HOOKS}
    (example,) = re.findall(
        r"^```yaml\n(# .pre-commit-config.yaml.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    assert set(re.findall(r"- id: (.*)", example)) == offered
    assert re.search(r"^    rev: [0-9a-f]{40} ", example, re.MULTILINE), "there is no release yet"
    manifest = (PROJECT / ".pre-commit-hooks.yaml").read_text()
    stages = dict(
        re.findall(r"^- id: (.*?)$.*?^  stages: \[(.*?)\]$", manifest, re.MULTILINE | re.DOTALL)
    )
    rows = dict(re.findall(r"^\| `(confsync-[\w-]+)` \| (.*?) \|", page, re.MULTILINE))
    assert rows == stages
