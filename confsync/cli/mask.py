"""`--add-mask`: tell GitHub's runner what it is to mask in the log of this job.

This is the one place where a secret is printed on purpose: the runner takes the line out of the
log. So it is refused wherever no runner reads it.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confsync.sync.secret import Vault


def check_runner() -> None:
    """Raise WrongUsage where standard error is not certainly read by GitHub's runner."""
    from confsync.errors import WrongUsage

    if os.environ.get("GITHUB_ACTIONS") != "true":
        raise WrongUsage(
            "--add-mask is for GitHub Actions, and this is none",
            hint="leave it out: confsync shows no secret anyway",
        )
    if sys.stderr is None or stat.S_ISREG(os.fstat(sys.stderr.fileno()).st_mode):
        raise WrongUsage(
            "--add-mask would write secrets to a file: standard error is one",
            hint="do not redirect standard error, or leave the option out",
        )


def add_masks(vault: Vault) -> None:
    """Write a workflow command for each secret that a reference led to."""
    if sys.stderr is not None:
        for value in vault.referenced():
            # The runner's escapes for the data of a workflow command.
            data = value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
            sys.stderr.write(f"::add-mask::{data}\n")
        sys.stderr.flush()
