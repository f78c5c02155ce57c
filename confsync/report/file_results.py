"""Results of `fmt`, `pull` and `init` for local files, as text and as diffs."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from confsync.report.printable import one_line, plural, printable
from confsync.report.problems import problems_text
from confsync.store.mistakes import INSTEAD
from confsync.sync.scrub import scrubbed
from confsync.sync.tree import path_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.errors import Problem
    from confsync.sync.tree import Path


@dataclass(frozen=True)
class Formatted:
    """The result of `fmt` for a file. `store`: False for a file without a store. `changed`: not in
    canonical form; `diff` masks every secret. `problems`: why a store cannot be formatted.
    """

    file: str
    store: bool = True
    changed: bool = False
    diff: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Pulled:
    """The result of `pull` for a file. `new`: the file did not exist. `added`: objects of which the
    file got nothing but the name. `comments`: the number of removed comments. `fill_in`: references
    to fill in. `diff` masks every secret.
    """

    file: str
    new: bool
    changed: tuple[Path, ...]
    gone: tuple[Path, ...]
    comments: int
    fill_in: tuple[Problem, ...]
    diff: str
    added: tuple[str, ...] = ()


@dataclass(frozen=True)
class Begun:
    """The result of `init`. `hooks`: pre-commit's configuration, `to_add`: lines to add to it by
    hand. `live`: the store holds a server's state. `fill_in`: references to fill in. `example`: the
    address in the configuration is a placeholder. `repository`: the directory is in one.
    """

    config: str
    store: str
    hooks: str
    written: frozenset[str]
    to_add: str = ""
    live: bool = False
    fill_in: tuple[Problem, ...] = ()
    example: bool = False
    directory: str = "."
    repository: bool = True


@dataclass(frozen=True)
class Imported:
    """The result of `import`. `texts`: the store files by path; unless `written`, one text without
    a path, or none. `defaults`: objects left out because they are at their defaults. `left_out`:
    the number of operations that are not imported. `fill_in`: references to fill in.
    """

    file: str
    texts: Mapping[str, str]
    written: bool
    objects: int
    defaults: tuple[str, ...]
    left_out: int
    fill_in: int
    problems: tuple[Problem, ...]


def imported_text(found: Imported) -> str:
    """A line for each file, and totals."""
    lines = [f"{printable(path)}: new file\n" for path in found.texts if path]
    if found.defaults:
        number = plural(len(found.defaults), "object")
        names = ", ".join(found.defaults)
        lines.append(f"left out, at their defaults: {number}: {names}\n")
    counts = [f"{plural(found.objects, 'settings object')} imported"]
    if found.left_out:
        counts.append(f"{plural(found.left_out, 'operation')} not imported")
    if found.fill_in:
        counts.append(f"{plural(found.fill_in, 'reference')} to fill in")
    return "".join([*lines, f"{', '.join(counts)}\n"])


def diff_text(found: Sequence[Formatted | Pulled]) -> str:
    """The unified diffs of files, fit for a terminal; empty without changes."""
    lines = (line for one in found for line in one.diff.split("\n")[:-1])
    return "".join(f"{one_line(scrubbed(line))}\n" for line in lines)


def formatted_text(files: Sequence[Formatted], done: str) -> str:
    """A line for each file not in canonical form, and totals. `done`: a participle, `formatted`."""
    lines = [
        f"{printable(file.file)}: {done}\n" if file.changed else problems_text(file.problems)
        for file in files
    ]
    changed = sum(file.changed for file in files)
    failed = sum(bool(file.problems) for file in files)
    others = sum(not file.store for file in files)
    counts = {
        done: changed,
        "already formatted": len(files) - changed - failed - others,
        "skipped (no store)": others,
        "with errors": failed,
    }
    found = [(number, what) for what, number in counts.items() if number]
    totals = (
        f"{number if index else plural(number, 'file')} {what}"
        for index, (number, what) in enumerate(found)
    )
    return "".join([*lines, f"{', '.join(totals) or 'no files'}.\n"])


def pulled_text(pulled: Pulled, mood: str = "") -> str:
    """A line on removals, and one on changes. `mood`: `would be ` for a preview."""
    fields = plural(len(pulled.changed) + len(pulled.gone), "field")
    comments = plural(pulled.comments, "comment")
    lines = []
    if pulled.gone:
        names = ", ".join(map(path_text, pulled.gone))
        lines.append(f"{mood}removed{f', with {comments}' if pulled.comments else ''}: {names}")
    elif pulled.comments:
        lines.append(f"{comments} {mood}removed")
    counts = [f"{fields} {mood}changed"] if pulled.changed or pulled.gone else []
    if pulled.new:
        counts = [f"new file, {fields} {mood}written"]
    elif pulled.added:
        lines.append(f"{mood}added, at their defaults: {', '.join(pulled.added)}")
    elif not counts:
        counts = ["unchanged: already matches the server"]
    if pulled.fill_in:
        counts.append(f"{plural(len(pulled.fill_in), 'reference')} to fill in")
    lines += [", ".join(counts)] if counts else []
    return "".join(f"{printable(pulled.file)}: {line}\n" for line in lines)


def begun_text(begun: Begun) -> str:
    """A line for each file, the lines to add by hand, and the next steps."""
    lines = []
    for file in (begun.config, begun.store, begun.hooks):
        result = "written" if file in begun.written else "already exists, not changed"
        if file == begun.store and file in begun.written:
            result += " from the server" if begun.live else ", a template"
        if file == begun.hooks and begun.to_add:
            result = "not written; it needs these lines under `repos:`"
        lines.append(f"{printable(file)}: {result}")
    lines += ["", *begun.to_add.splitlines()] if begun.to_add else []
    config, store = printable(begun.config), printable(begun.store)
    first = f"Review {store}."
    hidden = [one for one in begun.fill_in if one.hint == INSTEAD]
    in_urls = len(begun.fill_in) - len(hidden)
    more = []
    if hidden and begun.config in begun.written:
        number = plural(len(hidden), "secret")
        more.append(
            f"{number} of the server will be kept (hidden_secrets: keep). To manage"
            f" {'it' if len(hidden) == 1 else 'them'}, write references into {store} and remove"
            f" hidden_secrets from {config}."
        )
    elif hidden:
        keep = f"or set hidden_secrets: keep in {config} to keep the server's"
        more.append(f"Fill in {plural(len(hidden), 'secret')} in {store}, {keep}.")
    if in_urls:
        more.append(f"Fill in {plural(in_urls, 'password')} in {store}: each apply needs it.")
    if more:
        first = " ".join(more)
    elif begun.example:
        first = f"Set the server's url in {config}, and edit {store}."
    steps = [
        first,
        *([] if begun.live else ["Set STALWART_TOKEN, or STALWART_USER and STALWART_PASSWORD."]),
        *([f"cd {quote(printable(begun.directory))}"] if begun.directory not in {"", "."} else []),
        "confsync plan",
        "pre-commit install" if begun.repository else "git init && pre-commit install",
    ]
    lines += ["", "Next:", *(f"  {number}. {step}" for number, step in enumerate(steps, start=1))]
    return "".join(f"{line}\n" for line in lines)
