"""Reject texts that cannot be a secret, but show that something went wrong on the way."""

from __future__ import annotations

import unicodedata

from confsync.sync.secret import MASK
from confsync.sync.url import trim

_ENCRYPTED = "ENC["


def unusable(text: str) -> tuple[str, str] | None:
    """Say why a text cannot be a secret ("is empty") and give a hint; None if it can.

    Nothing of the text is repeated.
    """
    if not trim(text):
        return "is empty", "a secret that is meant to be none has '@type': None"
    if text == MASK:
        return "is a mask, not a secret", "the server would store four asterisks"
    if text.startswith(_ENCRYPTED):
        return "is still encrypted", "decrypt it before confsync runs"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        return "holds a control character", "write the secret as one line of text"
    return None
