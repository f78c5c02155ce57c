"""Whether a state has the shape that it should have: for states that come from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.sync import shape as shapes
from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Members, Object
from confsync.sync.url import Url

if TYPE_CHECKING:
    from confsync.sync.tree import Tree


def fits(value: Tree, shape: shapes.Shape) -> bool:
    """Whether a value is of the kind that a shape asks for, all that is in it included. Limits are
    not looked at.
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
        case shapes.UrlSet(), Members(members=urls):
            return all(isinstance(url, Url) for url in urls)
        case (
            (shapes.UrlText(), Url()) | (shapes.SecretText(), Secret()) | (shapes.Boolean(), bool())
        ):
            return True
        case ((shapes.Text() | shapes.Choice()), str()):
            return True
        case ((shapes.Unsigned() | shapes.Duration()), int()):
            return not isinstance(value, bool)
        case _:
            return False
