"""Where files stand in their repository: the names that code hosts know them by."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def from_root(files: Iterable[str]) -> Mapping[str, str]:
    """Each file's path from the root of the repository that the working directory is in, or from
    the working directory where there is no repository. An absolute path that leads elsewhere stays
    as it is.
    """
    try:
        here = Path.cwd()
        parents = (here, *here.parents)
        root = next((folder for folder in parents if (folder / ".git").exists()), here)
        return {file: _from(root, here, file) for file in files}
    except (OSError, ValueError):
        return {file: file for file in files}


def _from(root: Path, here: Path, file: str) -> str:
    named = Path(os.path.normpath(here / file))
    for path in (named, named.parent.resolve() / named.name):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return file if Path(file).is_absolute() else os.path.relpath(named, root)
