"""Where a patch leads, and what it puts there (wire section 5.2, objects.md section 2).

`follow` leads a pointer through an object; `whole` makes the value at its end. Each kind of field
has one function for either. All of them change the target in place and raise `Refused`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.sandbox.fields import ItemList, MapOf, Nested, SetOf
from confsync.sandbox.objects import defaults, members
from confsync.sandbox.pointer import Pointer, Token, Wildcard, index, text, written_index
from confsync.sandbox.texts import Refused

if TYPE_CHECKING:
    from confsync.sandbox.fields import Field, Json, Type
    from confsync.sandbox.leaves import Leaf


def follow(type_: Type, target: Json, tokens: Pointer, value: object) -> None:
    """Follow a pointer into an object, and put the value where it ends."""
    fields = type_.fields(target)
    if not tokens or not isinstance(tokens[0], str):
        raise Refused
    name, rest = tokens[0], tokens[1:]
    if name == "@type" and fields:
        return
    if name not in fields:
        raise Refused
    field = fields[name]
    if not rest:
        target[name] = whole(field, value, target[name])
    elif isinstance(field, SetOf):
        _follow_set(field, members(target[name]), rest, value)
    elif isinstance(field, MapOf):
        _follow_map(field, members(target[name]), rest, value)
    elif isinstance(field, ItemList):
        _follow_list(field, members(target[name]), rest, value)
    elif isinstance(field, Nested):
        target[name] = _follow_nested(field, target[name], rest, value)
    else:
        raise Refused


def _key(leaf: Leaf, token: Token) -> str:
    """Read a token as a member of a set or a key of a map."""
    if isinstance(token, Wildcard):
        raise Refused
    return str(leaf.accept(text(token)))


def _follow_set(field: SetOf, present: Json, rest: Pointer, value: object) -> None:
    """Follow `urls/<v>`: true adds at the end, false or null takes away."""
    if len(rest) > 1:
        raise Refused
    member = _key(field.member, rest[0])
    if value is True:
        present[member] = True
    elif value is False or value is None:
        present.pop(member, None)
    else:
        raise Refused


def _follow_map(field: MapOf, values: Json, rest: Pointer, value: object) -> None:
    """Follow `map/<key>`, which null takes away, or `map/<key>/…`, a member of a nested object."""
    key = _key(field.key, rest[0])
    if len(rest) > 1:
        if not isinstance(field.value, Nested):
            raise Refused
        values[key] = _follow_nested(field.value, values.get(key), rest[1:], value)
    elif value is None:
        values.pop(key, None)
    else:
        values[key] = whole(field.value, value, values.get(key))


def _follow_list(field: ItemList, items: Json, rest: Pointer, value: object) -> None:
    """Follow `stores/N`, a whole item, or `stores/N/…`, a member of one, made if need be."""
    number = index(rest[0])
    if number is None:
        raise Refused
    slot = str(number)
    if len(rest) > 1:
        item = items.setdefault(slot, defaults(field.type))
        follow(field.type, members(item), rest[1:], value)
    elif value is not None:
        items[slot] = _object(field.type, value, items.get(slot))
    elif items.pop(slot, None) is None:
        raise Refused


def _follow_nested(field: Nested, current: object, rest: Pointer, value: object) -> Json:
    """Follow a pointer into a nested object; one that is not there starts from its type's defaults.

    Null through a pointer into a nullable object is refused, whatever the member.
    """
    if field.nullable and value is None:
        raise Refused
    target = defaults(field.type) if current is None else members(current)
    follow(field.type, target, rest, value)
    return target


def whole(field: Field, value: object, current: object) -> object:
    """Make the value of a field from one that was sent whole; raises `Refused`."""
    if isinstance(field, SetOf):
        return _whole_set(field, value)
    if isinstance(field, MapOf):
        return _whole_map(field, value)
    if isinstance(field, ItemList):
        return _whole_list(field, value)
    if isinstance(field, Nested):
        return None if field.nullable and value is None else _object(field.type, value, current)
    return field.accept(value)


def _whole_set(field: SetOf, value: object) -> Json:
    made: Json = {}
    for word, present in _sent(value).items():
        member = str(field.member.accept(word))
        if not isinstance(present, bool):
            raise Refused
        if present:
            made[member] = True
    return made


def _whole_map(field: MapOf, value: object) -> Json:
    return {
        str(field.key.accept(word)): whole(field.value, part, None)
        for word, part in _sent(value).items()
    }


def _whole_list(field: ItemList, value: object) -> Json:
    made: Json = {}
    for word, item in _sent(value).items():
        number = written_index(word)
        if number is None:
            raise Refused
        made[str(number)] = _object(field.type, item, None)
    return made


def _object(type_: Type, value: object, current: object) -> Json:
    """Make a nested object: with variants anew, without them merged into the current one."""
    if type_.has_variants or current is None:
        return rebuilt(type_, value)
    return _merged(type_, members(current), value)


def rebuilt(type_: Type, value: object) -> Json:
    """Make an object from its variant's defaults and the members sent, by plain names.

    A variant without fields ignores the members beside its `@type`.
    """
    if not type_.has_variants:
        return _merged(type_, defaults(type_), value)
    variant = _sent(value).get("@type")
    if not isinstance(variant, str) or variant not in type_.variants:
        raise Refused
    made = defaults(type_, variant)
    return _merged(type_, made, value) if type_.variants[variant] else made


def _merged(type_: Type, made: Json, value: object) -> Json:
    """Put members into an object. An error leads to a name that the server knows (section 5.2)."""
    fields = type_.fields(made)
    for name, part in _sent(value).items():
        if name == "@type":
            continue
        if name not in fields:
            raise Refused(*([name] if type_.is_known(name) else []))
        try:
            made[name] = whole(fields[name], part, made[name])
        except Refused as refused:
            raise Refused(name, *refused.below) from None
    return made


def _sent(value: object) -> Json:
    if not isinstance(value, dict):
        raise Refused
    return value
