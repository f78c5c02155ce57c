"""What `confsync.yaml` says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from confsync.sync.secret import Ref
    from confsync.sync.values import HiddenSecrets, Unlisted
    from confsync.yaml.nodes import Mark


@dataclass(frozen=True)
class Written:
    """A reference to a credential, and where it is written."""

    ref: Ref
    mark: Mark


@dataclass(frozen=True)
class Allowance:
    """A risk that is allowed; with `until` to the end of that day, UTC."""

    risk: str
    until: date | None
    mark: Mark


@dataclass(frozen=True)
class TargetConfig:
    """A target as it is written. Paths start from the working directory.

    None, or nothing in it: the file does not say.
    """

    name: str
    url: str
    files: tuple[str, ...]
    url_mark: Mark | None = None
    token: Written | None = None
    user: Written | str | None = None
    password: Written | None = None
    allow: tuple[Allowance, ...] = ()
    unlisted: Unlisted | None = None
    ignore: frozenset[str] = frozenset()
    hidden_secrets: HiddenSecrets | None = None
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None


@dataclass(frozen=True)
class Config:
    """What the whole of it says. `file` is its path, from the working directory."""

    file: str
    targets: tuple[TargetConfig, ...]
