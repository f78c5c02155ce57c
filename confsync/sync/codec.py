"""The JSON form of a state, without any value of a secret, and the digest of a plan over it."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import WrongUsage
from confsync.sync.secret import IN_CLEAR, Ref, Secret
from confsync.sync.tree import Items, Members, Object, Tree, leaves
from confsync.sync.url import Url, masked
from confsync.sync.values import UNMANAGED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.sync.values import Desired, Finding, HiddenSecrets, Live, Target

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

SCHEME = 2
_HEX_DIGITS = 32


def digest(
    target: Target,
    desired: Desired,
    live: Live,
    hidden_secrets: HiddenSecrets,
    risks: Iterable[Finding],
) -> str:
    """Return `SCHEME:` and 32 hexadecimal digits of SHA-256 over target, live and desired state,
    policy for hidden secrets, and risks.

    Each desired secret counts as its reference, each live one as hidden: the digest does not
    depend on which secrets can be resolved, and tells nothing about any of them. A relative path
    in a reference counts as seen from the directory that confsync runs in. Whether a risk is
    allowed does not count.
    """
    content: list[Json] = [
        [target.name, target.url, desired.object, hidden_secrets],
        state_json(live.tree),
        list(live.unrecognised),
        state_json(desired.written),
        [list(path) for path, origin in desired.origins.items() if origin.why in UNMANAGED],
        [[risk.rule, risk.message] for risk in risks],
    ]
    return f"{SCHEME}:{checksum(content)[:_HEX_DIGITS]}"


def is_digest(text: str) -> bool:
    """Whether a text is a digest of this scheme."""
    return re.fullmatch(rf"{SCHEME}:[0-9a-f]{{{_HEX_DIGITS}}}", text) is not None


def checksum(document: Json) -> str:
    """SHA-256 of a JSON document, in hexadecimal digits. The order of members does not count."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def state_json(tree: Tree) -> Json:
    """A state as JSON without any value of a secret. Texts, URLs and secrets cannot be confused.

    `store/plan_codec.py` has the models that read it.
    """
    match tree:
        case Object():
            members = {name: state_json(member) for name, member in tree.members.items()}
            return {"tag": tree.tag, "members": members}
        case Members():
            return {"members": [state_json(url) for url in tree.members]}
        case Items():
            return {"items": [state_json(item) for item in tree.items]}
        case Secret():
            return {"sealed": _ref_json(tree.ref)}
        case Url():
            parts = () if tree.ref else tree.parts
            found = [part if isinstance(part, str) else state_json(part) for part in parts]
            return {"parts": found, "ref": _ref_json(tree.ref)}
        case str():
            return masked(tree)
        case _:
            return tree


def check_no_secret_in_clear(state: Tree) -> None:
    """Raise WrongUsage for a state with a secret in clear: neither a saved plan nor a digest holds
    its value, so neither could tell that it is another one.
    """
    for _, leaf in leaves(state):
        secrets = leaf.secrets if isinstance(leaf, Url) and leaf.ref is None else (leaf,)
        in_clear = any(isinstance(one, Secret) and one.ref == IN_CLEAR for one in secrets)
        if in_clear or (isinstance(leaf, str) and masked(leaf) != leaf):
            raise WrongUsage(
                "a plan with a secret that stands in clear in a text cannot be saved or told by"
                " its digest",
                hint="neither holds a secret: write a reference in its place",
            )


def _ref_json(ref: Ref | None) -> Json:
    """The whole reference, arguments that are never shown included."""
    return None if ref is None else {**vars(ref)}
