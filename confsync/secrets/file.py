"""`{file: PATH}`: a file on the machine that confsync runs on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from confsync.disk.regular import NotRegular, read_regular
from confsync.secrets.resolver import Moment, Unavailable
from confsync.secrets.text import MAX_BYTES, text_of
from confsync.sync.secret import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.secret import Ref


class File:
    """Reads files."""

    form = Form("a file's path", "{file: PATH}")
    moment: Moment = "plan"

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """The text of a regular file, UTF-8, without one trailing newline. At most 64 KiB.

        A relative path starts from the directory of the file that holds the reference. Raises
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
