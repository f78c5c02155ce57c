"""How many examples the laws try, and the markers that `make quick` chooses by.

Every run of one version of the code tries the same ones. `HYPOTHESIS_PROFILE=long` tries
100,000, others each time; `quick` tries a few, for `make mutate`.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings

# pytest looks for its hooks in this module.
from tests.faults.table import pytest_terminal_summary as pytest_terminal_summary  # noqa: PLC0414

if TYPE_CHECKING:
    import pytest

EXAMPLES = 300
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

_COMMON = settings(deadline=None, database=None, suppress_health_check=_SLOW)

settings.register_profile("default", _COMMON, max_examples=EXAMPLES, derandomize=True)
settings.register_profile("long", _COMMON, max_examples=100_000)
settings.register_profile(
    "quick",
    _COMMON,
    max_examples=10,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

HERE = Path(__file__).parent
MARKERS = {
    "endurance": (
        *("endurance", "leaks", "yaml/test_hostile_yaml.py", "test_decode_recordings.py"),
        *("store/test_every_object.py", "workflow/test_every_object.py"),
        *("workflow/test_search.py", "report/test_outside_text.py"),
        *("report/test_render_laws.py", "sync/test_align_laws.py"),
    ),
    "process": (
        *("cli", "editor", "endurance", "faults", "leaks", "net", "secrets/test_command.py"),
        "secrets/test_registry.py",
        "yaml/test_hostile_yaml.py",
        *("sandbox/test_sandbox_imports.py", "sandbox/test_sandbox_replay.py"),
        *("sandbox/test_sandbox_server.py", "test_api_over_http.py", "test_crash_reports.py"),
        *("test_examples.py", "test_fleets_page.py", "test_laws_of_structure.py"),
        *("test_pages.py", "test_pipelines.py", "test_pre_commit.py"),
        *("workflow/test_apply_all.py", "workflow/test_init.py", "workflow/test_session.py"),
    ),
}
"""The directories and modules whose tests carry a marker."""


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: many tests wait for a process or a connection."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What was collected stays: it is not searched for garbage again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by where it stands."""
    for item in items:
        path = item.path.relative_to(HERE)
        places = {path.as_posix(), *(parent.as_posix() for parent in path.parents)}
        for marker, marked in MARKERS.items():
            if places & set(marked):
                item.add_marker(marker)
