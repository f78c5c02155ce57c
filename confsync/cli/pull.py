"""`confsync pull`."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confsync.cli import choose
from confsync.cli import options as shared
from confsync.cli.command import Command
from confsync.cli.many import many

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confsync.cli.console import Console
    from confsync.cli.standard_error import Status
    from confsync.report.file_results import Pulled
    from confsync.workflow.jobs import Jobs
    from confsync.workflow.pull import Objects
    from confsync.workflow.server import Session
    from confsync.workflow.targets import Access, Aim, Asked

    Pull = Callable[[Aim, Session], Sequence[Pulled]]


@click.command(cls=Command)
@shared.files
@choose.targets
@many()
@shared.objects
@click.option(
    "--all-objects",
    is_flag=True,
    help="Use the objects in the files, and every settings object that differs from its defaults."
    " The key needs sys…Get for all of them: what is missing is named, and nothing is written.",
)
@click.option(
    "--into",
    type=click.Path(),
    metavar="DIRECTORY",
    help="Write each object into a file of its own in DIRECTORY, like in-memory-store.yaml.",
)
@shared.commands_for_credentials
@click.option("--diff", is_flag=True, help="Show what would change; write nothing.")
@click.pass_obj
def pull(  # noqa: PLR0913 - one parameter an option
    console: Console,
    /,
    *,
    asked: Asked,
    access: Access,
    jobs: Jobs,
    objects: tuple[str, ...],
    all_objects: bool,
    into: str | None,
    allow_commands: bool,
    diff: bool,
) -> Status:
    """Write a server's settings into FILES, or into the files of targets of confsync.yaml.

    Reads each server once. In an existing file, only differences are changed. FILES select a target
    as for `plan`; pull writes the last file of a target. Secrets are never written, only references
    to fill in.
    """
    from confsync.cli.standard_error import print_failures
    from confsync.sync.values import Failed
    from confsync.workflow.session import each, flat

    wanted = _objects(objects, every=all_objects)
    way = shared.reach(console, allow_commands=allow_commands, jobs=jobs)
    aims = _chosen(console, asked, access) if into is None else (_server(asked, access),)
    found = each(aims, way, _pull(into, wanted, diff=diff))
    status = print_failures(console, found)
    pulled = [one for one in flat(found) if not isinstance(one, Failed)]
    _print(console, pulled, diff=diff)
    if into is not None:
        _tell_unused(console, pulled, aims[0])
    return status


def _objects(objects: tuple[str, ...], *, every: bool) -> Objects:
    """The objects to pull. Raises WrongUsage."""
    from confsync.errors import WrongUsage
    from confsync.workflow.load import check_objects

    check_objects(objects)
    if objects and every:
        hint = "leave out one of the two"
        raise WrongUsage("--object and --all-objects cannot be combined", hint=hint)
    return "every" if every else objects


def _chosen(console: Console, asked: Asked, access: Access) -> tuple[Aim, ...]:
    """The targets, each with a last file of its own. Raises WrongUsage."""
    from confsync.errors import WrongUsage
    from confsync.workflow.targets import NOTHING_WANTED

    aims = choose.chosen(console, replace(asked, single=bool(asked.files)), access, NOTHING_WANTED)
    users: dict[str, list[str]] = {}
    for aim in aims:
        for file in {*map(os.path.realpath, aim.files)}:
            users.setdefault(file, []).append(aim.name)
    for aim in aims:
        last = aim.files[-1]
        there = os.path.realpath(last)
        if asked.files and os.path.realpath(asked.files[-1]) != there:
            hint = f"`confsync pull {last}` writes it; --no-config takes the named file alone"
            raise WrongUsage(f"target {aim.name} is written to its last file, {last}", hint=hint)
        if others := [name for name in users[there] if name != aim.name]:
            fact = f"target {aim.name} is written to {last}, which is a file of {others[0]} too"
            hint = "give each target a last file of its own, or pull one with --target"
            raise WrongUsage(fact, hint=hint)
    return aims


def _pull(directory: str | None, objects: Objects, *, diff: bool) -> Pull:
    """The pull into a directory, or else into the last of a target's files. Raises WrongUsage."""
    if directory is None:
        from confsync.workflow.pull import pull

        last = partial(pull, environment=os.environ, objects=objects, write=not diff)
        return lambda aim, session: (last(aim.files, session, own=aim.options.own),)
    from confsync.workflow.pull_into import check_directory, pull_into

    check_directory(directory)
    use = partial(pull_into, environment=os.environ, objects=objects, write=not diff)
    return lambda _, session: use(directory, session)


def _server(asked: Asked, access: Access) -> Aim:
    """The server of a pull into a directory: a target, or --url without one."""
    from confsync.errors import WrongUsage
    from confsync.workflow.targets import NOTHING_WANTED, aims, configuration, without_config

    if asked.files:
        hint = "leave out one of the two"
        raise WrongUsage("FILES and --into cannot be combined", hint=hint)
    alone = asked.alone or (access.url and not asked.select)
    if alone or (not asked.select and configuration(Path()) is None):
        return without_config((), NOTHING_WANTED, access)
    single = replace(asked, single=True)
    (aim,) = aims(Path(), single, NOTHING_WANTED, access, today=shared.today())
    return aim


def _print(console: Console, pulled: Sequence[Pulled], *, diff: bool) -> None:
    from confsync.errors import OutputFailed
    from confsync.report.file_results import diff_text, pulled_text
    from confsync.report.problems import problems_text

    for one in pulled:
        console.note(problems_text(one.fill_in, console.look()))
    if diff:
        console.print(diff_text(pulled))
        console.note("".join(pulled_text(one, "would be ") for one in pulled))
        return
    told = "".join(map(pulled_text, pulled))
    try:
        console.print(told)
    except OutputFailed:
        # The files are written: that is said in any case.
        console.say(told)
        raise


def _tell_unused(console: Console, pulled: Sequence[Pulled], aim: Aim) -> None:
    """Name the files that the target does not use yet."""
    from confsync.report.printable import printable

    used = set(map(os.path.realpath, aim.files))
    others = [one.file for one in pulled if os.path.realpath(one.file) not in used]
    if aim.config is not None and others:
        console.note(
            f"note: target {printable(aim.name)} does not use these files yet; add them to its"
            f" files: {', '.join(map(printable, others))}\n"
        )
