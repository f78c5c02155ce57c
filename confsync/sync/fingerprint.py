"""A plan in 128 bits: the same on every machine, another as soon as anything in it is another."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from confsync.sync.secret import Ref, Secret
from confsync.sync.tree import Items, Members, Object, Tree
from confsync.sync.url import Url, masked
from confsync.sync.values import UNMANAGED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.sync.values import Desired, Finding, HiddenSecrets, Live, Target

SCHEME = 1
_HEX_DIGITS = 32

_Plain: TypeAlias = "bool | int | str | list[_Plain] | dict[str, _Plain] | None"


def digest(
    target: Target,
    desired: Desired,
    live: Live,
    hidden_secrets: HiddenSecrets,
    risks: Iterable[Finding],
) -> str:
    """`SCHEME:` and 32 hexadecimal digits of SHA-256 over target, live and desired state, over
    what becomes of hidden secrets, and over the risks.

    Each desired secret counts as its reference, each live one as hidden, so that the digest does
    not depend on which secrets can be resolved, and tells nothing about any of them; a relative
    path in a reference counts as it is seen from the directory that confsync runs in. Whether a
    risk is allowed does not count.
    """
    unmanaged = [path for path, origin in desired.origins.items() if origin.why in UNMANAGED]
    content: list[_Plain] = [
        target.name,
        target.url,
        desired.object,
        plain(live.tree),
        list(live.unrecognised),
        plain(desired.written),
        [list(path) for path in unmanaged],
    ]
    if hidden_secrets != "send":
        content.append(hidden_secrets)
    content += [[risk.rule, risk.message] for risk in risks]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"{SCHEME}:{sha256(text.encode()).hexdigest()[:_HEX_DIGITS]}"


def is_digest(text: str) -> bool:
    """Whether a text is a digest of this scheme."""
    return re.fullmatch(rf"{SCHEME}:[0-9a-f]{{{_HEX_DIGITS}}}", text) is not None


def plain(tree: Tree) -> _Plain:
    """A state as JSON without any value of a secret. Texts and secrets cannot be confused."""
    match tree:
        case Object():
            members = {name: plain(member) for name, member in tree.members.items()}
            return {"object": tree.tag, "members": members}
        case Members():
            return {"set": [plain(member) for member in tree.members]}
        case Items():
            return {"list": [plain(item) for item in tree.items]}
        case Secret():
            return {"sealed": _written(tree.ref)}
        case Url(ref=ref) if ref is not None:
            return {"sealed": _written(ref)}
        case Url():
            parts = tree.parts
            return {"pieces": [part if isinstance(part, str) else plain(part) for part in parts]}
        case str():
            return masked(tree)
        case _:
            return tree


def _written(ref: Ref | None) -> _Plain:
    """The whole reference, with what is never shown of it."""
    return None if ref is None else [ref.kind, ref.base, ref.argument, *ref.rest]
