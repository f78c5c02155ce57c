"""The audit of applies: who applied what and when, and the outcome. docs/audit.md."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from confsync import __version__
from confsync.disk.read import audit_records
from confsync.disk.write import append_audit
from confsync.errors import ConfsyncError, Declined, Fault, OutputFailed
from confsync.guard import Callers, as_fault
from confsync.jmap.client import silent
from confsync.report.json import active_record, finished_record, started_record
from confsync.report.printable import data_text, printable
from confsync.sync.outcome import Unknown
from confsync.workflow.audit_files import user_of
from confsync.workflow.run import change, run_url, utc_text, who

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from confsync.disk.write import Json
    from confsync.sync.outcome import Outcome, Reload, Restart
    from confsync.sync.values import Plan
    from confsync.workflow.server import Sending, Session

VERSION = "1"


@dataclass
class Audit:
    """An audit file. `now` is an aware clock; `tell` gets a line for each apply without an end;
    `uid`: the number of the user, for an environment without a name.

    `failed` is set if the end of an apply, which has ended by then, cannot be written.
    """

    path: str
    environment: Mapping[str, str]
    now: Callable[[], datetime]
    tell: Callable[[str], None] = silent
    uid: int | None = None
    failed: OutputFailed | None = None

    def begin(self, urls: Iterable[str]) -> None:
        """Find out if lines can be appended. Tell of unfinished applies to servers, of each after
        its last as wanted. Raises OutputFailed.
        """
        append_audit(self.path, None)
        begun: dict[str, dict[str, str]] = {url: {} for url in urls}
        url_of: dict[str, str] = {}
        for line, record in audit_records(self.path):
            match record:
                case {"event": "started", "id": str() as key, "target": {"url": str() as to}} if (
                    to in begun
                ):
                    user = printable(user_of(record)) or "somebody"
                    begun[to][key] = (
                        f"warning: {printable(self.path)}:{line}: the apply that {user} began at"
                        f" {printable(str(record.get('time')))} did not finish: it was cut"
                        " off or still runs; outcome unknown"
                    )
                    url_of[key] = to
                case {"event": "finished", "id": str() as key} if key in url_of:
                    of = begun[url_of.pop(key)]
                    of.pop(key, None)
                    if record.get("as_wanted") is True:
                        of.clear()
                case _:
                    pass
        for warnings in begun.values():
            for warning in warnings.values():
                self.tell(warning)

    def holds(self, key: str, event: str) -> bool:
        """True if the file has this line of an apply. Raises OutputFailed."""
        return any(
            record.get("id") == key and record.get("event") == event
            for _, record in audit_records(self.path)
        )

    def write(self, key: str, event: str, content: Mapping[str, Json]) -> None:
        """Append a line of an apply. Raises OutputFailed."""
        time = utc_text(self.now())
        head = {"audit_version": VERSION, "event": event, "id": key, "time": time}
        append_audit(self.path, {**head, **content})


@dataclass(frozen=True)
class Approval:
    """How an apply is permitted. `digest`: the one that was expected, or that of the saved plan."""

    by: Literal["yes", "expect", "saved-plan", "question"]
    digest: str = ""


@dataclass
class Entry:
    """One update of an apply, and its lines in an audit file, or in none. `accepted`: risks that
    answers have accepted.
    """

    audit: Audit | None
    plan: Plan
    session: Session
    approval: Approval
    accepted: tuple[str, ...] = ()
    key: str = field(default_factory=lambda: uuid4().hex)
    begun: bool = False
    sent: bool = False
    over: bool = False
    interrupted: bool = False

    def begin(self) -> Session:
        """Write the beginning; the new session notes what may have left. Raises OutputFailed."""
        self._write_begin()

        def sending(how: Sending) -> None:
            self.sent = how != "not sent"
            self.session.sending(how)

        return replace(self.session, sending=sending)

    def _write_begin(self) -> None:
        if self.audit is not None:
            content = {**self._circumstances(self.audit), **started_record(self.plan)}
            try:
                self.audit.write(self.key, "started", content)
            except KeyboardInterrupt:
                # The line may be there, if the interrupt came while the disk was waited for.
                self.begun = self.audit.holds(self.key, "started")
                raise
        self.begun = True

    def _circumstances(self, audit: Audit) -> dict[str, Json]:
        """Who applies, where and with what permission."""
        found: dict[str, Json] = {
            "confsync": __version__,
            "who": who(audit.environment, audit.uid),
        }
        if url := run_url(audit.environment):
            found["run_url"] = url
        if of := change(audit.environment):
            found["change"] = of
        risks = (finding.rule for finding in self.plan.findings if finding.risk)
        allowed = [rule for rule in risks if rule in {*self.plan.allow, *self.accepted}]
        digest = {"digest": self.approval.digest} if self.approval.digest else {}
        by: dict[str, Json] = {"by": self.approval.by, **digest}
        found["approval"] = {**by, "allowed": [*dict.fromkeys(allowed)]}
        return found

    def ended(self, outcome: Outcome) -> Outcome:
        """Write the outcome and return it. An interrupt does not hide it: see `interrupted`."""
        if self.audit is not None:
            try:
                self._end(self.audit, finished_record(outcome))
            except KeyboardInterrupt:
                self.interrupted = True
        return outcome

    def active(self, event: Literal["reloaded", "restarted"], found: Reload | Restart) -> None:
        """Write the end of a reload or restart after the outcome. An interrupt is noted, as in
        `ended`.
        """
        if self.audit is not None:
            try:
                self.audit.write(self.key, event, active_record(self.plan, found))
            except KeyboardInterrupt:
                self.interrupted = True
            except OutputFailed as failed:
                self.audit.failed = failed

    def failed(self, error: BaseException) -> Unknown | None:
        """Write the error that ended the apply. None: nothing was changed, for certain."""
        reason, record = _reason_and_record(error)
        unknown = Unknown(self.plan, reason) if self.sent else None
        if self.audit is not None:
            self._end(self.audit, record if unknown is None else finished_record(unknown))
        return unknown

    def report_failed(self) -> None:
        """Tell of an unwritten end, before the error of the apply is raised."""
        if self.audit is not None and self.audit.failed is not None:
            self.audit.tell(f"error: {printable(self.audit.failed.message)}")

    def _end(self, audit: Audit, content: Mapping[str, Json]) -> None:
        """Write the end, once, and before it a missing beginning."""
        if self.over:
            return
        self.over = True
        try:
            if not self.begun:
                self._write_begin()
            audit.write(self.key, "finished", content)
        except OutputFailed as failed:
            audit.failed = failed
        except Exception:
            # After a fault `failed` writes the end, unless it is there.
            self.over = audit.holds(self.key, "finished")
            raise


@contextmanager
def entry(audit: Audit | None, plan: Plan, session: Session, approval: Approval) -> Iterator[Entry]:
    """The two lines of an apply; an error inside is its end."""
    found = Entry(audit, plan, session, approval)
    try:
        yield found
    except BaseException as error:
        found.failed(error)
        found.report_failed()
        raise


def _reason_and_record(error: BaseException) -> tuple[str, dict[str, Json]]:
    """The reason for an unknown outcome, without a foreign text, and the audit's record."""
    found = error.error if isinstance(error, Callers) else error
    record: dict[str, Json] = {"result": "fault", "as_wanted": False}
    match found:
        # GeneratorExit: of `entry`, which was interrupted before its `with` block began.
        case KeyboardInterrupt() | GeneratorExit():
            return "interrupted after the update was sent", {**record, "result": "interrupted"}
        case ConfsyncError():
            result = "refused" if isinstance(found, Declined) else "failed"
            record |= {"result": result, "reason": data_text(found.message)}
            if not isinstance(found, Fault):
                return found.message, record
        case _:
            record["type"] = type(found).__name__
    fault = found if isinstance(found, Fault) else as_fault(found)
    place = f" at {fault.places[0]}" if fault.places else ""
    return f"internal error in confsync: {fault.message}{place}; please report this", record
