"""GitOps for the settings of the Stalwart mail server: the Python API (docs/python.md).

with confsync.open("confsync.yaml", environment=os.environ) as fleet:
    for result in fleet.plan(group="production"):
        print(result.name, result.error or [str(change) for change in result.changes])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confsync.errors import ConfsyncError
    from confsync.workflow.apply import apply
    from confsync.workflow.fleet import Fleet, PlanResult, open  # noqa: A004 - as users call it
    from confsync.workflow.plan import plan
    from confsync.workflow.server import show
    from confsync.workflow.session import connect
    from confsync.workflow.targets import Options
    from confsync.workflow.validate import validate

__version__ = "0.1.0"

__all__ = [
    "ConfsyncError",
    "Fleet",
    "Options",
    "PlanResult",
    "apply",
    "connect",
    "open",
    "plan",
    "show",
    "validate",
]

_HOMES = {
    "ConfsyncError": "confsync.errors",
    "Fleet": "confsync.workflow.fleet",
    "Options": "confsync.workflow.targets",
    "PlanResult": "confsync.workflow.fleet",
    "apply": "confsync.workflow.apply",
    "connect": "confsync.workflow.session",
    "open": "confsync.workflow.fleet",
    "plan": "confsync.workflow.plan",
    "show": "confsync.workflow.server",
    "validate": "confsync.workflow.validate",
}


def __getattr__(name: str) -> object:
    """Load a name of the API when it is used: importing the package alone loads nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
