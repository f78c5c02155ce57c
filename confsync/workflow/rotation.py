"""Hidden secrets that an apply sends although the policy leaves secrets as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.errors import InvalidFiles, WrongUsage
from confsync.kinds import using
from confsync.sync.cause import alike, counterpart
from confsync.sync.secret import Secret
from confsync.sync.tree import leaves, path_text
from confsync.workflow.load import load
from confsync.workflow.once import Once
from confsync.workflow.selection import some_of
from confsync.workflow.tables import tables_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confsync.sync.secret import Vault
    from confsync.sync.shape import Variants
    from confsync.sync.tree import Object, Path
    from confsync.sync.values import Desired, Difference
    from confsync.workflow.targets import Aim, Options


def rotated(
    found: Difference, desired: Desired, base: Object | None, shape: Variants, options: Options
) -> tuple[Path, ...]:
    """The places of hidden secrets that are named to be sent, or, with `changed`, whose reference
    or version is another one than in the base.
    """
    return tuple(
        one.path
        for one in found.unknown
        if isinstance(one.after, Secret)
        and (
            not _names(desired.object, one.path, one.after).isdisjoint(options.send)
            or (
                options.hidden_secrets == "changed"
                and not alike(counterpart(base, desired.tree, shape, one.path), one.after)
            )
        )
    )


def check_named(aims: Iterable[Aim], words: Sequence[str], vault: Vault) -> None:
    """Raise WrongUsage for a word that names no hidden secret of any server. Files that cannot be
    read are told of later.
    """
    known: dict[str, None] = {}
    names: set[str] = set()
    once = Once()
    for aim in aims:
        try:
            with using(tables_of(aim)):
                states = load(aim.files, vault, aim.options.own, once).desired
        except InvalidFiles:
            return
        for state in states:
            for path, leaf in leaves(state.written):
                if isinstance(leaf, Secret) and leaf.ref is not None:
                    names |= _names(state.object, path, leaf)
                    known[f"{path_text(path)} ({leaf.ref})"] = None
    if any(word not in names for word in words):
        hint = f"write one of these paths or references: {some_of([*known])}"
        hint = hint if known else "no file has a secret that the server hides"
        raise WrongUsage("--send: no target has this secret", hint=hint)


def _names(name: str, path: Path, secret: Secret) -> set[str]:
    """The names of a secret: its path, also with its object, and its reference as plans show it."""
    text = path_text(path)
    return {text, f"{name}/{text}", str(secret.ref)}
