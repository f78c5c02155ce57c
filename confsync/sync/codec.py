"""A plan as JSON, without any value of a secret, and back: docs/plan-file.md.

Desired secrets are their references in it, live ones are hidden: it has the same bytes wherever
secrets can or cannot be looked up.
"""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias, cast, get_args

from confsync.errors import Declined, Fault, WrongUsage
from confsync.sync.matches_shape import fits
from confsync.sync.plan import make_plan
from confsync.sync.secret import IN_CLEAR, Ref, Secret
from confsync.sync.tree import Items, Members, Object, Path, Tree
from confsync.sync.url import Url, masked
from confsync.sync.values import Desired, Finding, HiddenSecrets, Live, Origin, Plan, Target, Why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sync.shape import Variants

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

FORMAT = "confsync_plan"
"""The member that makes a document a saved plan; its value is the version of the format."""
VERSION = 1
_SUM = "sum"
_LEFT = ("unmanaged", "ignored")
"""Why a field is as the server has it."""
_AGAIN = "make the plan again with this confsync"


def to_json(plan: Plan) -> dict[str, Json]:
    """A plan as it is saved. Raises WrongUsage for one with a secret that stands in its files."""
    desired = plan.desired
    places = desired.origins if desired.places is None else desired.places
    content: dict[str, Json] = {
        FORMAT: VERSION,
        "digest": plan.digest,
        "target": [plan.target.name, plan.target.url],
        "object": desired.object,
        "file": desired.file,
        "hidden_secrets": plan.hidden_secrets,
        "desired": _tree_json(desired.written),
        "origins": [[list(path), *_origin_json(origin)] for path, origin in places.items()],
        "live": _tree_json(plan.live.tree),
        "unrecognised": list(plan.live.unrecognised),
        "findings": [_finding_json(found) for found in plan.findings if found.severity != "note"],
    }
    return {**content, _SUM: _sum(content)}


def check_no_secret_in_clear(plan: Plan) -> None:
    """Raise WrongUsage for a plan with a secret that stands in its files: neither a saved plan nor
    a digest holds it, so that neither could tell that it is another one.
    """
    _tree_json(plan.desired.written)


def from_json(document: Mapping[str, Json], shapes: Mapping[str, Variants]) -> Plan:
    """The plan that was saved, before its references are looked up.

    Raises Declined for one of another version, and for one that is not as it was saved.
    """
    if document.get(FORMAT) != VERSION:
        raise Declined("the plan was saved by another version of confsync", hint=_AGAIN)
    content = {name: value for name, value in document.items() if name != _SUM}
    if document.get(_SUM) != _sum(content):
        raise Declined("the plan is not as it was saved: it was edited or cut", hint=_AGAIN)
    try:
        return _read(cast("dict[str, object]", content), shapes)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, Fault):
        raise Declined("the plan holds what no plan can", hint=_AGAIN) from None


def _sum(content: Mapping[str, Json]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _tree_json(value: Tree) -> Json:
    match value:
        case Object():
            members = {name: _tree_json(member) for name, member in value.members.items()}
            return {"object": value.tag, "members": members}
        case Members():
            return {"set": [_tree_json(url) for url in value.members]}
        case Items():
            return {"list": [_tree_json(item) for item in value.items]}
        case Secret(ref=ref):
            if ref == IN_CLEAR:
                raise _in_clear()
            return {"sealed": _ref_json(ref)}
        case Url():
            parts = [] if value.ref is not None else list(map(_part_json, value.parts))
            return {"pieces": parts, "from": _ref_json(value.ref)}
        case str() if masked(value) != value:
            raise _in_clear()
        case _:
            return value


def _part_json(part: str | Secret) -> Json:
    return part if isinstance(part, str) else _tree_json(part)


def _in_clear() -> WrongUsage:
    return WrongUsage(
        "a plan with a secret that stands in clear in a text cannot be saved or told by its digest",
        hint="neither holds a secret: write a reference in its place",
    )


def _ref_json(ref: Ref | None) -> Json:
    return None if ref is None else [ref.kind, ref.argument, ref.base, *ref.rest]


def _origin_json(origin: Origin) -> list[Json]:
    return [origin.why, origin.file, origin.line, origin.column]


def _finding_json(finding: Finding) -> Json:
    origin = None if finding.origin is None else _origin_json(finding.origin)
    words: list[Json] = [finding.rule, finding.severity, finding.message, finding.hint]
    return [*words, origin, finding.risk]


def _read(content: dict[str, object], shapes: Mapping[str, Variants]) -> Plan:
    target, origin = map(_text, cast("list[object]", content["target"]))
    name, file = _text(content["object"]), _text(content["file"])
    policy = _text(content["hidden_secrets"])
    if policy not in get_args(HiddenSecrets):
        raise ValueError
    tree = _object(content["desired"])
    desired = Desired(
        name,
        tree,
        tree,
        dict(map(_placed, cast("list[list[object]]", content["origins"]))),
        file,
    )
    unrecognised = tuple(map(_text, cast("list[object]", content["unrecognised"])))
    live = Live(name, _object(content["live"]), unrecognised)
    if not _sound(desired, live, shapes[name]):
        raise ValueError
    findings = tuple(map(_finding, cast("list[list[object]]", content["findings"])))
    plan = make_plan(
        Target(target, origin),
        desired,
        live,
        shapes[name],
        hidden_secrets=cast("HiddenSecrets", policy),
        risks=tuple(finding for finding in findings if finding.risk),
    )
    if plan.digest != content["digest"]:
        raise ValueError
    return replace(plan, findings=findings)


def _sound(desired: Desired, live: Live, shape: Variants) -> bool:
    """Whether a desired state has the shape of its object, and what nobody manages is what the
    server had. A reference in another place would be looked up, and stored where all can read it.
    """
    left = {path[0] for path, origin in desired.origins.items() if origin.why in _LEFT}
    members = desired.tree.members
    if any(members.get(str(name)) != live.tree.members.get(str(name)) for name in left):
        return False
    if desired.tree.tag not in shape.objects:
        return False
    defaults = {
        name: known.default for name, known in shape.objects[desired.tree.tag].fields.items()
    }
    managed = {name: defaults.get(name) if name in left else members[name] for name in members}
    return fits(replace(desired.tree, members=managed), shape)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _object(value: object) -> Object:
    found = _tree(value)
    if not isinstance(found, Object):
        raise TypeError
    return found


def _tree(value: object) -> Tree:
    match value:
        case {"object": str() as tag, "members": dict() as members}:
            return Object(tag, {name: _tree(member) for name, member in members.items()})
        case {"set": list() as urls}:
            return Members(tuple(map(_url, urls)))
        case {"list": list() as items}:
            return Items(tuple(map(_object, items)))
        case {"sealed": ref}:
            return Secret(None, _ref(ref))
        case {"pieces": list()}:
            return _url(value)
        case bool() | int() | str() | None:
            return value
        case _:
            raise TypeError


def _url(value: object) -> Url:
    match value:
        case {"pieces": list() as parts, "from": ref}:
            return Url(tuple(map(_part, parts)), _ref(ref))
        case _:
            raise TypeError


def _part(value: object) -> str | Secret:
    found = _tree(value)
    if not isinstance(found, str | Secret):
        raise TypeError
    return found


def _ref(value: object) -> Ref | None:
    match value:
        case None:
            return None
        case [str() as kind, str() as argument, str() as base, *rest]:
            return Ref(kind, argument, base, tuple(map(_text, rest)))
        case _:
            raise TypeError


def _origin(value: object) -> Origin:
    match value:
        case [str() as why, str() as file, int() as line, int() as column] if why in get_args(Why):
            return Origin(cast("Why", why), file, line, column)
        case _:
            raise TypeError


def _placed(value: list[object]) -> tuple[Path, Origin]:
    path, *origin = value
    match path:
        case list() as steps if all(isinstance(step, str | int) for step in steps):
            return tuple(steps), _origin(origin)
        case _:
            raise TypeError


def _finding(value: list[object]) -> Finding:
    match value:
        case [
            str() as rule,
            ("error" | "warning" | "note") as severity,
            str() as message,
            str() as hint,
            origin,
            bool() as risk,
        ]:
            place = None if origin is None else _origin(origin)
            return Finding(rule, severity, message, hint, place, risk=risk)
        case _:
            raise TypeError
