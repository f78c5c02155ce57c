"""The files that a repository begins with: their texts, and how a new file is written."""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.read import read_regular
from confsync.errors import OutputFailed
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STORE = "stores/in-memory.yaml"
HOOKS_FILE = ".pre-commit-config.yaml"

_MAX_HOOKS = 1024 * 1024
_LOG = logging.getLogger("confsync.files")

_HOOKS = """\
# Before the first commit, once in each clone: `pre-commit install`. The hooks run the confsync that
# is installed here. One of its releases, installed by pre-commit itself: docs/hooks.md.
repos:
"""

HOOK_LINES = """\
  - repo: local
    hooks:
      - id: confsync-validate
        name: confsync validate
        entry: confsync validate --skip-others
        args: [--]
        language: system
        types: [yaml]
        require_serial: true
      - id: confsync-fmt
        name: confsync fmt
        entry: confsync fmt
        args: [--]
        language: system
        types: [yaml]
        require_serial: true
      - id: confsync-no-plaintext-secrets
        name: confsync no plaintext secrets
        entry: confsync validate --only plaintext-secret --only credential-in-clear
        args: [--]
        language: system
        types: [yaml]
        require_serial: true
"""
"""What stands under `repos:`."""


def config_text(url: str, way: Mapping[str, str]) -> str:
    """A `confsync.yaml` with one target; `way` are the members that say how it is reached."""
    return f"""\
# The servers, and which files make the state of each. All that can stand here: docs/targets.md
targets:
  # A name of your own: plans show it, and `--target production` chooses it among several.
  production:
    # The server's address. Credentials never stand in it.
    {_member("url", url)}{"".join(f"    {_member(name, value)}" for name, value in way.items())}\
    # The API key is taken from STALWART_TOKEN, or user and password from STALWART_USER and
    # STALWART_PASSWORD. With several targets each names its own variable:
    # token: {{env: PRODUCTION_TOKEN}}
    # The store's files, later ones laid over earlier ones: stores/base.yaml, stores/production.yaml
    {_member("files", [STORE])}"""


def _member(name: str, value: str | list[str]) -> str:
    if isinstance(value, list):
        return f"{name}: [{', '.join(value)}]\n"
    return yaml_text({name: value})


def hooks_text() -> str:
    """A configuration of pre-commit with the hooks that need no server."""
    return _HOOKS + HOOK_LINES


def is_there(path: Path) -> bool:
    """Whether there is something, even a link that leads nowhere."""
    return os.path.lexists(path)


def names_hooks(path: Path) -> bool:
    """Whether a configuration of pre-commit has hooks of confsync already."""
    try:
        return re.search(rb"\bid: *['\"]?confsync-", read_regular(path, _MAX_HOOKS)) is not None
    except OSError:
        return False


def repository(directory: Path) -> Path | None:
    """The root of the repository that a directory is in, or would be in."""
    here = Path(os.path.abspath(directory))  # noqa: PTH100 - links in it stay
    return next((path for path in (here, *here.parents) if is_there(path / ".git")), None)


@contextmanager
def directories(path: Path) -> Iterator[None]:
    """Make a directory with those above it; those that are new are gone again where this fails.

    Raises OutputFailed.
    """
    new = [one for one in (path, *path.parents) if not is_there(one)]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError):
        hint = "check the path, and that its directory may be written to"
        raise OutputFailed("the directory cannot be made", where=str(path), hint=hint) from None
    try:
        yield
    except BaseException:
        for one in new:
            with suppress(OSError):
                one.rmdir()
        raise


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there, whole or not at all. Raises OutputFailed, also where it has
    come meanwhile.
    """
    _LOG.info("writes %s", path)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            try:
                file.write(text)
                file.flush()
            except BaseException:
                path.unlink()
                raise
    except FileExistsError:
        hint = "run it again: what is there is left alone"
        raise OutputFailed("somebody else wrote it meanwhile", where=str(path), hint=hint) from None
    except (OSError, ValueError):
        hint = "check that its directory may be written to, and that the disk has room"
        raise OutputFailed("cannot be written", where=str(path), hint=hint) from None
