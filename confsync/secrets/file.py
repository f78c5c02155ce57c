"""`{file: PATH}`: a file on the machine that confsync runs on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.read import NotRegular, read_regular
from confsync.secrets.resolver import MAX_BYTES, Moment, Unavailable, text_of
from confsync.sync.secret import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.secret import Ref


class File:
    """Read a file."""

    form = Form("a file's path", "{file: PATH}")
    moment: Moment = "plan"

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Return the text of a regular file: UTF-8, at most 64 KiB, without one trailing newline.

        A relative path starts at the directory of the file that holds the reference. Raises
        Unavailable.
        """
        del environment
        hint = (
            "check that it exists and may be read; a relative path starts beside the file"
            " that says it"
        )
        try:
            content = read_regular(Path(ref.base, ref.argument), MAX_BYTES)
        except NotRegular as found:
            hint = "save the secret as a file, or use {command: […]}"
            raise Unavailable(f"{ref} is {found.what}, not a regular file", hint) from None
        except OSError:
            raise Unavailable(f"{ref} cannot be read", hint) from None
        return text_of(content, ref, "is this the file with the secret?")
