"""JSON pointers as the server reads them: wire section 5.2. They have no leading slash."""

from __future__ import annotations

_LARGEST_NUMBER = str(2**64 - 1)


def escape(token: str) -> str:
    r"""A token so written that the server reads just this text.

    `~` is `~0`, `/` is `~1`, `\` is `\\`; a token that is exactly `*`, or digits above 2^64-1
    without a leading zero, gets a backslash in front. The empty token cannot be written, and
    nothing in Stalwart is named by it.
    """
    escaped = token.replace("\\", "\\\\").replace("~", "~0").replace("/", "~1")
    return f"\\{escaped}" if escaped == "*" or _overflows(token) else escaped


def write(tokens: tuple[str, ...]) -> str:
    """The pointer to a value, from its tokens."""
    return "/".join(escape(token) for token in tokens)


def _overflows(token: str) -> bool:
    if not (token.isascii() and token.isdigit()) or token.startswith("0"):
        return False
    return (len(token), token) > (len(_LARGEST_NUMBER), _LARGEST_NUMBER)
