"""The files that a repository begins with: their texts, and writing new files."""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from confsync.disk.read import read_regular
from confsync.errors import OutputFailed
from confsync.store.encode import to_file
from confsync.store.mistakes import TYPE
from confsync.sync.shape import ListOf, SecretText, TextSet, UrlText, Variants
from confsync.yaml.emit import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from confsync.kinds.kind import Kind

STORE = "stores/in-memory.yaml"
HOOKS_FILE = ".pre-commit-config.yaml"

_MAX_HOOKS = 1024 * 1024
_LOG = logging.getLogger("confsync.files")

_HOOKS = {
    "validate": "validate --skip-others",
    "fmt": "fmt",
    "no-plaintext-secrets": "validate --only plaintext-secret --only credential-in-clear",
}
"""The commands of the hooks that need no server, by their ids."""

HOOK_LINES = "  - repo: local\n    hooks:\n" + "".join(
    f"""\
      - id: confsync-{name}
        name: confsync {name.replace("-", " ")}
        entry: confsync {command}
        args: [--]
        language: system
        types: [yaml]
        require_serial: true
"""
    for name, command in _HOOKS.items()
)
"""The lines under `repos:`."""

HOOKS = f"""\
# Run `pre-commit install` once in each clone. These hooks run the installed `confsync`.
repos:
{HOOK_LINES}"""
"""A configuration of pre-commit."""

_STORE_HEAD = """\
# The desired state, with Stalwart's own names. Fields left out get their documented default.
"""
_COMMENTED = "# The commented lines show the defaults, and how to refer to a secret.\n"


def config_text(url: str, way: Mapping[str, str], *, keep: bool) -> str:
    """A `confsync.yaml` with one target. `way`: its certificates and proxy. `keep`: secrets that
    the server hides stay as they are.
    """
    hidden = "hidden_secrets: keep" if keep else "# hidden_secrets: keep"
    members = "    ".join(yaml_text({name: value}) for name, value in {"url": url, **way}.items())
    return f"""\
# The servers, and the files with the desired state of each.
targets:
  # A name of your choice, for plans and for `--target production`.
  production:
    # The server's URL, without credentials.
    {members}\
    # The API key is read from STALWART_TOKEN, or user and password from STALWART_USER and
    # STALWART_PASSWORD. With several targets each needs its own variable:
    # token: {{env: PRODUCTION_TOKEN}}
    # Later files are laid over earlier ones, like [stores/base.yaml, stores/production.yaml].
    files: [{STORE}]
    # Secrets that the server hides: keep the server's, or send those of the files (the default).
    {hidden}
"""


def store_text(kind: Kind, tag: str) -> str:
    """A store file with one variant: valid, in canonical form, without secrets.

    It holds the fields for the place of a store; every other field is a comment with its default.
    """
    others = ", ".join(name for name in kind.shape.objects if name != tag)
    first, *rest = _object(kind.shape, tag)
    body = "".join(f"  {line}\n" for line in (f"{first}  # or {others}", *rest))
    commented = _COMMENTED if "\n  # " in body else ""
    return f"{_STORE_HEAD}{commented}{kind.name}:\n{body}"


def _object(shape: Variants, tag: str) -> Iterator[str]:
    yield yaml_text({TYPE: tag}).rstrip("\n")
    for name, field in shape.objects[tag].fields.items():
        summary = f"  # {field.summary}" if field.summary else ""
        match field.shape:
            case ListOf(item=item, minimum=minimum):
                yield f"{name}:{summary}"
                first, *rest = _object(item, next(iter(item.objects)))
                yield from [f"  - {first}", *(f"    {line}" for line in rest)] * minimum
            case Variants() as secret:
                yield f"# {name}: {_secret(secret)}{summary}"
            case other:
                first, *rest = yaml_text({name: to_file(field.default, other)}).splitlines()
                start = "" if isinstance(other, TextSet | UrlText) else "# "
                yield from (start + first + summary, *rest)


def _secret(shape: Variants) -> str:
    """An example of an object with a reference to a secret."""
    tag, name = next(
        (tag, name)
        for tag, known in shape.objects.items()
        for name, field in known.fields.items()
        if isinstance(field.shape, SecretText)
    )
    return f"{{'{TYPE}': {tag}, {name}: {{env: NAME}}}}"


def names_hooks(path: Path) -> bool:
    """Return True if a configuration of pre-commit has hooks of confsync."""
    try:
        return re.search(rb"\bid: *['\"]?confsync-", read_regular(path, _MAX_HOOKS)) is not None
    except OSError:
        return False


@contextmanager
def directories(path: Path) -> Iterator[None]:
    """Make a directory and its parents; an error within removes them. Raises OutputFailed."""
    new = [one for one in (path, *path.parents) if not os.path.lexists(one)]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError):
        hint = "check the path, and that its parent directory is writable"
        raise OutputFailed("the directory cannot be created", where=str(path), hint=hint) from None
    try:
        yield
    except BaseException:
        for one in new:
            with suppress(OSError):
                one.rmdir()
        raise


def write_new(path: Path, text: str) -> None:
    """Write a missing file, whole or not at all. Raises OutputFailed, also if it exists by now."""
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
        hint = "run it again: existing files are not changed"
        fact = "another process created it meanwhile"
        raise OutputFailed(fact, where=str(path), hint=hint) from None
    except (OSError, ValueError):
        hint = "check that its directory is writable and the disk has space"
        raise OutputFailed("cannot be written", where=str(path), hint=hint) from None
