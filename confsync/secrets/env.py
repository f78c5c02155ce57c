"""`{env: NAME}`: a variable of the environment that confsync runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.secrets.resolver import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.secret import Ref


def from_environment(ref: Ref, environment: Mapping[str, str]) -> str:
    """The variable's value. Raises Unavailable where it is not set."""
    try:
        return environment[ref.argument]
    except KeyError:
        raise Unavailable(
            f"{ref} is not set", f"export {ref.argument} where confsync runs"
        ) from None
