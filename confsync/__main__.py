"""`python -m confsync`, and the console script."""

from __future__ import annotations

import resource
import signal
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def main() -> None:
    """Run the command line of this process and leave with its status."""
    # An interrupt while all this is loaded ends the process, and Python prints nothing.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from confsync.cli.crash import take_over  # noqa: PLC0415 - importing this module costs nothing
    from confsync.cli.main import run  # noqa: PLC0415 - the same
    from confsync.cli.signals import (  # noqa: PLC0415 - the same
        ignore_interrupts,
        raise_interrupts,
    )

    take_over()
    _dump_no_core()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    raise_interrupts()
    status = run(sys.argv[1:])
    ignore_interrupts()
    sys.exit(status)


def _dump_no_core() -> None:
    """A core dump would hold every secret of the run."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Where core_pattern is a pipe, the limit does not count.
        with suppress(ImportError, OSError, AttributeError):
            from ctypes import CDLL  # noqa: PLC0415 - not every Python has it

            CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    main()
