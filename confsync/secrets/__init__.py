"""Where references lead: one resolver a file, one line each in this table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.secrets.env import from_environment
from confsync.secrets.file import from_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.secrets.resolver import Resolver

RESOLVERS: Mapping[str, Resolver] = {"env": from_environment, "file": from_file}
"""What can stand as the key of a reference."""
