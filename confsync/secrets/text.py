"""From the bytes of a secret to its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.secrets.resolver import Unavailable

if TYPE_CHECKING:
    from confsync.sync.secret import Ref

MAX_BYTES = 64 * 1024


def text_of(content: bytes, ref: Ref, hint: str) -> str:
    """UTF-8, without one trailing newline. `hint` is for what is too long to be a secret.

    Raises Unavailable for more than 64 KiB, and for what is no UTF-8.
    """
    if len(content) > MAX_BYTES:
        raise Unavailable(f"{ref} is larger than 64 KiB", hint)
    try:
        return content.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise Unavailable(f"{ref} is not UTF-8", "the server takes only texts") from None
