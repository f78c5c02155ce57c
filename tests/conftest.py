"""How many examples the laws try.

Every run tries the same ones. `HYPOTHESIS_PROFILE=long` tries a hundred times as many, others each
time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = 250
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile(
    "default",
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=_SLOW,
)
settings.register_profile(
    "long",
    max_examples=100 * EXAMPLES,
    deadline=None,
    derandomize=False,
    database=None,
    suppress_health_check=_SLOW,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
