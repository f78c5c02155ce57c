"""How many examples the laws try.

Every run tries the same ones. `HYPOTHESIS_PROFILE=long` tries a hundred times as many, others each
time; `quick` tries a few, for `make mutate`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = 250
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

_COMMON = {"deadline": None, "database": None, "suppress_health_check": _SLOW}

settings.register_profile("default", max_examples=EXAMPLES, derandomize=True, **_COMMON)
settings.register_profile("long", max_examples=100 * EXAMPLES, derandomize=False, **_COMMON)
settings.register_profile(
    "quick",
    max_examples=10,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    **_COMMON,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
