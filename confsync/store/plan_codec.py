"""Saved plans as JSON, and back: docs/plan-file.md.

Desired secrets are their references, and live ones are hidden: a plan has equal bytes with and
without resolved secrets.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from confsync.disk.read import FORMAT
from confsync.errors import Declined, Fault
from confsync.sync import shape as shapes
from confsync.sync import values
from confsync.sync.plan import (
    Json,
    check_no_secret_in_clear,
    checksum,
    make_plan,
    state_json,
    whole_digest,
)
from confsync.sync.secret import Ref, Secret
from confsync.sync.tree import Items, Members, Object, Path, Tree
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VERSION = 4
_SUM = "sum"
_AGAIN = "make the plan again with this version of confsync"


class _Model(BaseModel):
    """A strict model. No error repeats its input."""

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
        members = self.members.items()
        found = {name: m.value() if isinstance(m, _Model) else m for name, m in members}
        return Object(self.tag, found)


class _Members(_Model):
    members: tuple[_Url, ...]

    def value(self) -> Members:
        return Members(tuple(url.value() for url in self.members))


class _Items(_Model):
    items: tuple[_Object, ...]

    def value(self) -> Items:
        return Items(tuple(item.value() for item in self.items))


_Tree: TypeAlias = bool | int | float | str | _Secret | _Url | _Object | _Members | _Items | None


class _SavedObject(_Model):
    object: str
    digest: str
    desired: _Object
    origins: tuple[tuple[Path, values.Origin], ...]
    live: _Object
    unrecognised: tuple[str, ...]
    findings: tuple[values.Finding, ...]
    rotated: tuple[Path, ...] = ()


class _SavedTarget(_Model):
    target: values.Target
    file: str
    hidden_secrets: values.HiddenSecrets
    allow: tuple[str, ...]
    objects: tuple[_SavedObject, ...]


class _SavedRun(_Model):
    confsync_plan: int
    digest: str
    targets: tuple[_SavedTarget, ...]


def to_json(plans: Sequence[values.Plan]) -> dict[str, Json]:
    """The document of the saved plans of a run. Raises WrongUsage for a plain text secret in the
    files.
    """
    content: dict[str, Json] = {
        FORMAT: VERSION,
        "digest": whole_digest(plans),
        "targets": [*map(_target_json, values.plans_by_target(plans))],
    }
    return {**content, _SUM: checksum(content)}


def _target_json(plans: Sequence[values.Plan]) -> Json:
    first = plans[0]
    return {
        "target": asdict(first.target),
        "file": first.desired.file,
        "hidden_secrets": first.hidden_secrets,
        "allow": [*sorted(first.allow)],
        "objects": [*map(_object_json, plans)],
    }


def _object_json(plan: values.Plan) -> Json:
    desired, live = plan.desired, plan.live
    check_no_secret_in_clear(desired.written)
    check_no_secret_in_clear(live.tree)
    places = desired.origins if desired.places is None else desired.places
    return {
        "object": desired.object,
        "digest": plan.digest,
        "desired": state_json(desired.written),
        "origins": [[list(path), asdict(origin)] for path, origin in places.items()],
        "live": state_json(live.tree),
        "unrecognised": list(live.unrecognised),
        "findings": [
            {name: value for name, value in asdict(found).items() if name != "by_value"}
            for found in plan.findings
            if found.severity != "note" and not found.by_value
        ],
        "rotated": [list(path) for path in plan.rotated],
    }


def from_json(
    document: Mapping[str, Json], shape_of: Callable[[str, str], shapes.Variants]
) -> tuple[values.Plan, ...]:
    """The plans of a document, with unresolved references. `shape_of`: by the names of target and
    object. Raises Declined for another version, and for a changed or invalid document.
    """
    if document.get(FORMAT) != VERSION:
        raise Declined("the plan was saved by another version of confsync", hint=_AGAIN)
    content = {name: value for name, value in document.items() if name != _SUM}
    if document.get(_SUM) != checksum(content):
        raise Declined("the saved plan was edited or cut off", hint=_AGAIN)
    try:
        saved = _SavedRun.model_validate_json(json.dumps(content), strict=True)
        found = tuple(
            _plan(of, one, shape_of(of.target.name, one.object))
            for of in saved.targets
            for one in of.objects
        )
        if whole_digest(found) != saved.digest:
            raise Fault("a saved plan has another digest than it says")  # noqa: TRY301
    except (ValidationError, LookupError, TypeError, AttributeError, Fault):
        raise Declined("the plan is invalid", hint=_AGAIN) from None
    return found


def as_saved(tree: Object) -> Object:
    """A state as a saved plan has it, without any value of a secret."""
    return _Object.model_validate_json(json.dumps(state_json(tree)), strict=True).value()


def _plan(whole: _SavedTarget, saved: _SavedObject, shape: shapes.Variants) -> values.Plan:
    """The plan of an object. Raises Fault for invalid states or another digest."""
    tree = saved.desired.value()
    desired = values.Desired(saved.object, tree, tree, dict(saved.origins), whole.file)
    live = values.Live(saved.object, saved.live.value(), saved.unrecognised)
    # A reference in another place would be looked up, and stored where all can read it. Unmanaged
    # fields are the live ones.
    unmanaged = {str(path[0]) for path, origin in saved.origins if origin.why in values.UNMANAGED}
    fields = shape.fields_of(tree.tag)
    managed = {
        name: fields[name].default if name in unmanaged and name in fields else member
        for name, member in tree.members.items()
    }
    copied = all(tree.members.get(name) == live.tree.members.get(name) for name in unmanaged)
    if not copied or not fits(replace(tree, members=managed), shape):
        raise Fault("a saved plan has another shape than its object")
    risks = tuple(finding for finding in saved.findings if finding.risk)
    policy = whole.hidden_secrets
    plan = make_plan(
        *(whole.target, desired, live, shape),
        hidden_secrets=policy,
        risks=risks,
        rotated=lambda _: saved.rotated,
    )
    if plan.digest != saved.digest:
        raise Fault("a saved plan has another digest than it says")
    return replace(plan, findings=saved.findings, allow=frozenset(whole.allow))


_TYPES: Mapping[type[shapes.Shape], type] = {
    shapes.UrlText: Url,
    shapes.SecretText: Secret,
    shapes.Boolean: bool,
    shapes.Text: str,
    shapes.Choice: str,
    shapes.Id: str,
    shapes.Integer: int,
    shapes.Float: float,
    shapes.Size: int,
    shapes.Duration: int,
}


def fits(value: Tree, shape: shapes.Shape) -> bool:
    """Return True for a value of the types of a shape. Limits are not checked."""
    match shape, value:
        case shapes.Variants(objects=objects), Object(tag=tag, members=members) if tag in objects:
            fields = objects[tag].fields
            return members.keys() == fields.keys() and all(
                (member is None and fields[name].nullable) or fits(member, fields[name].shape)
                for name, member in members.items()
            )
        case shapes.ValueMap(value=inner), Object(tag="", members=members):
            return all(fits(one, inner) for one in members.values())
        case shapes.ListOf(item=item), Items(items=items):
            return all(fits(one, item) for one in items)
        case shapes.TextSet(member=shapes.UrlText()), Members():
            return True
        case shapes.TextSet(), Members(members=urls):
            # No reference can stand there.
            return not any(secret.ref for url in urls for secret in url.secrets)
        case _:
            return type(value) is _TYPES.get(type(shape))
