"""Create a missing `confsync.yaml`, store file and hooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.config import scaffold
from confsync.config.config_file import NAME, repository
from confsync.config.layout import PLACEHOLDER
from confsync.disk.read import MAX_STORE_BYTES, read_regular
from confsync.errors import WrongUsage
from confsync.guard import discreet
from confsync.kinds import FIRST, KINDS
from confsync.report.file_results import Begun
from confsync.store.mistakes import INSTEAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.errors import Problem
    from confsync.workflow.targets import Access

_VARIANT = "Default"


@discreet
def init(
    directory: str, access: Access, variant: str | None, pull: Callable[[str], tuple[Problem, ...]]
) -> Begun:
    """Write `confsync.yaml`, a store and pre-commit's configuration into a directory, a new one if
    it is missing. Existing files stay.

    The store is the live state of the server of `access`: before anything else is written `pull`
    writes it to a path, and returns the references to fill in. Without a server, or with a
    variant, it is a template. Raises OutputFailed, and the errors of `pull`, before which nothing
    is written.
    """
    if not directory:
        raise WrongUsage("DIRECTORY is empty", hint="check that the shell variable is set")
    if "://" in directory:
        hint = "pass the server's URL with --url"
        raise WrongUsage("DIRECTORY is a URL", hint=hint)
    root = Path(directory)
    config, store, hooks = root / NAME, root / scaffold.STORE, root / scaffold.HOOKS_FILE
    if os.path.lexists(other := config.with_suffix(".yml")):
        raise WrongUsage(f"found {other}, but confsync reads {NAME}", hint=f"rename it to {NAME}")
    (url, way), live = _way(access, root), bool(access.url) and variant is None
    written: set[Path] = set()
    fill_in: tuple[Problem, ...] = ()
    with scaffold.directories(store.parent):
        if os.path.lexists(store):
            from confsync.workflow.pull import to_fill_in  # noqa: PLC0415 - loads net/

            fill_in = to_fill_in(str(store))
        else:
            if live:
                fill_in = pull(str(store))
            else:
                scaffold.write_new(store, scaffold.store_text(KINDS[FIRST], variant or _VARIANT))
            written.add(store)
    if not os.path.lexists(config):
        scaffold.write_new(
            config, scaffold.config_text(url, way, keep=any(one.hint == INSTEAD for one in fill_in))
        )
        written.add(config)
    top = repository(root)
    if top is not None and not top.samefile(root):
        # pre-commit looks at the root of a repository alone.
        hooks = Path(os.path.relpath(top / scaffold.HOOKS_FILE))
    elif not os.path.lexists(hooks):
        scaffold.write_new(hooks, scaffold.HOOKS)
        written.add(hooks)
    return Begun(
        str(config),
        str(store),
        str(hooks),
        frozenset(map(str, written)),
        to_add="" if hooks in written or scaffold.names_hooks(hooks) else scaffold.HOOK_LINES,
        live=live and store in written,
        fill_in=fill_in,
        example=_has_placeholder(config),
        directory=directory,
        repository=top is not None,
    )


def _has_placeholder(config: Path) -> bool:
    try:
        return PLACEHOLDER.encode() in read_regular(config, MAX_STORE_BYTES)
    except (OSError, ValueError):
        return False


def _way(access: Access, root: Path) -> tuple[str, dict[str, str]]:
    """The server's URL, certificates and proxy for a `confsync.yaml`. Raises WrongUsage for an
    invalid address or path of a file: it could be a secret.
    """
    if not access.url:
        return PLACEHOLDER, {}
    # Without a server nothing of net/ is loaded.
    from confsync.net.endpoint import endpoint, proxy_origin  # noqa: PLC0415
    from confsync.net.tls import Trust  # noqa: PLC0415

    server = endpoint(access.url, insecure_http=access.insecure_http)
    given = {name: getattr(access, name) for name in ("ca_file", "client_cert", "client_key")}
    Trust(**given)
    way = {
        name: path if Path(path).is_absolute() else os.path.relpath(path, root)
        for name, path in given.items()
        if path
    }
    proxy = {"proxy": proxy_origin(access.proxy, server)} if access.proxy else {}
    return server.origin, way | proxy
