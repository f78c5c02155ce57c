"""Options that choose among the targets of confsync.yaml, and the servers of a run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli.options import (
    for_file,
    given_by_hand,
    grouped,
    proposing_from,
    server,
    source_named,
    today,
    together,
    with_variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import TypeAlias

    from confsync.cli.console import Console
    from confsync.cli.options import Decorator, Values
    from confsync.sync.secret import Vault
    from confsync.workflow.selection import Filters
    from confsync.workflow.targets import Access, Aim, Asked, Wanted

    Names: TypeAlias = Callable[[], Iterable[str]]


def chosen(console: Console, asked: Asked, access: Access, wanted: Wanted) -> tuple[Aim, ...]:
    """The servers of this run. Files that stand for a target are reported with its name."""
    from confsync.disk.read import is_plan
    from confsync.errors import WrongUsage
    from confsync.report.printable import printable
    from confsync.workflow.targets import aims, nothing_named, replaced_url

    for file in filter(is_plan, asked.files):
        hint = f"`confsync show {file}` shows it, `confsync apply {file}` applies it"
        raise WrongUsage("a saved plan, not a store file", where=file, hint=hint)
    found = aims(Path(), asked, wanted, access, today=today())
    found = _with_base(found, asked, wanted, console.vault)
    if wanted.send:
        from confsync.workflow.rotation import check_named

        check_named(found, wanted.send, console.vault)
    tell_selection(console, found, asked)
    if not found:
        return ()
    if not (found[0].files or asked.alone):
        raise nothing_named(Path())
    if asked.files and found[0].config is not None:
        files = " and ".join(map(printable, found[0].files))
        if found[0].files != found[0].config.files:
            files += " instead of its files"
        name = printable(found[0].name)
        console.note(f"note: using target {name} of confsync.yaml, with {files}\n")
    replaced, other = replaced_url(Path(), found[0])
    if replaced:
        name, option = printable(found[0].name), source_named("url")
        told = f"{option} replaces the URL of {name} ({printable(replaced)})"
        word, with_ = ("warning", f" with that of {printable(other)}") if other else ("note", "")
        console.note(f"{word}: {told}{with_}\n")
    return found


def _with_base(
    found: tuple[Aim, ...], asked: Asked, wanted: Wanted, vault: Vault
) -> tuple[Aim, ...]:
    """The servers with what their files said at --base; with --changed, those where it differs."""
    if asked.base is None:
        from confsync.workflow.targets import needs_base

        names = [aim.name for aim in found if aim.options.hidden_secrets == "changed"]
        # Others, like pull, compare with no base.
        compares = any(one.name == "base" for one in click.get_current_context().command.params)
        if names and compares:
            raise needs_base([*filter(None, names)])
        return found
    from confsync.workflow.base import changed, with_bases

    based = with_bases(
        found, asked.base, Path(), wanted, vault, environment=os.environ, today=today()
    )
    return changed(based, vault) if asked.filters.changed else based


def tell_selection(console: Console, found: Sequence[Aim], asked: Asked) -> None:
    """Report how many targets the filters leave."""
    from confsync.workflow.run import selection_of

    if (selection := selection_of(found, asked)) is not None:
        tell_number(console, asked, selection.chosen, selection.of)


def tell_selected(console: Console, asked: Asked) -> None:
    """Likewise, before a command that reports an invalid `confsync.yaml` itself."""
    from contextlib import suppress

    from confsync.errors import InvalidFiles
    from confsync.workflow.targets import checked_of, configuration

    if str(asked.filters) and not asked.files:
        with suppress(InvalidFiles):
            if config := configuration(Path()):
                tell_number(console, asked, len(checked_of(config, asked)), len(config.targets))


def tell_number(console: Console, asked: Asked, chosen: int, every: int) -> None:
    """Likewise, of targets that were counted."""
    from confsync.report.printable import printable

    if words := str(asked.filters):
        console.note(f"note: {chosen} of {every} targets: {printable(words)}\n")
    if (reported := asked.filters.reported) is not None:
        from confsync.workflow.selection import some_of

        if gone := sorted(reported[1].difference(_target_names())):
            names = printable(f"{some_of(gone)} ({reported[0]})")
            console.note(f"warning: not in confsync.yaml any more: {names}\n")


def refuse_with_plan(*names: str) -> None:
    """Raise WrongUsage for options on the command line that a saved plan has the answers to."""
    from confsync.errors import WrongUsage

    given, params = given_by_hand(*names), click.get_current_context().command.params
    if found := [max(param.opts, key=len) for param in params if param.name in given]:
        hint = "leave it out, or plan again with it"
        raise WrongUsage(f"{', '.join(found)} cannot be combined with a saved plan", hint=hint)


def _target_names() -> Iterable[str]:
    from confsync.workflow.targets import configuration

    config = configuration(Path())
    return () if config is None else (target.name for target in config.targets)


def _group_names() -> Iterable[str]:
    from confsync.workflow.targets import configuration

    config = configuration(Path())
    return () if config is None else config.groups


_TAKING = ("target", "every", "group", "using", "targets_from", "changed")
SELECTING = (*_TAKING, "exclude", "shard", "with_")
"""Parameters that choose targets. The first ones, `_TAKING`, say which to take."""


def _asked(values: Values) -> Asked:
    """Files and either option on the command line count before both options' variables."""
    from confsync.workflow.targets import Asked

    files, alone = values.pop("files", ()), values.pop("no_config", False)
    single = "every" not in values
    found = {name: values.pop(name, None) for name in SELECTING}
    by_hand = given_by_hand(*SELECTING)
    # Where the command line says what to take, variables that say it do not count.
    left: Collection[str] = _TAKING if by_hand.intersection(_TAKING) else ()
    left = SELECTING if files else left
    found |= {name: None for name in left if name not in by_hand}
    # `--target` last: it alone can be combined with files.
    source = source_named(next((name for name in SELECTING[1:] if found[name]), "target"))
    target, every = found.pop("target") or (), bool(found.pop("every"))
    base = values.pop("base", None)
    return Asked(files, target, every, alone, source, single, _filters(found, base), base)


def _filters(values: Values, base: str | None) -> Filters:
    from confsync.disk.read import STANDARD_INPUT
    from confsync.errors import WrongUsage
    from confsync.workflow.selection import Filters, reported, shard_of

    report, part, shard = values["targets_from"], values["with_"], values["shard"]
    for name, files in (("targets_from", (report,)), ("using", values["using"] or ())):
        if "" in files:
            hint = "check that the shell variable is set"
            raise WrongUsage(f"{source_named(name)}: empty file name", hint=hint)
    if part and not report:
        raise WrongUsage("--with needs --targets-from", hint="name the report of an earlier run")
    if values["changed"] and not base:
        hint = "add --base REF: a branch, a tag or a commit, like origin/main"
        raise WrongUsage("--changed needs --base", hint=hint)
    using = tuple(values["using"] or ())
    if STANDARD_INPUT in using:
        lines = sys.stdin.read().splitlines() if sys.stdin else []
        # Without any line: a file that no target uses.
        using = (*(one for one in using if one != STANDARD_INPUT), *filter(None, lines)) or ("",)
    return Filters(
        exclude=tuple(values["exclude"] or ()),
        groups=tuple(tuple(names.split(",")) for names in values["group"] or ()),
        using=using,
        reported=reported(report, part) if report else None,
        shard=None if shard is None else shard_of(shard, source_named("shard")),
        changed=base if base and values["changed"] else "",
    )


def _naming(
    name: str, text: str, note: str = ", space-separated", names: Names = _target_names
) -> Decorator:
    """An option for names in confsync.yaml, which can be repeated."""
    complete = proposing_from(names)
    return with_variable(
        name, text, note=note, multiple=True, metavar="NAME", shell_complete=complete
    )


_target = _naming(
    "--target", "Use this target of confsync.yaml. Patterns like eu-* are allowed. Can be repeated."
)


_no_config = click.option(
    "--no-config",
    is_flag=True,
    help="Ignore confsync.yaml with its targets and guards; needs --url or STALWART_URL.",
)


_MANY = (
    with_variable("--all", "Use every target of confsync.yaml.", "every", is_flag=True),
    _naming(
        "--group",
        "Use the targets in this group; A,B: in both. Can be repeated.",
        names=_group_names,
    ),
    with_variable(
        "--using",
        "Use the targets with this file; -: the files that standard input lists. Can be repeated.",
        note=", space-separated",
        multiple=True,
        type=click.Path(),
        metavar="FILE",
    ),
    for_file("--targets-from", "Use the targets of this JSON report of plan or apply."),
    with_variable(
        "--with",
        "Of these targets only those that failed, have changes, or are stored.",
        "with_",
        type=click.Choice(["failed", "changed", "stored"]),
    ),
    _naming("--exclude", "Leave this target out; patterns like eu-* are allowed. Can be repeated."),
    with_variable(
        "--shard",
        "Take one of N parts of the targets, I from 1, for parallel jobs.",
        metavar="I/N",
    ),
)


since = together(
    with_variable(
        "--base",
        "Tell changes of the files since this git revision, like origin/main, from drift.",
        metavar="REF",
    ),
    with_variable(
        "--changed",
        "Use the targets whose desired state is another one than at --base.",
        is_flag=True,
    ),
)
"""Options for an earlier revision of the files. They come before `selection` or `targets`, whose
value has them.
"""


selection = grouped("asked", _asked, _target, *_MANY)
"""The options that choose among the targets of confsync.yaml, which a command gets as `asked`, with
`files` if it has them.
"""


targets = together(grouped("asked", _asked, _target, *_MANY, _no_config), server)
"""`server` and `selection`, and the option that leaves confsync.yaml out."""


compared = together(targets, since)
"""Like `targets`, for a command that compares: `since` too."""


one_target = together(
    grouped(
        "asked",
        _asked,
        _naming("--target", "Use this target of confsync.yaml.", note=""),
        _no_config,
    ),
    server,
)
"""Like `targets`, for a command that takes one target."""
