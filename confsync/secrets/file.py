"""`{file: PATH}`: a file on the machine that confsync runs on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from confsync.secrets.resolver import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.secret import Ref

MAX_BYTES = 64 * 1024


def from_file(ref: Ref, environment: Mapping[str, str]) -> str:
    """The file's text, UTF-8, without one trailing newline. At most 64 KiB.

    A relative path starts from the directory of the file that holds the reference. Raises
    Unavailable.
    """
    del environment
    try:
        with Path(ref.base, ref.argument).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        hint = (
            "check that it exists and may be read; a relative path starts beside the store's file"
        )
        raise Unavailable(f"{ref} cannot be read", hint) from None
    if len(content) > MAX_BYTES:
        raise Unavailable(f"{ref} is larger than 64 KiB", "is this the file with the secret?")
    try:
        return content.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise Unavailable(f"{ref} is not UTF-8", "the server takes only texts") from None
