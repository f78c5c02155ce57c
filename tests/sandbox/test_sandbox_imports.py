"""The sandbox is a second opinion: it shares no code with the rest of the project."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import confsync.sandbox

ROOM = Path(confsync.sandbox.__file__).parent


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_the_sandbox_imports_only_itself_and_the_standard_library() -> None:
    modules = sorted(ROOM.rglob("*.py"))
    assert len(modules) > 5
    foreign = {
        f"{module.name}: {name}"
        for module in modules
        for name in imported(module)
        if not name.startswith("confsync.sandbox.")
        and (name.split(".")[0] not in sys.stdlib_module_names)
    }
    assert not foreign
