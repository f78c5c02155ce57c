"""Read the JSON document of a plan or an apply (docs/json.md), which may come from anywhere.

All texts are fit to be shown: `printable`, in one line. Renderers add the escapes of their format.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.report.document import Node, NotAReport, check_depth
from confsync.report.printable import FORMAT_VERSION, printable

if TYPE_CHECKING:
    from confsync.yaml.emit import Plain

Kind: TypeAlias = Literal["plan", "apply"]

_ACTIONS = ("add", "remove", "update", "replace", "reorder")
RESULTS = (*("stored", "not-sent", "rejected", "failed", "overtaken", "unknown", "not-begun"),)
_CAUSES = ("", "change", "drift", "both")
_SEVERITIES = ("error", "warning", "note")
_RESTARTS = ("no", "if-secret-changed", "yes")
_RELOADS = ("", "done", "failed", "unknown")
_AFTERS = ("", "running", "locked-out", "failed", "unknown")


@dataclass(frozen=True)
class Change:
    """A change. `place`: `file:line`, or empty."""

    path: str
    action: str
    before: Plain
    after: Plain
    why: str
    place: Place
    cause: str
    password_changes: bool
    members: tuple[Change, ...]


@dataclass(frozen=True)
class Place:
    """A line of a file; line 0 is the file as a whole, and no file is nowhere."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Remark:
    """A finding, or a problem of a file."""

    rule: str
    severity: str
    message: str
    hint: str
    place: Place
    risk: bool


@dataclass(frozen=True)
class Error:
    """The error of a target. `url_free`: with `the server` for the server's URL."""

    message: str
    url_free: str
    where: str
    hint: str
    hint_url_free: str
    refused: bool
    problems: tuple[Remark, ...]


@dataclass(frozen=True)
class Outcome:
    """The outcome of an object. `texts`: reasons, from the server or from confsync."""

    result: str
    verified: bool
    remaining: tuple[Change, ...]
    left_out: int
    foreign: tuple[str, ...]
    overwritten: tuple[str, ...]
    reason: str
    seen: str
    texts: tuple[str, ...]
    hint: str
    error: Error | None

    @property
    def as_wanted(self) -> bool:
        """As `sync.outcome.as_wanted`, without the reload and the restart."""
        stored = self.result == "stored" and self.verified and not self.overwritten
        return stored or self.result == "not-sent"


@dataclass(frozen=True)
class Object:
    """An object of a target. `left_out`: changes that the document does not list."""

    name: str
    before: str
    after: str
    changes: tuple[Change, ...]
    left_out: int
    unknown: tuple[tuple[str, str, Place], ...]
    unknown_left_out: int
    hidden_secrets: str
    to_send: tuple[tuple[str, str], ...]
    findings: tuple[Remark, ...]
    outcome: Outcome | None


@dataclass(frozen=True)
class Target:
    """A target. `key` is equal for two targets of which the same is told."""

    name: str
    url: str
    groups: tuple[str, ...]
    objects: tuple[Object, ...]
    digest: str
    restart: str
    because: tuple[str, ...]
    error: Error | None
    outcome: Outcome | None
    reload: str
    reload_reason: str
    after: str
    after_reason: str
    key: str

    @property
    def title(self) -> str:
        """The name, or else the URL."""
        return self.name or self.url or "the server"

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcome of the target, or those of its objects."""
        if self.outcome is not None:
            return (self.outcome,)
        return tuple(one.outcome for one in self.objects if one.outcome is not None)


@dataclass(frozen=True)
class Selection:
    """The choice of targets: `chosen` of `of`, by some words, of a shard (0: none of `shards`).
    `missing`: the shards that a report of several does not have.
    """

    chosen: int
    of: int
    by: str
    shard: int
    shards: int
    missing: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """A plan or an apply of some targets; empty texts and None for what is not known."""

    kind: Kind
    version: str
    generated_at: str
    commit: str
    selection: Selection | None
    targets: tuple[Target, ...]
    interrupted: bool
    digest: str
    base: str


def report_of(document: object) -> Report:
    """The report that a parsed JSON document is. Raises NotAReport."""
    check_depth(document)
    top = Node(document)
    if not isinstance(document, dict) or "targets" not in document:
        raise NotAReport("is not a JSON report of plan or apply")
    version = document.get("format_version")
    if version != FORMAT_VERSION:
        found = printable(version, 20) if isinstance(version, str) else "none"
        raise NotAReport(f"has the format version {found} instead of {FORMAT_VERSION}")
    targets = tuple(map(_target, top["targets"].items))
    summary = top["summary"]
    applied = "outcomes" in summary.members or any(one.outcomes for one in targets)
    return Report(
        "apply" if applied else "plan",
        top["confsync"].text,
        top["generated_at"].text,
        top["commit"].text,
        _selection(top["selection"]) if document.get("selection") else None,
        targets,
        summary["interrupted"].flag,
        top["digest"].text,
        summary["base"].text,
    )


def _selection(node: Node) -> Selection:
    shard = node["shard"]
    return Selection(
        *(node["chosen"].number, node["of"].number, node["by"].text, shard["number"].number),
        shard["of"].number or node["shards"].number,
        tuple(one.number for one in node["missing"].items),
    )


def _target(node: Node) -> Target:
    restart, url = node["restart"], node["url"].raw
    told = {**node.members, "name": "", "url": "", "digest": "", "groups": [], "seconds": 0}
    key = json.dumps(told, sort_keys=True)
    if url and (node.members.get("error") or node.members.get("outcome")):
        key = key.replace(json.dumps(url)[1:-1], "the server")
    return Target(
        node["name"].text,
        printable(url),
        node["groups"].texts,
        tuple(map(_object, node["objects"].items)),
        node["digest"].text,
        restart["required"].one_of(("", *_RESTARTS)) or "no",
        restart["because"].texts,
        _error(node["error"], url),
        _outcome(node["outcome"], url),
        node["reload"].one_of(_RELOADS),
        node["reload_reason"].text,
        node["after"].one_of(_AFTERS),
        node["after_reason"].text,
        key,
    )


def _object(node: Node) -> Object:
    variant = node["variant"]
    return Object(
        *(node["object"].text, variant["before"].text, variant["after"].text),
        _changes(node, "changes"),
        node["changes_left_out"].number,
        tuple((one["path"].text, one["reason"].text, _place(one)) for one in node["unknown"].items),
        node["unknown_left_out"].number,
        node["hidden_secrets"].text,
        tuple((one["path"].text, one["reference"].text) for one in node["to_send"].items),
        tuple(_remark(one, _place(one)) for one in node["findings"].items),
        _outcome(node["outcome"], ""),
    )


def _changes(node: Node, name: str) -> tuple[Change, ...]:
    return tuple(map(_change, node[name].items))


def _change(node: Node) -> Change:
    return Change(
        node["path"].text,
        node["action"].one_of(_ACTIONS),
        node.members.get("before"),
        node.members.get("after"),
        node["why"].text,
        _place(node),
        node["cause"].one_of(_CAUSES),
        node["password_changes"].flag,
        _changes(node, "members"),
    )


def _place(node: Node) -> Place:
    source = node["source"]
    return Place(source["file"].text, source["line"].number, source["column"].number)


def _remark(node: Node, place: Place) -> Remark:
    severity = node["severity"].one_of(_SEVERITIES)
    words = (node["rule"].text, severity, node["message"].text, node["hint"].text)
    return Remark(*words, place, node["risk"].flag)


def _error(node: Node, url: str) -> Error | None:
    if node.value is None:
        return None
    message, hint = (
        (printable(text), printable(text.replace(url, "the server") if url else text))
        for text in (node["message"].raw, node["hint"].raw)
    )
    return Error(
        *message,
        node["where"].text,
        *hint,
        node["refused"].flag,
        tuple(
            _remark(one, Place(one["file"].text, one["line"].number, one["column"].number))
            for one in node["problems"].items
        ),
    )


def _outcome(node: Node, url: str) -> Outcome | None:
    if node.value is None:
        return None
    pointers = [f"at {pointer}" for pointer in node["properties"].texts if pointer]
    return Outcome(
        node["result"].one_of(RESULTS),
        node["verified"].flag,
        _changes(node, "remaining"),
        node["remaining_left_out"].number,
        node["foreign"].texts,
        node["overwritten"].texts,
        node["reason"].text or node["lost"].text or node["type"].text,
        node["seen"].text,
        (*pointers, *node["errors"].texts),
        node["hint"].text,
        _error(node["error"], url),
    )
