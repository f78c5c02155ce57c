"""The laws of the structure: who may import what, what each room may know, what starting costs."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
import pytest

import confsync
from confsync.cli.main import COMMANDS
from confsync.cli.main import confsync as program
from confsync.config.layout import DISARMING, TARGET
from confsync.kinds import KINDS
from confsync.kinds.table_file import built_in_version, text_of
from confsync.report import AUDITS, DOCTOR, OUTCOMES, PLANS, PROBLEMS, RENDERED, STATES
from confsync.sandbox import Server
from confsync.sync.secret import Vault
from confsync.sync.shape import Form, ListOf, Shape, Variants
from tests.cli.process import ENVIRONMENT, KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(confsync.__file__).parent
PROJECT = ROOT.parent

DOORS: dict[str, str | tuple[str, ...]] = {
    "httpx": "net/",
    "ruamel": "yaml/",
    "deepdiff": "sync/compare.py",
    "click": "cli/",
    "redis": "probe/",
    "pydantic": ("store/plan_codec.py", "jmap/published.py"),
}
"""Each library, and the only place that may know it."""

ARROWS = {
    "": {"errors", "workflow", "cli"},
    "cli": {"workflow", "report", "kinds", "sandbox", "disk", "sync", "errors", "guard"},
    "workflow": {
        *("config", "disk", "guard", "jmap", "kinds", "masking", "net", "report", "rules"),
        *("probe", "secrets", "store", "sync", "yaml", "errors"),
    },
    "probe": {"kinds", "net", "sync"},
    "report": {"kinds", "rules", "store", "sync", "yaml", "errors"},
    "config": {"disk", "kinds", "store", "sync", "yaml", "errors"},
    "masking": {"kinds", "store", "sync", "yaml", "errors"},
    "store": {"disk", "kinds", "secrets", "sync", "yaml", "errors"},
    "jmap": {"kinds", "net", "sync", "errors", "guard"},
    "kinds": {"sync"},
    "secrets": {"disk", "sync", "errors"},
    "yaml": {"disk", "sync", "errors"},
    "disk": {"sync", "errors"},
    "net": {"errors", "guard"},
    "guard": {"errors"},
    "sync": {"errors"},
    "errors": set(),
    "rules": set(),
    "sandbox": set(),
}
"""Which rooms each room may import besides itself; `` are the modules at the top."""

WORLD = {
    *("asyncio", "datetime", "fcntl", "getpass", "glob", "http", "io", "locale", "logging"),
    *("multiprocessing", "os", "pathlib", "random", "secrets", "select", "shutil", "signal"),
    *("socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib.request"),
    *("uuid", "zoneinfo"),
}
"""What gives a module input, output, a clock, chance or the environment."""

API = [
    *("ConfsyncError", "Fleet", "Options", "PlanResult", "apply", "connect", "open", "plan"),
    *("show", "validate"),
]
LONGEST_COMMAND = 60


@dataclass(frozen=True)
class Module:
    """A module of the project, parsed. `path` is its place below the package."""

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder it stands in; a module at the top that others import is a room of its own."""
        if self.path in {"errors.py", "guard.py", "rules.py"}:
            return self.path.removesuffix(".py")
        return self.path.partition("/")[0] if "/" in self.path else ""

    @property
    def imports(self) -> frozenset[str]:
        """The full names of all that it imports, wherever in the module, types included."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}: imports are absolute"
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
        return frozenset(names)

    @property
    def rooms(self) -> frozenset[str]:
        """The other rooms that it imports from."""
        own = (name.split(".")[1] for name in self.imports if name.startswith("confsync."))
        return frozenset(room for room in own if room in ARROWS and room != self.room)


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the project."""
    return tuple(
        Module(
            path.relative_to(ROOT).as_posix(),
            ast.parse(path.read_text(encoding="utf-8")),
        )
        for path in sorted(ROOT.rglob("*.py"))
    )


def of(room: str) -> tuple[Module, ...]:
    found = tuple(module for module in modules() if module.room == room)
    assert found
    return found


def top(name: str) -> str:
    return name.partition(".")[0]


def is_world(name: str) -> bool:
    return any(name == known or name.startswith(f"{known}.") for known in WORLD)


def test_every_room_is_known_to_these_laws() -> None:
    rooms = {module.room for module in modules()}
    assert rooms == set(ARROWS)
    assert len(modules()) > 50


def test_arrows_go_one_way_and_no_new_one_appears_unnoticed() -> None:
    """Law 1: cli, workflow, the other rooms, sync."""
    found = {(module.path, room) for module in modules() for room in module.rooms}
    allowed = {(module.path, room) for module in modules() for room in ARROWS[module.room]}
    assert not found - allowed


def test_every_arrow_that_is_allowed_is_there() -> None:
    """What nobody uses any more is taken off the list."""
    found = {(module.room, room) for module in modules() for room in module.rooms}
    assert found == {(room, other) for room, others in ARROWS.items() for other in others}


def test_the_heart_imports_nothing_but_errors_and_the_pure_part_of_the_standard_library() -> None:
    """Law 1."""
    foreign = {
        (module.path, name)
        for module in of("sync")
        for name in module.imports
        if not name.startswith(("confsync.sync.", "confsync.errors."))
        and (top(name) not in sys.stdlib_module_names or is_world(name))
        and (module.path, top(name)) != ("sync/compare.py", "deepdiff")
    }
    assert not foreign


def test_the_heart_does_not_touch_the_world() -> None:
    """Law 1: no I/O."""
    calls = {
        (module.path, node.func.id)
        for module in of("sync")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not {call for call in calls if call[1] in {"open", "print", "input", "__import__"}}


def test_each_library_has_one_door() -> None:
    """Law 2."""
    foreign = {
        (module.path, top(name))
        for module in modules()
        for name in module.imports
        if top(name) not in {*sys.stdlib_module_names, "confsync"}
    }
    assert not {(path, name) for path, name in foreign if not path.startswith(DOORS.get(name, "-"))}
    assert {name for _, name in foreign} >= {"httpx", "ruamel", "deepdiff", "click"}


def test_modules_are_loaded_by_name_only_where_commands_and_the_api_are() -> None:
    """No law can be got around by loading a module at run time."""
    loading = {
        module.path
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Name | ast.Attribute)
        and (node.id if isinstance(node, ast.Name) else node.attr)
        in {"import_module", "__import__", "exec", "eval"}
    }
    assert loading == {"__init__.py", "cli/main.py", "report/__init__.py"}


def names(shape: Shape) -> Iterator[str]:
    """Every field and variant within a shape."""
    if isinstance(shape, Variants):
        for tag, known in shape.objects.items():
            yield tag
            for name, field in known.fields.items():
                yield name
                yield from names(field.shape)
    elif isinstance(shape, ListOf):
        yield from names(shape.item)


def test_the_heart_names_no_field_and_no_variant() -> None:
    """Law 3."""
    # Fields of other objects are named by ordinary words.
    known = {*KINDS, *names(KINDS["InMemoryStore"].shape)}
    assert {"InMemoryStore", "RedisSentinel", "authSecret", "filePath", "stores"} <= known
    named = {
        (module.path, node.lineno, node.value)
        for module in of("sync")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and node.value in known
    }
    # The names of forms of text are the heart's own.
    assert {
        one for one in named if one[0] != "sync/shape.py" or one[2] not in get_args(Form)
    } == set()


def test_only_the_tables_the_rules_and_the_sandbox_name_the_in_memory_store() -> None:
    sources = (file for file in ROOT.rglob("*") if file.suffix in {".py", ".md"})
    naming = [
        file.relative_to(ROOT)
        for file in sources
        if "inmemorystore" in file.read_text("utf-8").lower()
    ]
    others = {str(file) for file in naming if file.parts[0] not in {"kinds", "sandbox"}}
    assert others == {"rules.md"}


def test_the_sandbox_shares_no_code_with_the_product() -> None:
    """Law 4, both ways."""
    outside = {
        (module.path, name)
        for module in of("sandbox")
        for name in module.imports
        if not name.startswith("confsync.sandbox.") and top(name) not in sys.stdlib_module_names
    }
    assert not outside
    users = {module.path for module in modules() if "sandbox" in module.rooms}
    assert users == {"cli/sandbox.py"}


def test_only_the_doors_to_servers_open_the_vault() -> None:
    """Law 5. Every other `.open` is a file's: a call with its mode."""
    opened: set[str] = set()
    for module in modules():
        files = {
            id(node.func)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call)
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        }
        opened |= {
            module.path
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute)
            and node.attr == "open"
            and id(node) not in files
            and not (isinstance(node.value, ast.Name) and node.value.id == "os")
        }
    assert opened == {"jmap/write.py", "probe/stores.py"}


SEEING = {"seal", "seal_text", "seal_url", "referenced", "look_up"}


def functions(module: Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions of a module, by their names with those of their classes."""
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            methods = (inner for inner in node.body if isinstance(inner, ast.FunctionDef))
            yield from ((f"{node.name}.{method.name}", method) for method in methods)


def sees_values(function: ast.FunctionDef) -> bool:
    """Whether a function seals a value, or takes one out of a vault."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {
        call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
        for call in calls
        if isinstance(call.func, ast.Attribute | ast.Name)
    }
    opens = any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "open"
        and not (call.args and isinstance(call.args[0], ast.Constant))
        and not (isinstance(call.func.value, ast.Name) and call.func.value.id == "os")
        for call in calls
    )
    return bool(names & SEEING) or opens


def test_the_page_on_secret_values_lists_every_function_that_sees_a_value() -> None:
    """Law 5: a reader can tell in a minute where values are."""
    seeing = {
        (module.path, name)
        for module in modules()
        if module.room != "sandbox" and module.path != "sync/secret.py"
        for name, function in functions(module)
        if sees_values(function)
        or (module.room == "secrets" and name.endswith(".__call__") and name[0] != "_")
    }
    page = (PROJECT / "docs/development/secret-values.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+/\w+\.py)` `([\w.]+)` \|", page, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == seeing - {("secrets/resolver.py", "Resolver.__call__")}


def test_only_one_module_prints_secrets_on_purpose() -> None:
    """Law 5: GitHub's runner is told what to mask, where that was asked for."""
    calling = {
        module.path
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "referenced"
    }
    assert calling == {"cli/apply_prompt.py"}


def test_only_the_console_writes_to_the_streams() -> None:
    """So that nothing gets past the scrubber; click prints help and version itself, the sandbox
    the type of an error of its own.
    """
    writing = {
        module.path
        for module in modules()
        for node in ast.walk(module.tree)
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"write", "writelines"}
            and isinstance(node.value, ast.Attribute)
            and node.value.attr in {"stdout", "stderr"}
        )
        or (isinstance(node, ast.Name) and node.id == "print")
        or (isinstance(node, ast.Attribute) and node.attr in {"echo", "secho"})
    }
    assert writing == {"cli/console.py", "cli/apply_prompt.py", "sandbox/server.py"}


def test_few_modules_know_the_streams_and_none_can_print_a_traceback() -> None:
    """So that no other way leads past the scrubber: another name, a descriptor, a traceback."""
    knowing = {
        (module.path, node.attr)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"sys", "os"}
        and node.attr in {"stdout", "stderr", "__stdout__", "__stderr__", "write", "writev"}
    }
    assert knowing == {
        ("__main__.py", "stdout"),
        ("__main__.py", "stderr"),
        ("cli/console.py", "stdout"),
        ("cli/console.py", "stderr"),
        ("cli/apply_prompt.py", "stderr"),
        # Whether it is a terminal.
        ("cli/output.py", "stdout"),
        ("sandbox/server.py", "stderr"),
        # A descriptor of its own, and what it writes is scrubbed.
        ("disk/write.py", "write"),
    }
    printing = {"traceback", "faulthandler", "cgitb", "pdb", "pprint", "logging.basicConfig"}
    printing |= {"sys.stdout", "sys.stderr", "os.write", "logging.StreamHandler"}
    assert not {
        (module.path, name)
        for module in modules()
        for name in module.imports
        if name in printing or top(name) in printing
    }


def test_only_the_program_takes_over_what_python_prints() -> None:
    """A program that uses confsync from Python keeps its own hooks, handlers and streams."""
    taking = {
        module.path
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Name | ast.Attribute)
        and (node.id if isinstance(node, ast.Name) else node.attr)
        in {"excepthook", "unraisablehook", "showwarning", "setrlimit"}
    }
    assert taking == {"__main__.py"}


def test_nothing_switches_the_scrubber_off() -> None:
    """No option and no variable does: only a caller from Python, which tests are."""
    switching = {
        module.path
        for module in modules()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.keyword) and node.arg == "scrubbed")
        or (isinstance(node, ast.arg) and node.arg == "scrubbed")
    }
    assert switching == {"cli/console.py", "cli/main.py"}
    given = [
        node.value
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg == "scrubbed"
    ]
    assert [node.id for node in given if isinstance(node, ast.Name)] == ["scrubbed"]
    assert len(given) == 1


def test_nothing_reaches_into_the_vault() -> None:
    """Law 5."""
    inner = {name for name in vars(Vault()) if name.startswith("_Vault__")}
    assert inner
    reaching = {
        module.path
        for module in modules()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr in inner)
        or (isinstance(node, ast.Constant) and node.value in inner)
    }
    assert not reaching


def test_a_vault_shows_nothing_and_never_leaves_its_process() -> None:
    """Law 5."""
    vault = Vault()
    secret = vault.seal("Canary")
    assert "Canary" not in f"{vault!r}{vault!s}{vault}{secret!r}{secret}"
    assert repr(vault) == "Vault()"
    for take in (copy.copy, copy.deepcopy, pickle.dumps, json.dumps):
        with pytest.raises(TypeError) as caught:
            take(vault)
        assert "Canary" not in str(caught.value)


def test_no_function_of_the_command_line_is_longer_than_60_lines() -> None:
    """Law 7, decorators and docstring included."""
    functions = [
        (module.path, node)
        for module in of("cli")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef)
    ]
    commands = {node.name for _, node in functions if node.decorator_list}
    assert {"plan", "apply", "validate", "fmt", "show", "schema", "sandbox"} <= commands
    lengths = {
        (path, node.name): (node.end_lineno or 0)
        - min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        + 1
        for path, node in functions
    }
    assert not {name: length for name, length in lengths.items() if length > LONGEST_COMMAND}


def test_what_disarms_a_guard_is_given_by_hand_alone() -> None:
    """No variable sets it, and no file of the repository."""
    guarded = {"--yes", "--allow", "--insecure-http", "--allow-commands"}
    found: set[str] = set()
    for name in COMMANDS:
        command = program.get_command(click.Context(program), name)
        assert command is not None
        for param in command.params:
            if guarded & set(param.opts):
                found |= set(param.opts)
                assert param.envvar is None
    assert found == guarded
    assert set(DISARMING.values()) == guarded - {"--allow"}
    assert not set(DISARMING) & set(TARGET.fields)


LISTING = """\
import atexit, sys
from confsync.__main__ import main
atexit.register(lambda: print("loaded:", *sys.modules, file=sys.stderr))
main()
"""


def loaded(
    *arguments: str, status: int = 0, directory: Path = PROJECT, **variables: str
) -> frozenset[str]:
    """The modules that a run of the command line loads."""
    done = subprocess.run(
        [sys.executable, "-c", LISTING, *arguments],
        cwd=directory,
        env={**ENVIRONMENT, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == status, done.stderr[-2000:]
    found = frozenset(done.stderr.partition("loaded:")[2].split())
    assert "confsync.cli.main" in found
    return found


@pytest.fixture
def good(tmp_path: Path) -> str:
    file = tmp_path / "good.yaml"
    file.write_text("InMemoryStore: {'@type': Redis, url: 'redis://a'}\n", encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    "arguments",
    [
        *[("--help",), ("--version",), ("plan", "--help"), ("apply", "--help"), ("validate",)],
        *[("render",), ("schema",), ("fmt",), ("explain",), ("explain", "urls")],
    ],
)
def test_what_needs_no_network_and_no_difference_does_not_load_them(
    arguments: tuple[str, ...], good: str
) -> None:
    """Law 8."""
    files = (good,) if arguments in {("validate",), ("render",), ("fmt",)} else ()
    found = loaded(*arguments, *files)
    assert not {name for name in found if top(name) in {"httpx", "httpcore", "deepdiff", "redis"}}
    assert not {name for name in found if name.startswith(("confsync.net", "confsync.sandbox"))}


TABLES = {
    "confsync",
    "confsync.__main__",
    "confsync.report",
    "confsync.sync",
    "confsync.sync.names",
}
"""What `--help` may load besides the command line: names that it lists, and no code."""

SHARED = {"choose", "command", "console", "main", "many", "options"}
"""The modules of the command line that `--help` may load besides the commands themselves."""


def ours(found: frozenset[str]) -> set[str]:
    return {name for name in found if top(name) == "confsync"}


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), *((name, "--help") for name in COMMANDS)]
)
def test_help_and_version_load_click_and_no_room(arguments: tuple[str, ...]) -> None:
    """Law 8. `init` lists the variants, which are in the kinds."""
    found = loaded(*arguments)
    assert {top(name) for name in found if top(name) in DOORS} == {"click"}
    assert not found & {"logging", "importlib.metadata"}
    rooms = {name for name in ours(found) - TABLES if not name.startswith("confsync.cli")}
    allowed = {"kinds", "sync", "errors"} if arguments[0] == "init" else set()
    assert {name.split(".")[1] for name in rooms} <= allowed
    cli = {name.removeprefix("confsync.cli.") for name in ours(found) - rooms - TABLES}
    assert cli <= {"confsync.cli", *SHARED, *COMMANDS, "import_"}


def test_completion_loads_click_and_no_room() -> None:
    """Law 8."""
    found = ours(
        loaded(_CONFSYNC_COMPLETE="bash_complete", COMP_WORDS="confsync plan --ou", COMP_CWORD="2")
    )
    assert "confsync.cli.plan" in found
    assert not {name for name in found - TABLES if not name.startswith("confsync.cli")}


@pytest.mark.parametrize(
    ("words", "libraries"),
    [("plan --target ", {"click", "ruamel"}), ("explain ", {"click"})],
)
def test_completion_of_names_loads_no_library_but_yaml(words: str, libraries: set[str]) -> None:
    """Law 8."""
    typed = f"confsync {words}"
    number = str(len(typed.split()))
    found = loaded(_CONFSYNC_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=number)
    assert {top(name) for name in found if top(name) in DOORS} == libraries


def test_a_validation_loads_one_renderer_and_no_library_but_yaml(good: str) -> None:
    """Law 8."""
    found = loaded("validate", good)
    libraries = {top(name) for name in found if top(name) in DOORS}
    assert libraries == {"click", "ruamel"}
    # Other packages are searched for resolvers only where a reference is not built in.
    assert "importlib.metadata" not in found
    rendering = {name.removeprefix("confsync.report.") for name in found if ".report." in name}
    assert "problems" in rendering
    assert not rendering & {"codequality", "github", "json", "junit", "sarif", "text"}
    unused = (
        "confsync.jmap",
        "confsync.sync.compare",
        "confsync.sync.plan",
        "confsync.sync.outcome",
    )
    assert not {name for name in found if name.startswith(unused)}


def test_every_renderer_that_is_listed_can_be_loaded() -> None:
    for renderers in (PLANS, STATES, RENDERED, DOCTOR, OUTCOMES, PROBLEMS, *AUDITS.values()):
        assert "text" in renderers
        for renderer in renderers.values():
            assert isinstance(renderer, partial)
            module, function = renderer.args
            assert callable(getattr(import_module(f"confsync.report.{module}"), function))


def test_a_plan_of_equal_states_never_loads_deepdiff(good: str) -> None:
    """Law 8; a plan of others does, so this test looks in the right place."""
    with Server(initial={"@type": "Redis", "url": "redis://a"}, keys=KEYS) as server:
        equal = loaded("plan", good, "--url", server.url)
        server.stored = {"@type": "Redis", "url": "redis://b"}
        different = loaded("plan", good, "--url", server.url)
    assert "httpx" in equal
    assert "deepdiff" not in equal
    assert "deepdiff" in different


def test_only_a_saved_plan_loads_pydantic(good: str, tmp_path: Path) -> None:
    """Law 8: to write one and to read one. Equal states, since deepdiff loads it by itself."""
    saved = str(tmp_path / "saved.plan")
    with Server(initial={"@type": "Redis", "url": "redis://a"}, keys=KEYS) as server:
        plain = loaded("plan", good, "--url", server.url)
        written = loaded("plan", good, "--url", server.url, "--out", saved)
    assert "pydantic" not in plain
    assert "pydantic" in written
    assert "pydantic" in loaded("show", saved)


def test_tables_in_a_file_are_read_without_pydantic(good: str, tmp_path: Path) -> None:
    """Law 8: it is for the server's answer alone."""
    file = tmp_path / "confsync.schema.json"
    file.write_text(text_of(built_in_version()), encoding="utf-8")
    validated = loaded("validate", good, directory=tmp_path)
    assert "confsync.kinds.table_file" in validated
    with Server(initial={"@type": "Redis", "url": "redis://a"}, keys=KEYS) as server:
        planned = loaded("plan", good, "--url", server.url, directory=tmp_path)
        updated = loaded("schema", "--update", "--url", server.url, directory=tmp_path)
    assert not {"pydantic", "confsync.jmap.published"} & (validated | planned)
    assert "pydantic" in updated


def test_an_object_alone_loads_no_table_of_another_one(good: str) -> None:
    """Law 8: of the 55 files with tables."""
    script = """
import sys

opened = set()
sys.addaudithook(lambda event, args: event == "open" and opened.add(str(args[0])))
from confsync.cli.main import run

run(sys.argv[1:])
print(*(name.rpartition("/")[2] for name in opened if "/kinds/tables/" in name))
"""
    with Server(initial={"@type": "Redis", "url": "redis://b"}, keys=KEYS) as server:
        at = ("--url", server.url)
        for words in (("validate",), ("plan", *at), ("apply", *at, "--yes")):
            opened = python(script, *words, good).splitlines()[-1]
            assert opened.split() == ["InMemoryStore.json"]
        assert server.stored["url"] != "redis://b"


def test_importing_the_package_loads_nothing_else() -> None:
    """Law 8, for those who use confsync from Python."""
    script = (
        "import sys; before = set(sys.modules); import confsync;"
        "print(*sorted(set(sys.modules) - before))"
    )
    new = set(python(script).split())
    assert {name for name in new if top(name) not in sys.stdlib_module_names} == {"confsync"}


def test_the_api_is_what_is_documented_and_each_name_loads() -> None:
    assert confsync.__all__ == API
    script = "import confsync; print(*(callable(getattr(confsync, n)) for n in confsync.__all__))"
    assert python(script).split() == ["True"] * len(API)
    for name in API:
        assert getattr(confsync, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = confsync.no_such_name


def python(script: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=PROJECT,
        env=dict(ENVIRONMENT),
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
    ).stdout
