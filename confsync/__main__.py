"""`python -m confsync`, and the console script."""

from __future__ import annotations

import codecs
import resource
import signal
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4
_PLAIN_SIGNS = {"→": "->", "·": "-", "…": "..."}


def main() -> None:
    """Run the command line of this process and leave with its status."""
    # An interrupt while all this is loaded ends the process, and Python prints nothing.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Here, after that: importing this module loads nothing.
    from confsync.cli.console import interrupts  # noqa: PLC0415
    from confsync.cli.main import run  # noqa: PLC0415

    _replace_hooks()
    # A core dump would hold every secret of the run.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Where core_pattern is a pipe, the limit does not count.
        with suppress(ImportError, OSError, AttributeError):
            from ctypes import CDLL  # noqa: PLC0415 - not every Python has it

            CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    codecs.register_error("confsync", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="confsync")
    interrupts.start()
    status = run(sys.argv[1:])
    interrupts.ignore()
    sys.exit(status)


def _in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    """Plain signs for those of confsync that an encoding lacks; escapes for all others."""
    if isinstance(error, UnicodeEncodeError):
        sign = error.object[error.start]
        if sign in _PLAIN_SIGNS:
            return _PLAIN_SIGNS[sign], error.start + 1
    return codecs.backslashreplace_errors(error)


def _replace_hooks() -> None:
    """Report uncaught errors as faults, and log warnings by type: messages may hold a value."""
    import threading  # noqa: PLC0415
    import warnings  # noqa: PLC0415

    sys.excepthook = lambda _, error, trace: _print(error.with_traceback(trace))
    threading.excepthook = lambda lost: _print(lost.exc_value)
    sys.unraisablehook = lambda lost: _dropped(lost.exc_value)
    warnings.showwarning = lambda _, kind, *rest: _log_warning(kind, *rest)


def _print(error: BaseException | None) -> None:
    # An error in here has no reader: the process may be half gone.
    with suppress(Exception):
        from confsync.cli.standard_error import print_uncaught  # noqa: PLC0415

        print_uncaught(error)


def _dropped(error: BaseException | None) -> None:
    from confsync.cli.console import interrupts  # noqa: PLC0415

    if isinstance(error, KeyboardInterrupt):
        interrupts.dropped()
    else:
        _print(error)


def _log_warning(kind: type[Warning], *_: object) -> None:
    from confsync.cli.standard_error import LOGGER  # noqa: PLC0415

    LOGGER.debug("a library warns: %s", kind.__name__)


if __name__ == "__main__":
    main()
