"""Where references lead: one resolver a file, one line each in `BUILT_IN`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.secrets.command import Command
from confsync.secrets.env import Env
from confsync.secrets.file import File
from confsync.secrets.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.secrets.resolver import Resolver

BUILT_IN: Mapping[str, Resolver] = {"env": Env(), "file": File(), "command": Command()}

RESOLVERS: Mapping[str, Resolver] = Registry(BUILT_IN)
"""What can stand as the key of a reference: our own, and those that are installed beside."""
