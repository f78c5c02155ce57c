"""The audit of applies: who began what and when, and what became of it. docs/audit.md."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING
from uuid import uuid4

from confsync.disk.read import audit_records
from confsync.disk.write import append_audit, check_audit
from confsync.errors import ConfsyncError, Declined, Fault, OutputFailed
from confsync.guard import Callers, as_fault
from confsync.report.json import finished_record, started_record
from confsync.report.printable import printable, told
from confsync.sync.outcome import Unknown
from confsync.sync.url import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from confsync.disk.write import Json
    from confsync.sync.outcome import Outcome
    from confsync.sync.values import Plan, Target
    from confsync.workflow.server import Sending, Session

VERSION = "1"


def _untold(_: str) -> None:
    """Who is told of applies without an end, where nobody asked."""


@dataclass(frozen=True)
class Unfinished:
    """An apply that was begun and of whose end nothing is written."""

    line: int
    time: str
    who: str


@dataclass
class Audit:
    """An audit file. `environment` says who runs this, `now` is an aware clock; `tell` gets a line
    for each apply that never ended.

    `failed` is set where the end of an apply could not be written: by then it has ended.
    """

    path: str
    environment: Mapping[str, str]
    now: Callable[[], datetime]
    tell: Callable[[str], None] = _untold
    failed: OutputFailed | None = None

    def unfinished(self, target: Target) -> tuple[Unfinished, ...]:
        """The applies to a target that have no end in the file, since the last one that ended with
        the state that was wanted. Each was cut off, or still runs. Raises OutputFailed.
        """
        begun: dict[str, Unfinished] = {}
        for line, record in audit_records(self.path):
            match record:
                case {"event": "started", "id": str() as key, "target": {"url": target.url}}:
                    found = Unfinished(line, _text(record, "time"), _person(record))
                    begun[key] = found
                case {"event": "finished", "id": str() as key} if key in begun:
                    del begun[key]
                    if record.get("as_wanted") is True:
                        begun.clear()
                case _:
                    pass
        return tuple(begun.values())

    def check(self) -> None:
        """Raise OutputFailed for a file that cannot be written, before anybody is asked."""
        check_audit(self.path)

    def holds(self, key: str, event: str) -> bool:
        """Whether this line of the apply with this id is in the file. Raises OutputFailed."""
        return any(
            record.get("id") == key and record.get("event") == event
            for _, record in audit_records(self.path)
        )

    def write(self, key: str, event: str, content: Mapping[str, Json]) -> None:
        """Append a line about the apply with this id. Raises OutputFailed."""
        moment = self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        head = {"audit_version": VERSION, "event": event, "id": key, "time": moment}
        append_audit(self.path, {**head, **content})


@dataclass
class Entry:
    """One apply in an audit file, or in none."""

    audit: Audit | None
    plan: Plan
    key: str = field(default_factory=lambda: uuid4().hex)
    begun: bool = False
    sent: bool = False
    over: bool = False
    interrupted: bool = False

    def begin(self, session: Session) -> Session:
        """Write that it begins: before anything is sent. The session that is returned takes note
        of whether something may have been sent. Raises OutputFailed.
        """
        self._write_begin()

        def sending(how: Sending) -> None:
            self.sent = how != "not sent"
            session.sending(how)

        return replace(session, sending=sending)

    def _write_begin(self) -> None:
        if self.audit is not None:
            content = {"who": who(self.audit.environment), **started_record(self.plan)}
            try:
                self.audit.write(self.key, "started", content)
            except KeyboardInterrupt:
                # While it was waited for the disk, the line may be there: not a second one.
                self.begun = self.audit.holds(self.key, "started")
                raise
        self.begun = True

    def ended(self, outcome: Outcome) -> Outcome:
        """Write what became of it, and return that, which an interrupt must not hide: it is taken
        note of in `interrupted`.
        """
        if self.audit is None:
            return outcome
        try:
            self._end(finished_record(outcome))
        except KeyboardInterrupt:
            self.interrupted = True
        return outcome

    def failed(self, error: BaseException) -> Unknown | None:
        """Write that an error, or an interrupt, ended it. Where something may have been sent, the
        outcome is returned, which is unknown; otherwise nothing was changed.
        """
        unknown = Unknown(self.plan, _reason(error)) if self.sent else None
        if self.audit is not None:
            self._end(_raised(error) if unknown is None else finished_record(unknown))
        return unknown

    def tell_failed(self) -> None:
        """Tell of an end that could not be written, before the error of the apply is raised."""
        if self.audit is not None and self.audit.failed is not None:
            self.audit.tell(f"error: {printable(self.audit.failed.message)}")

    def _end(self, content: Mapping[str, Json]) -> None:
        """Write its end, once, and where nothing was sent its beginning too."""
        if self.audit is None or self.over:
            return
        self.over = True
        try:
            if not self.begun:
                self._write_begin()
            self.audit.write(self.key, "finished", content)
        except OutputFailed as failed:
            self.audit.failed = failed
        except Exception:
            # A fault of ours: `failed` writes the end, if it is not there yet.
            self.over = self.audit.holds(self.key, "finished")
            raise


@contextmanager
def entry(audit: Audit | None, plan: Plan) -> Iterator[Entry]:
    """The two lines of an apply: what is raised inside is its end too. Those of earlier applies
    that have no end are told first. Raises OutputFailed.
    """
    found = Entry(audit, plan)
    if audit is not None:
        audit.check()
        for one in audit.unfinished(plan.target):
            audit.tell(_mention(audit.path, one))
    try:
        yield found
    except BaseException as error:
        found.failed(error)
        found.tell_failed()
        raise


def _mention(path: str, one: Unfinished) -> str:
    return (
        f"warning: {printable(path)}:{one.line}: the apply that {one.who} began at {one.time}"
        " has no end: it was cut off, or still runs; what became of it is not known"
    )


def _raised(error: BaseException) -> dict[str, Json]:
    """What an error is as a result: refused is only what nobody let go on."""
    match error.error if isinstance(error, Callers) else error:
        case Declined(message=message):
            return {"result": "refused", "as_wanted": False, "reason": told(message)}
        case ConfsyncError(message=message):
            return {"result": "failed", "as_wanted": False, "reason": told(message)}
        case KeyboardInterrupt():
            return {"result": "interrupted", "as_wanted": False}
        case fault:
            return {"result": "fault", "as_wanted": False, "type": type(fault).__name__}


def _reason(error: BaseException) -> str:
    """Why an outcome is not known, without a foreign text."""
    match error.error if isinstance(error, Callers) else error:
        case ConfsyncError(message=message) as ours if not isinstance(ours, Fault):
            return message
        case KeyboardInterrupt():
            return "interrupted after the update was sent"
        case fault:
            found = fault if isinstance(fault, Fault) else as_fault(fault)
            place = f" at {found.places[0]}" if found.places else ""
            return f"a fault inside confsync: {found.message}{place}; please report this"


def _person(record: Mapping[str, object]) -> str:
    match record.get("who"):
        case {"user": str() as user}:
            return printable(user)
        case _:
            return "somebody"


def _text(record: Mapping[str, object], name: str) -> str:
    return printable(str(record.get(name)))


@dataclass(frozen=True)
class _System:
    """A CI system: the variable that tells it, and those that say user, job and commit."""

    sign: str
    name: str
    user: Sequence[str]
    job: Sequence[str]
    commit: str


_SYSTEMS = (
    _System(
        "GITHUB_ACTIONS",
        "github",
        ("GITHUB_ACTOR",),
        ("GITHUB_REPOSITORY", "GITHUB_WORKFLOW", "GITHUB_JOB", "GITHUB_RUN_ID"),
        "GITHUB_SHA",
    ),
    _System(
        "GITLAB_CI",
        "gitlab",
        ("GITLAB_USER_LOGIN",),
        ("CI_PROJECT_PATH", "CI_JOB_NAME", "CI_JOB_ID"),
        "CI_COMMIT_SHA",
    ),
    _System(
        "JENKINS_URL", "jenkins", ("BUILD_USER_ID",), ("JOB_NAME", "BUILD_NUMBER"), "GIT_COMMIT"
    ),
    _System("", "", ("SUDO_USER", "USER", "LOGNAME"), (), ""),
)


def who(environment: Mapping[str, str]) -> dict[str, str]:
    """`user`, and in the known CI systems `ci`, `job` and `commit`: those that are there."""
    system = next(known for known in _SYSTEMS if not known.sign or environment.get(known.sign))
    said = {
        "user": next((environment[name] for name in system.user if environment.get(name)), ""),
        "ci": system.name,
        "job": " ".join(environment[name] for name in system.job if environment.get(name)),
        "commit": environment.get(system.commit, ""),
    }
    return {name: printable(masked(text)) for name, text in said.items() if text}
