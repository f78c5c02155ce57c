"""Saved plans as JSON, and back: docs/plan-file.md.

Desired secrets are their references, live ones are hidden: a plan has the same bytes wherever
secrets can or cannot be looked up.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from confsync.disk.read import FORMAT
from confsync.errors import Declined, Fault
from confsync.sync import shape as shapes
from confsync.sync.plan import Json, check_no_secret_in_clear, checksum, make_plan, state_json
from confsync.sync.secret import Ref, Secret
from confsync.sync.tree import Items, Members, Object, Path, Tree
from confsync.sync.url import Url
from confsync.sync.values import (
    UNMANAGED,
    Desired,
    Finding,
    HiddenSecrets,
    Live,
    Origin,
    Plan,
    Target,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 2
_SUM = "sum"
_AGAIN = "make the plan again with this confsync"


class _Model(BaseModel):
    """Nothing is converted, nothing is unknown, and no error repeats its input."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class _Secret(_Model):
    sealed: Ref | None

    def value(self) -> Secret:
        return Secret(None, self.sealed)


class _Url(_Model):
    parts: tuple[str | _Secret, ...]
    ref: Ref | None

    def value(self) -> Url:
        parts = (part if isinstance(part, str) else part.value() for part in self.parts)
        return Url(tuple(parts), self.ref)


class _Object(_Model):
    tag: str
    members: dict[str, _Tree]

    def value(self) -> Object:
        return Object(self.tag, {name: _value(found) for name, found in self.members.items()})


class _Members(_Model):
    members: tuple[_Url, ...]

    def value(self) -> Members:
        return Members(tuple(url.value() for url in self.members))


class _Items(_Model):
    items: tuple[_Object, ...]

    def value(self) -> Items:
        return Items(tuple(item.value() for item in self.items))


_Tree: TypeAlias = bool | int | str | _Secret | _Url | _Object | _Members | _Items | None


class _SavedPlan(_Model):
    confsync_plan: Literal[2]
    digest: str
    target: Target
    object: str
    file: str
    hidden_secrets: HiddenSecrets
    desired: _Object
    origins: tuple[tuple[Path, Origin], ...]
    live: _Object
    unrecognised: tuple[str, ...]
    findings: tuple[Finding, ...]


def to_json(plan: Plan) -> dict[str, Json]:
    """A plan as it is saved. Raises WrongUsage for one with a secret in clear in its files."""
    desired, live = plan.desired, plan.live
    check_no_secret_in_clear(desired.written)
    check_no_secret_in_clear(live.tree)
    places = desired.origins if desired.places is None else desired.places
    content: dict[str, Json] = {
        FORMAT: VERSION,
        "digest": plan.digest,
        "target": {**vars(plan.target)},
        "object": desired.object,
        "file": desired.file,
        "hidden_secrets": plan.hidden_secrets,
        "desired": state_json(desired.written),
        "origins": [[list(path), {**vars(origin)}] for path, origin in places.items()],
        "live": state_json(live.tree),
        "unrecognised": list(live.unrecognised),
        "findings": [_finding_json(found) for found in plan.findings if found.severity != "note"],
    }
    return {**content, _SUM: checksum(content)}


def from_json(document: Mapping[str, Json], kinds: Mapping[str, shapes.Variants]) -> Plan:
    """The plan that was saved, before its references are looked up.

    Raises Declined for a plan of another version, and for one that is not as it was saved.
    """
    if document.get(FORMAT) != VERSION:
        raise Declined("the plan was saved by another version of confsync", hint=_AGAIN)
    content = {name: value for name, value in document.items() if name != _SUM}
    if document.get(_SUM) != checksum(content):
        raise Declined("the plan is not as it was saved: it was edited or cut", hint=_AGAIN)
    try:
        saved = _SavedPlan.model_validate_json(json.dumps(content), strict=True)
        return _plan(saved, kinds[saved.object])
    except (ValidationError, LookupError, TypeError, AttributeError, Fault):
        raise Declined("the plan holds what no plan can", hint=_AGAIN) from None


def _plan(saved: _SavedPlan, shape: shapes.Variants) -> Plan:
    tree = saved.desired.value()
    desired = Desired(saved.object, tree, tree, dict(saved.origins), saved.file)
    live = Live(saved.object, saved.live.value(), saved.unrecognised)
    if not _sound(desired, live, shape):
        raise Fault("a saved plan has another shape than its object")
    plan = make_plan(
        saved.target,
        desired,
        live,
        shape,
        hidden_secrets=saved.hidden_secrets,
        risks=tuple(finding for finding in saved.findings if finding.risk),
    )
    if plan.digest != saved.digest:
        raise Fault("a saved plan has another digest than it says")
    return replace(plan, findings=saved.findings)


def fits(value: Tree, shape: shapes.Shape) -> bool:
    """Whether a value and all that is in it are of the kinds that a shape asks for. Limits are not
    looked at.
    """
    match shape, value:
        case shapes.Variants(objects=objects), Object(tag=tag, members=members) if tag in objects:
            fields = objects[tag].fields
            return members.keys() == fields.keys() and all(
                (member is None and fields[name].nullable) or fits(member, fields[name].shape)
                for name, member in members.items()
            )
        case shapes.ListOf(item=item), Items(items=items):
            return all(fits(one, item) for one in items)
        case (
            (shapes.UrlSet(), Members())
            | (shapes.UrlText(), Url())
            | (shapes.SecretText(), Secret())
            | (shapes.Boolean(), bool())
            | ((shapes.Text() | shapes.Choice()), str())
        ):
            return True
        case ((shapes.Unsigned() | shapes.Duration()), int()):
            return not isinstance(value, bool)
        case _:
            return False


def _sound(desired: Desired, live: Live, shape: shapes.Variants) -> bool:
    """Whether a desired state has the shape of its object, and its unmanaged fields are the live
    ones. A reference in another place would be looked up, and stored where all can read it.
    """
    unmanaged = {path[0] for path, origin in desired.origins.items() if origin.why in UNMANAGED}
    members = desired.tree.members
    if any(members.get(str(name)) != live.tree.members.get(str(name)) for name in unmanaged):
        return False
    fields = shape.fields_of(desired.tree.tag)
    managed = {
        name: fields[name].default if name in unmanaged and name in fields else member
        for name, member in members.items()
    }
    return fits(replace(desired.tree, members=managed), shape)


def _value(found: _Tree) -> Tree:
    return found.value() if isinstance(found, _Model) else found


def _finding_json(finding: Finding) -> dict[str, Json]:
    origin = None if finding.origin is None else {**vars(finding.origin)}
    return {**vars(finding), "origin": origin}
