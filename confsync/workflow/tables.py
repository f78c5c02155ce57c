"""Schema tables: the file that counts for a target, and `confsync schema --update`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.config.config_file import found_from, is_ours
from confsync.disk.read import read_regular, reading_from
from confsync.errors import InvalidFiles, OutputFailed, Problem, WrongUsage
from confsync.kinds.table_file import MAX_BYTES, NAME, NoTables, Version, version_of

if TYPE_CHECKING:
    from confsync.kinds.table import Tables
    from confsync.workflow.session import Reach
    from confsync.workflow.targets import Aim

_UPDATE = "run `confsync schema --update`"


def beside(directory: Path) -> str:
    """The path of `confsync.schema.json` for a directory, from the working directory: beside its
    `confsync.yaml`, or without one in the working directory.
    """
    file = found_from(directory)
    return str(Path(file or ".").parent / NAME) if file else NAME


def tables_at(path: str, *, target: str = "") -> Tables | None:
    """The tables of a file. Returns None for a missing one, unless a `target` names it.

    Raises InvalidFiles for a missing, edited or cut file, and for one of another user.
    """
    try:
        state = Path(path).stat()
    except (OSError, ValueError):
        if not target:
            return None
        hint = f"run `confsync schema --update --target {target}`"
        raise _invalid(path, "does not exist or cannot be read", hint) from None
    # Of the working directory in any case: two states are compared by one shape.
    with reading_from(None):
        return _tables(path, (state.st_ino, state.st_mtime_ns, state.st_size))


def tables_of(aim: Aim) -> Tables | None:
    """The tables for a server: its target's own, or those beside `confsync.yaml`; None: built in.

    Raises as `tables_at` does.
    """
    if aim.config is not None and aim.config.schema:
        return tables_at(aim.config.schema, target=aim.name)
    return tables_at(aim.schema) if aim.schema else None


@lru_cache(16)
def _tables(path: str, _: tuple[int, int, int]) -> Tables:
    """Tables of a file in one state: many targets share them, and the shapes made of them."""
    if not is_ours(Path(path)):
        fact = "belongs to another user: its tables decide what is a secret"
        raise _invalid(path, fact, "review it, then chown it and its directory")
    return _read(path).tables()


def _read(path: str) -> Version:
    try:
        # A larger one is cut here, and found to be.
        return version_of(read_regular(path, MAX_BYTES).decode("utf-8"))
    except NoTables as wrong:
        raise _invalid(path, wrong.fact, wrong.hint) from None
    except UnicodeDecodeError:
        raise _invalid(path, "is edited or cut off", _UPDATE) from None
    except (OSError, ValueError):
        raise _invalid(path, "cannot be read", "check the path, its owner and mode") from None


def _invalid(path: str, fact: str, hint: str) -> InvalidFiles:
    return InvalidFiles((Problem(path, 0, 0, "schema-file", fact, hint),), "the schema tables")


@dataclass(frozen=True)
class Updated:
    """What `update` wrote, or would write. `changes`: lines for people, against the file that was
    there, or the built-in tables. `left_out`: fields of types that confsync does not know.
    """

    path: str
    url: str
    hash: str
    changed: bool
    against: str
    changes: tuple[str, ...]
    left_out: tuple[str, ...]


def update(aim: Aim, reach: Reach, *, write: bool = True) -> Updated:
    """Write the tables of a server's schema into the file of its target. Without `write`, find out
    what that would change.

    Raises the errors of a connection, UnexpectedAnswer for a schema that cannot be used, WrongUsage
    for another file in that place, and OutputFailed.
    """
    from confsync.disk.write import write_whole  # noqa: PLC0415 - commands that read load neither
    from confsync.kinds.table_file import built_in_version, changes, text_of  # noqa: PLC0415

    path = aim.schema
    if aim.config is not None and aim.config.schema:
        path, aim = aim.config.schema, replace(aim, config=replace(aim.config, schema=None))
    old, text = _there(path)
    with reach.session(replace(aim, schema="")) as session:
        new, url = session.server.schema(session.target.url), session.target.url
    content = text_of(new)
    if write and content != text:
        write_whole(path, content, f"{path} cannot be written")
    return Updated(
        path,
        url,
        new.hash,
        content != text,
        path if old else "the built-in schema",
        changes(old or built_in_version(), new),
        new.left_out,
    )


def _there(path: str) -> tuple[Version | None, str]:
    """The tables in a file and its text; None for a missing or a broken one. Raises WrongUsage for
    a file of another kind.
    """
    try:
        text = read_regular(path, MAX_BYTES).decode("utf-8")
        return version_of(text), text
    except FileNotFoundError:
        return None, ""
    except NoTables as wrong:
        if not wrong.ours:
            raise WrongUsage(wrong.fact, where=path, hint=wrong.hint) from None
        return None, ""
    except (OSError, ValueError):
        hint = "check the path, its owner and mode"
        raise OutputFailed("cannot be read", where=path, hint=hint) from None
