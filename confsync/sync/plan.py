"""From a desired state and a live one to a plan, with its JSON form and its digest."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import WrongUsage
from confsync.sync.compare import difference
from confsync.sync.findings import (
    Facts,
    as_finding,
    change_findings,
    missing_findings,
    refusals,
    sent_hidden,
    state_problems,
    with_hidden,
)
from confsync.sync.patch import patch, secrets_sent
from confsync.sync.secret import IN_CLEAR, Secret
from confsync.sync.tree import Items, Members, Object, Tree, leaves
from confsync.sync.url import Url, has_password, masked, masked_text
from confsync.sync.values import (
    KEEPING,
    UNMANAGED,
    Desired,
    Finding,
    Live,
    Origin,
    Plan,
    Target,
    plans_by_target,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from confsync.sync.findings import ChangeRule, StateRule
    from confsync.sync.shape import Variants
    from confsync.sync.tree import Path
    from confsync.sync.values import Difference, HiddenSecrets

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

SCHEME = 2
_HEX_DIGITS = 32


def make_plan(  # noqa: PLR0913 - all that a plan depends on
    target: Target,
    desired: Desired,
    live: Live,
    shape: Variants,
    *,
    hidden_secrets: HiddenSecrets = "send",
    risks: tuple[Finding, ...] = (),
    changes: Callable[[Difference], tuple[Finding, ...]] = lambda _: (),
    rotated: Callable[[Difference], tuple[Path, ...]] = lambda _: (),
) -> Plan:
    """Compare, and work out the update. `risks`: those of the files; `changes`: the findings of a
    difference with the hidden secrets that the server keeps; `rotated`: the places of those that
    are sent all the same.
    """
    found = difference(live.tree, desired.tree, shape, desired.origin)
    again = rotated(found) if hidden_secrets in KEEPING else ()
    sent = sent_hidden(found, hidden_secrets, again)
    hidden = {one.path for one in found.unknown if one.hidden}
    risks += changes(with_hidden(found, hidden - sent if hidden_secrets in KEEPING else ()))
    update = patch(with_hidden(found, sent))
    unrecognised = tuple(
        Finding(
            "unknown-on-server",
            "warning",
            f"unknown {'variant' if path.endswith('@type') else 'field'} on the server: {path}",
            "run `confsync schema --update`; until then it is kept, unless its object is replaced",
        )
        for path in live.unrecognised
    )
    missing = missing_findings(desired, live, shape)
    unmanaged = tuple(path for path, origin in desired.origins.items() if origin.why in UNMANAGED)
    return Plan(
        target=target,
        desired=desired,
        live=live,
        difference=found,
        patch=update,
        to_send=secrets_sent(update),
        unmanaged=unmanaged,
        findings=risks + refusals(found, hidden_secrets) + unrecognised + missing,
        digest=digest(target, desired, live, hidden_secrets, risks, again),
        hidden_secrets=hidden_secrets,
        shape=shape,
        rotated=again,
    )


def keep_unlisted(desired: Desired, live: Live, fields: Collection[str]) -> Desired:
    """The desired state with the live values of those fields that no file sets, if its variant
    stays. A list in a file is complete in itself.
    """
    unlisted = [name for name in fields if desired.origin((name,)).why == "default"]
    return _left(desired, live, unlisted, Origin("unmanaged"))


def keep_ignored(desired: Desired, live: Live, fields: Collection[str]) -> Desired:
    """The desired state with the live values of ignored fields, if its variant stays."""
    ignored = [name for name in desired.tree.members if name in fields]
    return _left(desired, live, ignored, Origin("ignored"))


def keep_unmanaged(desired: Desired, live: Live) -> Desired:
    """The desired state of a saved plan with the live values of unmanaged fields, if its variant
    stays: passwords in their URLs were not saved.
    """
    left = {str(path[0]) for path, origin in desired.origins.items() if origin.why in UNMANAGED}
    return _left(desired, live, [name for name in live.tree.members if name in left], None)


def not_left(desired: Desired, live: Live, fields: Collection[str]) -> tuple[Finding, ...]:
    """A warning for ignored fields that a change of variant rebuilds."""
    lost = [name for name in live.tree.members if name in fields]
    if desired.tree.tag == live.tree.tag or not lost:
        return ()
    fact = f"the variant changes, so ignored fields will be replaced: {', '.join(lost)}"
    hint = "set the field in a file, or accept the new variant's default"
    return (Finding("ignored-replaced", "warning", fact, hint),)


def _left(desired: Desired, live: Live, names: Iterable[str], origin: Origin | None) -> Desired:
    """The desired state with live values of some fields, if its variant stays. `origin` replaces
    all origins in them; with None, origins stay.
    """
    if desired.tree.tag != live.tree.tag:
        return desired
    left = {name: live.tree.members[name] for name in names}
    tree, written = (
        replace(side, members={**side.members, **left}) for side in (desired.tree, desired.written)
    )
    kept = replace(desired, tree=tree, written=written)
    if origin is None:
        return kept
    origins, places = (
        {path: one for path, one in known.items() if len(path) <= 1 or path[0] not in left}
        | {(name,): origin for name in left}
        for known in (desired.origins, desired.places or {})
    )
    return replace(kept, origins=origins, places=None if desired.places is None else places)


def digest(  # noqa: PLR0913, PLR0917 - all that it is made of
    target: Target,
    desired: Desired,
    live: Live,
    hidden_secrets: HiddenSecrets,
    findings: Iterable[Finding],
    rotated: Iterable[Path] = (),
) -> str:
    """`SCHEME:` and 32 hexadecimal digits of SHA-256 over target, live and desired state, policy
    for hidden secrets with those that it sends all the same, and risks, allowed or not.

    Each desired secret counts as its reference, each live one as hidden: the digest does not
    depend on which secrets can be resolved, and shows nothing of any of them. A relative path
    in a reference counts as seen from the directory that confsync runs in.
    """
    content: list[Json] = [
        [target.name, target.url, desired.object, hidden_secrets],
        state_json(live.tree),
        list(live.unrecognised),
        state_json(desired.written),
        [list(path) for path, origin in desired.origins.items() if origin.why in UNMANAGED],
        [[found.rule, found.message] for found in findings if found.risk],
    ]
    again: list[Json] = [list(path) for path in rotated]
    content += [again] if again else []
    return f"{SCHEME}:{checksum(content)[:_HEX_DIGITS]}"


def whole_digest(plans: Sequence[Plan]) -> str:
    """The digest of all plans of a run: over those of its targets, of which each is over those of
    its objects. A single one is the digest.
    """
    targets = [_over([plan.digest for plan in group]) for group in plans_by_target(plans)]
    return _over(targets)


def _over(digests: Sequence[str]) -> str:
    return digests[0] if len(digests) == 1 else f"{SCHEME}:{checksum([*digests])[:_HEX_DIGITS]}"


def is_digest(text: str) -> bool:
    """True if a text is a digest of this scheme."""
    return re.fullmatch(rf"{SCHEME}:[0-9a-f]{{{_HEX_DIGITS}}}", text) is not None


def checksum(document: Json) -> str:
    """SHA-256 of a JSON document, in hexadecimal digits. The order of members does not count."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def state_json(tree: Tree) -> Json:
    """A state as JSON without any value of a secret; `store/plan_codec.py` reads it. Texts, URLs
    and secrets cannot be confused.
    """
    match tree:
        case Object():
            members = {name: state_json(member) for name, member in tree.members.items()}
            return {"tag": tree.tag, "members": members}
        case Members():
            return {"members": [state_json(url) for url in tree.members]}
        case Items():
            return {"items": [state_json(item) for item in tree.items]}
        case Secret() | Url():
            # The whole reference, with arguments that are never shown.
            known = {} if tree.ref is None else vars(tree.ref)
            ref = {name: one for name, one in known.items() if one or name != "version"} or None
            if isinstance(tree, Secret):
                return {"sealed": ref}
            parts = () if tree.ref else tree.parts
            found = [part if isinstance(part, str) else state_json(part) for part in parts]
            return {"parts": found, "ref": ref}
        case str():
            return masked_text(tree)
        case _:
            return tree


def check_no_secret_in_clear(state: Tree) -> None:
    """Raise WrongUsage for a state with a secret in clear: saved plans and digests hold no values,
    and cannot distinguish it from another one.
    """
    for path, leaf in leaves(state):
        secrets = leaf.secrets if isinstance(leaf, Url) and leaf.ref is None else (leaf,)
        in_clear = any(isinstance(one, Secret) and one.ref == IN_CLEAR for one in secrets)
        in_clear |= isinstance(leaf, str) and has_password(leaf)
        keys = (step for step in path if isinstance(step, str))
        if in_clear or any(masked(key) != key for key in keys):
            raise WrongUsage(
                "a plan with a plain-text secret cannot be saved or identified by its digest",
                hint="write a reference instead, like `{env: NAME}`",
            )


def risks_back(
    before: Live, plan: Plan, states: Iterable[StateRule], changes: Iterable[ChangeRule]
) -> tuple[str, ...]:
    """The risks of restoring the state before an update, by rules about states and changes."""
    desired = Desired(before.object, before.tree, before.tree, {(): Origin("file")}, "")
    after = replace(before, tree=plan.desired.tree)
    found = difference(after.tree, before.tree, plan.shape, desired.origin)
    problems = (as_finding(one, ()) for one in state_problems(desired, states, Facts()))
    # The way back has references for the secrets.
    rules = (rule for rule in changes if plan.hidden_secrets in KEEPING or not rule.kept)
    findings = (*problems, *change_findings(after, desired, found, rules, ()))
    return tuple(dict.fromkeys(finding.rule for finding in findings if finding.risk))
