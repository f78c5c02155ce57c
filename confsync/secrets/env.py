"""`{env: NAME}`: a variable of the environment of confsync."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from confsync.secrets.resolver import Moment, Unavailable
from confsync.sync.secret import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.secret import Ref


class Env:
    """Read an environment variable."""

    form = Form(
        "a variable's name",
        "{env: NAME}",
        re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
        relative=False,
    )
    moment: Moment = "plan"

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Return the variable's value. Raises Unavailable if it is not set."""
        if ref.argument not in environment:
            raise Unavailable(f"{ref} is not set", f"export {ref.argument} where confsync runs")
        return environment[ref.argument]
