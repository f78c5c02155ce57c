"""`python -m confsync`, and the console script."""

from __future__ import annotations

import resource
import signal
import sys


def main() -> None:
    """Run the command line of this process and leave with its status."""
    from confsync.cli.fault import take_over  # noqa: PLC0415 - importing this module costs nothing
    from confsync.cli.main import run  # noqa: PLC0415 - the same

    take_over()
    # A core dump would hold every secret of the run.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
