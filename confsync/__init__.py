"""GitOps for the settings of the Stalwart mail server: the Python API.

with confsync.connect("https://mail.example.com", token=token) as session:
    plan = confsync.plan(["stores/in-memory.yaml"], session, environment=os.environ)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confsync.errors import ConfsyncError
    from confsync.workflow.apply import apply
    from confsync.workflow.plan import plan
    from confsync.workflow.server import show
    from confsync.workflow.session import connect
    from confsync.workflow.targets import Options
    from confsync.workflow.validate import validate

__version__ = "0.1.0"

__all__ = ["ConfsyncError", "Options", "apply", "connect", "plan", "show", "validate"]

_HOMES = {
    "ConfsyncError": "confsync.errors",
    "Options": "confsync.workflow.targets",
    "apply": "confsync.workflow.apply",
    "connect": "confsync.workflow.session",
    "plan": "confsync.workflow.plan",
    "show": "confsync.workflow.server",
    "validate": "confsync.workflow.validate",
}


def __getattr__(name: str) -> object:
    """Load a name of the API when it is used: importing the package alone loads nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
