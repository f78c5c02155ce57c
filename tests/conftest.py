"""How many examples the laws try.

Every run of one version of the code tries the same ones. `HYPOTHESIS_PROFILE=long` tries
100,000, others each time; `quick` tries a few, for `make mutate`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

# pytest looks for its hooks in this module.
from tests.faults.table import pytest_terminal_summary as pytest_terminal_summary  # noqa: PLC0414

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
