"""JSON pointers as the server reads them: wire section 5.2. They have no leading slash."""

from __future__ import annotations

import re

_LARGEST_NUMBER = str(2**64 - 1)
_TOKEN = re.compile(r"((?:~.|\\.?|[^~\\/])*)(/|~?\Z)", re.DOTALL)
_ESCAPE = re.compile(r"~(.)|\\(.?)", re.DOTALL)


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


def read(pointer: str) -> tuple[str, ...]:
    r"""The tokens of a pointer, each as the text that the server takes it for.

    The inverse of `write`, and more: one leading slash is tolerated; a `~` before anything but
    `0` and `1` is lost, and a slash behind it too; one at the very end takes its whole token with
    it; a `\` makes the next character plain; digits count up to 2^64-1.
    """
    tokens: list[str] = []
    for found in _TOKEN.finditer(pointer.removeprefix("/")):
        raw, end = found.groups()
        if end == "~" or (not raw and not end and not tokens):
            break
        tokens.append(_text(raw))
        if not end:
            break
    return tuple(tokens)


def _text(raw: str) -> str:
    if "~" in raw or "\\" in raw:
        return _ESCAPE.sub(_unescaped, raw)
    return _LARGEST_NUMBER if _overflows(raw) else raw


def _unescaped(escape: re.Match[str]) -> str:
    tilde, quoted = escape.groups()
    if tilde is not None:
        return {"0": "~", "1": "/", "/": ""}.get(tilde, tilde)
    return quoted or "\\"


def _overflows(token: str) -> bool:
    if not (token.isascii() and token.isdigit()) or token.startswith("0"):
        return False
    return (len(token), token) > (len(_LARGEST_NUMBER), _LARGEST_NUMBER)
