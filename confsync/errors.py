"""The errors that confsync raises. Every message is its own: fact, place and hint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Excerpt:
    """A line of a file that may be shown: `****` masks anything that could be a secret.

    Each character is one column wide. `caret`: the column of the problem, from 1.
    """

    line: str
    caret: int


@dataclass(frozen=True, order=True)
class Problem:
    """A mistake in a file, or a warning about it. No text holds a value that may be secret.

    Lines and columns count from 1, columns in characters. Line 0 is the file as a whole.
    `excerpt`: None if the line must not be shown. `risk`: an error that `--allow RULE` accepts.
    `object`: the object that it is about, if there is one.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str
    hint: str
    severity: Literal["error", "warning"] = "error"
    excerpt: Excerpt | None = field(default=None, compare=False)
    risk: bool = False
    object: str = field(default="", compare=False)


class ConfsyncError(Exception):
    """Base class of all errors. `unchanged`: nothing was changed on the server, for certain.
    `problems`: the mistakes in files behind it, in file order.
    """

    unchanged = True
    problems: tuple[Problem, ...] = ()

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\nhint: {self.hint}" if self.hint else head

    def __reduce__(self) -> tuple[object, ...]:
        # Pickle and copy call the constructor with `args`, which are others than it takes.
        return Exception.__new__, (type(self), *self.args), vars(self)


class WrongUsage(ConfsyncError):
    """Invalid or contradictory options, arguments or environment variables."""


class InvalidFiles(ConfsyncError):
    """Invalid files. `problems`: all of them, in file order. `what`: a name for the files."""

    def __init__(self, problems: tuple[Problem, ...], what: str = "the desired state") -> None:
        errors = sum(problem.severity == "error" for problem in problems)
        super().__init__(f"{errors} error{'' if errors == 1 else 's'} in {what}")
        self.problems = problems


class SecretUnavailable(ConfsyncError):
    """References that cannot be resolved, or that lead to invalid secrets."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        number = len(problems)
        super().__init__(f"{number} reference{'' if number == 1 else 's'} could not be resolved")
        self.problems = problems


class ConnectionFailed(ConfsyncError):
    """No connection: the request was certainly not sent.

    `lasting`: waiting does not help, as with an untrusted certificate. `interrupted`: a signal
    ended the retries.
    """

    lasting = False
    interrupted = False


class ConnectionLost(ConfsyncError):
    """The connection broke, or time ran out, after the request may have arrived."""


class DeadlinePassed(ConfsyncError):
    """A target was not begun before the deadline of the run."""

    def __init__(self) -> None:
        hint = "run it again for these targets, or raise --deadline"
        super().__init__("not begun: the deadline of the run has passed", hint=hint)


class ServerRefused(ConfsyncError):
    """The server answered with an error. `status`: the HTTP status, 200 for JMAP errors.

    `passing`: too many requests, none was looked at. `wait`: the server's Retry-After in seconds.
    """

    passing = False
    wait: float | None = None

    def __init__(self, message: str, *, status: int, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status

    @property
    def certainly_not_done(self) -> bool:
        """True for redirects and refusals of the request itself (wire section 1). After a failure
        inside the server the result is unknown.
        """
        return 300 <= self.status < 500  # noqa: PLR2004 - HTTP's own numbers


class UnexpectedAnswer(ConfsyncError):
    """An answer that no Stalwart server gives, such as one that is not JMAP."""


class Declined(ConfsyncError):
    """Nothing was sent: the question was answered with no, or could not be asked."""


class Cancelled(Declined):
    """Nothing was sent: the question was answered with no."""


class Refused(Declined):
    """Nothing was sent: findings stop the apply. `risks`: names of those that can be allowed."""

    def __init__(self, facts: tuple[str, ...], risks: tuple[str, ...]) -> None:
        hint = f"allow each risk that you accept: {', '.join(risks)}" if risks else ""
        super().__init__("; ".join(facts), hint=hint)
        self.risks = risks


class NotWritten(ConfsyncError):
    """A live state that no file can hold. Nothing was written."""


class OutputFailed(ConfsyncError):
    """A result cannot be written."""


class ReaderGone(OutputFailed):
    """The reader of standard output has closed it, as `head` does."""


class Fault(ConfsyncError):
    """A bug in confsync. The message never holds a value.

    `places`: `module:line` of confsync's frames, innermost first. `trail`: for the exception and
    each of its causes the type, then all frames with their functions, of libraries too.
    """

    places: tuple[str, ...] = ()
    trail: tuple[tuple[str, ...], ...] = ()
