r"""Keys of a patch: JSON pointers as the server reads and rewrites them (wire section 5.2).

A key is cut at its slashes into tokens, and each token is one of three things:

- a **number**: digits alone, without a leading zero. It counts up to 2^64-1 and stays there;
- the **wildcard**: one bare `*`. It matches nothing here;
- **text**: everything else.

`~0` is `~` and `~1` is `/`; before any other character the `~` is lost, and a slash with it. `\`
makes the next character plain. Whatever was escaped is text: `\*` is a star, `\7` no number.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from confsync.sandbox.leaves import U64_MAX


class Wildcard:
    """The token `*`."""


WILDCARD: Final = Wildcard()

Token = str | int | Wildcard
Pointer = tuple[Token, ...]

_DIGITS = frozenset("0123456789")
_TILDE = {"0": "~", "1": "/", "/": ""}


@lru_cache(maxsize=4096)
def parse(key: str) -> Pointer:
    r"""Cut a key into tokens; one leading slash is tolerated.

    A `~` at the very end takes its token with it; a `\` there stands for itself.
    """
    tokens: list[Token] = []
    word, escaped = "", False
    characters = iter(key.removeprefix("/"))
    for character in characters:
        if character == "/":
            tokens.append(_token(word, escaped=escaped))
            word, escaped = "", False
        elif character == "~":
            following = next(characters, None)
            if following is None:
                return tuple(tokens)
            word, escaped = word + _TILDE.get(following, following), True
        elif character == "\\":
            word, escaped = word + next(characters, "\\"), True
        else:
            word += character
    if tokens or word or escaped:
        tokens.append(_token(word, escaped=escaped))
    return tuple(tokens)


def _token(word: str, *, escaped: bool) -> Token:
    if escaped or not word:
        return word
    if word == "*":
        return WILDCARD
    if _DIGITS.issuperset(word) and (word == "0" or word[0] != "0"):
        return U64_MAX if len(word) > len(str(U64_MAX)) else min(int(word), U64_MAX)
    return word


def text(token: Token) -> str:
    """Say what a token means, escapes resolved."""
    return "*" if isinstance(token, Wildcard) else str(token)


def render(tokens: Pointer) -> str:
    """Write the pointer that an error carries: rebuilt from tokens, not the key that was sent."""
    return "/".join(text(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def index(token: Token) -> int | None:
    """Find the slot of a list that a token means; a number wraps at 2^32, a text must fit."""
    if isinstance(token, int):
        return token % 2**32
    return written_index(token) if isinstance(token, str) else None


def written_index(word: str) -> int | None:
    """Find the slot that a word means: digits below 2^32, leading zeros and one `+` allowed."""
    digits = word.removeprefix("+")
    if not digits or not _DIGITS.issuperset(digits):
        return None
    digits = digits.lstrip("0") or "0"
    slot = 2**32 if len(digits) > len(str(2**32)) else int(digits)
    return slot if slot < 2**32 else None
