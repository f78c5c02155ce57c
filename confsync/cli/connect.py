"""From options and environment to a session."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from confsync.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.workflow.server import Session


@contextmanager
def session(url: str | None, *, insecure_http: bool) -> Iterator[Session]:
    """A session with the server of `--url`, and the credentials of the environment."""
    from confsync.workflow.connect import connect  # noqa: PLC0415 - it loads httpx

    if not url:
        hint = "give --url https://mail.example.com, or set STALWART_URL"
        raise WrongUsage("no server is named", hint=hint)
    with connect(
        url,
        token=os.environ.get("STALWART_TOKEN", ""),
        user=os.environ.get("STALWART_USER", ""),
        password=os.environ.get("STALWART_PASSWORD", ""),
        insecure_http=insecure_http,
    ) as connected:
        yield connected
