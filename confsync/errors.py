"""What can go wrong, as one tree; every message is ours: what happened, where, and a hint.

ConfsyncError
├── WrongUsage            the command line or the environment does not fit
├── InvalidFiles          the desired state cannot be read; carries every problem
├── SecretUnavailable     a reference leads to nothing that can be used
├── ConnectionFailed      the request was certainly not sent
├── ConnectionLost        the request may have arrived
├── ServerRefused         the server answered, and said no
├── UnexpectedAnswer      the server answered something that is not JMAP
├── Declined              confsync did not send, because nobody said yes
│   └── Refused           because the plan has findings that stop an apply
├── NotWritten            the live state cannot be said in a file, which is as it was
├── OutputFailed          a result cannot be written where it should go
│   └── ReaderGone        because nobody reads it any more
└── Fault                 confsync itself is wrong
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeVar

E = TypeVar("E", bound=BaseException)

__all__ = [
    "ConfsyncError",
    "ConnectionFailed",
    "ConnectionLost",
    "Declined",
    "Excerpt",
    "Fault",
    "InvalidFiles",
    "NotWritten",
    "OutputFailed",
    "Problem",
    "ReaderGone",
    "Refused",
    "SecretUnavailable",
    "ServerRefused",
    "UnexpectedAnswer",
    "WrongUsage",
]


@dataclass(frozen=True)
class Excerpt:
    """A line of a file as it may be shown: what is not known to be harmless is `****`.

    Each of its characters is one column wide. `caret` is the column that the problem is at, from 1.
    """

    line: str
    caret: int


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with, or worth saying of, a file.

    Lines and columns count from 1, columns in characters. Line 0 means the file as a whole.
    No text of a problem holds a value that could be secret. Without an `excerpt` the line cannot be
    shown, or not that place in it.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str
    hint: str
    severity: Literal["error", "warning"] = "error"
    excerpt: Excerpt | None = field(default=None, compare=False)


class ConfsyncError(Exception):
    """Everything that confsync raises on purpose.

    `unchanged`: it is certain that nothing was changed on the server.
    """

    unchanged = True

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\nhint: {self.hint}" if self.hint else head

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.args), vars(self)


class WrongUsage(ConfsyncError):
    """The options, arguments or environment variables do not make sense together."""


class InvalidFiles(ConfsyncError):
    """Files cannot be read; `problems` holds all that is wrong with them, in file order. `what`
    says what they are.
    """

    def __init__(self, problems: tuple[Problem, ...], what: str = "the desired state") -> None:
        errors = sum(problem.severity == "error" for problem in problems)
        super().__init__(f"{_count(errors, 'error')} in {what}")
        self.problems = problems


class SecretUnavailable(ConfsyncError):
    """References that cannot be resolved, or that lead to texts that no secret can be."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{_count(len(problems), 'secret')} cannot be had")
        self.problems = problems


class ConnectionFailed(ConfsyncError):
    """No connection came about: the server has certainly not seen the request.

    `lasting`: no waiting mends it, as with a certificate that is not trusted. `interrupted`: a
    signal ended the tries.
    """

    lasting = False
    interrupted = False


class ConnectionLost(ConfsyncError):
    """The connection broke, or time ran out, after the request may have arrived."""


class ServerRefused(ConfsyncError):
    """The server answered with an error. `status` is the HTTP status, 200 for JMAP errors.

    `passing`: it did not look at the request, because there were too many. `wait`: the seconds
    after which it wants to be asked again, if it said so.
    """

    passing = False
    wait: float | None = None

    def __init__(self, message: str, *, status: int, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status

    @property
    def certainly_not_done(self) -> bool:
        """Whether the server did not even look at the calls: redirects, and refusals of the
        request itself (wire section 1). After a failure inside the server nobody knows.
        """
        return 300 <= self.status < 500  # noqa: PLR2004 - HTTP's own numbers


class UnexpectedAnswer(ConfsyncError):
    """The server, or something in front of it, answered what no Stalwart server answers."""


class Declined(ConfsyncError):
    """Nothing was sent: the question was answered with no, or could not be asked."""


class Refused(Declined):
    """Nothing was sent: findings stop the apply. `risks`: those that can be allowed, by name."""

    def __init__(self, facts: tuple[str, ...], risks: tuple[str, ...]) -> None:
        hint = f"allow what you accept by its name: {', '.join(risks)}" if risks else ""
        super().__init__("; ".join(facts), hint=hint)
        self.risks = risks


class NotWritten(ConfsyncError):
    """No file can say what the server has. Nothing was written."""


class OutputFailed(ConfsyncError):
    """A result cannot be written where it should go."""


class ReaderGone(OutputFailed):
    """Whoever read standard output has closed it, as `head` does."""


class Fault(ConfsyncError):
    """A promise inside confsync is broken. The message never holds a value.

    `places`: where it was raised, `module:line`, from the inside out. `trail`: of it and of each
    exception that it came from the type, and then all places with their functions, those of other
    libraries too.
    """

    places: tuple[str, ...] = ()
    trail: tuple[tuple[str, ...], ...] = ()


def _again(kind: type[E], args: tuple[object, ...]) -> E:
    """An error as it was pickled or copied: its constructor takes other arguments than it keeps."""
    error = kind.__new__(kind, *args)
    error.args = args
    return error


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
