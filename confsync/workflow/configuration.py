"""`confsync.yaml`, found and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.config.config_file import find, read_config
from confsync.config.target import Known
from confsync.secrets import RESOLVERS

if TYPE_CHECKING:
    from pathlib import Path

    from confsync.config.target import Config


def configuration(directory: Path) -> Config | None:
    """The `confsync.yaml` that counts in a directory; None where there is none.

    Raises InvalidFiles with everything that is wrong with it.
    """
    file = find(directory)
    return None if file is None else read_configuration(file)


def read_configuration(file: str) -> Config:
    """Read a `confsync.yaml`. Raises InvalidFiles with everything that is wrong with it."""
    return read_config(file, _known())


def _known() -> Known:
    # Here, so that a validation without a configuration loads nothing of the network's room.
    from confsync.net.endpoint import endpoint, proxy_origin  # noqa: PLC0415

    def check_server(url: str) -> None:
        # Whether http is good enough is asked when a connection is made.
        endpoint(url, insecure_http=True)

    def check_proxy(proxy: str, url: str) -> None:
        proxy_origin(proxy, endpoint(url, insecure_http=True))

    return Known(RESOLVERS, check_server, check_proxy)
