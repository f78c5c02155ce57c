"""From a desired state and a live one to a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.sync.codec import digest
from confsync.sync.compare import difference
from confsync.sync.patch import patch, secrets_sent
from confsync.sync.secret_findings import refusals, without_hidden
from confsync.sync.values import UNMANAGED, Desired, Finding, Live, Origin, Plan, Target

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from confsync.sync.shape import Variants
    from confsync.sync.tree import Path, Tree
    from confsync.sync.values import HiddenSecrets


def make_plan(  # noqa: PLR0913 - all that a plan depends on
    target: Target,
    desired: Desired,
    live: Live,
    shape: Variants,
    *,
    hidden_secrets: HiddenSecrets = "send",
    risks: tuple[Finding, ...] = (),
) -> Plan:
    """Compare, and work out the update. Pure: the same values give the same plan.

    `risks` are those that stand in the files.
    """
    found = difference(live.tree, desired.tree, shape, desired.origin)
    update = patch(found if hidden_secrets == "send" else without_hidden(found))
    unmanaged = tuple(path for path, origin in desired.origins.items() if origin.why in UNMANAGED)
    return Plan(
        target=target,
        desired=desired,
        live=live,
        difference=found,
        patch=update,
        to_send=secrets_sent(update),
        unmanaged=unmanaged,
        findings=risks + refusals(found, hidden_secrets) + _unrecognised(live),
        digest=digest(target, desired, live, hidden_secrets, risks),
        hidden_secrets=hidden_secrets,
    )


def keep_unlisted(desired: Desired, live: Live) -> Desired:
    """The desired state with the live values of all fields that no file mentions.

    Only while the variant stays; what a file lists is complete in itself.
    """
    unlisted = [name for name in desired.tree.members if desired.origin((name,)).why == "default"]
    return _left(desired, live, unlisted, Origin("unmanaged"))


def keep_ignored(desired: Desired, live: Live, fields: Collection[str]) -> Desired:
    """The desired state with the live values of some fields, whatever the files say of them.

    Only while the variant stays.
    """
    ignored = [name for name in desired.tree.members if name in fields]
    return _left(desired, live, ignored, Origin("ignored"))


def keep_unmanaged(desired: Desired, live: Live) -> Desired:
    """A desired state that was saved, with what the server has now in the fields that nobody
    manages: passwords in their URLs were not saved. Only while the variant stays.
    """
    if desired.tree.tag != live.tree.tag:
        return desired
    left = {str(path[0]) for path, origin in desired.origins.items() if origin.why in UNMANAGED}
    kept = {name: member for name, member in live.tree.members.items() if name in left}
    return _with_members(desired, kept)


def not_left(desired: Desired, live: Live, fields: Collection[str]) -> tuple[Finding, ...]:
    """What to say of ignored fields that the server has, and that a change of variant rebuilds."""
    lost = [name for name in live.tree.members if name in fields]
    if desired.tree.tag == live.tree.tag or not lost:
        return ()
    fact = f"the variant changes, so what is ignored is not left as it is: {', '.join(lost)}"
    hint = "what the new variant has of it gets the files' value, or its default"
    return (Finding("ignored-rebuilt", "warning", fact, hint),)


def _left(desired: Desired, live: Live, names: Collection[str], origin: Origin) -> Desired:
    """The desired state with some fields as the server has them, if its variant stays."""
    if desired.tree.tag != live.tree.tag:
        return desired
    left = {name: live.tree.members[name] for name in names}
    origins = _left_origins(desired.origins, left, origin)
    places = None if desired.places is None else _left_origins(desired.places, left, origin)
    return replace(_with_members(desired, left), origins=origins, places=places)


def _with_members(desired: Desired, members: Mapping[str, Tree]) -> Desired:
    """The desired state, and as it is written, with some members in the place of its own."""
    return replace(
        desired,
        tree=replace(desired.tree, members={**desired.tree.members, **members}),
        written=replace(desired.written, members={**desired.written.members, **members}),
    )


def _left_origins(
    origins: Mapping[Path, Origin], names: Iterable[str], origin: Origin
) -> dict[Path, Origin]:
    """Origins, where some fields have one of their own, and nothing in them has another."""
    left: dict[Path, Origin] = {(name,): origin for name in names}
    others = {
        path: found for path, found in origins.items() if len(path) <= 1 or path[:1] not in left
    }
    return {**others, **left}


def as_desired(live: Live) -> Desired:
    """A live state as something to compare with: what it hides is taken to be as it is."""
    return Desired(live.object, live.tree, live.tree, {(): Origin("file")}, "")


def _unrecognised(live: Live) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "unknown-on-server",
            "warning",
            f"the server sent {path}, which this confsync does not know",
            "it is left as it is, unless the object around it is built anew; update confsync",
        )
        for path in live.unrecognised
    )
