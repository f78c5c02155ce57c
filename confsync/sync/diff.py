"""The difference between what the server has and what the files say."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import Fault
from confsync.sync.pair import Key, Mark, Pairing, pair
from confsync.sync.values import Difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from confsync.sync.shape import Variants
    from confsync.sync.tree import Object, Path
    from confsync.sync.values import Origin

Plain: TypeAlias = "dict[str, Plain] | int"

_KINDS = ("values_changed", "dictionary_item_added", "dictionary_item_removed")


def difference(
    live: Object, desired: Object, shape: Variants, origins: Callable[[Path], Origin]
) -> Difference:
    """All changes from the live state to the desired one, in the order of the shape's fields.

    Pairs that cannot be compared are no changes; they are listed as unknown.
    """
    pairing = pair(live, desired, shape, origins)
    keys = () if pairing.equal else _changed(pairing)
    return Difference(tuple(pairing.places[key] for key in keys), tuple(pairing.unknown))


def _changed(pairing: Pairing) -> list[Key]:
    from deepdiff import DeepDiff  # noqa: PLC0415 - equal states never load it

    numbers: dict[Mark, int] = {}
    found = DeepDiff(
        _nested(pairing.live, pairing.places, numbers),
        _nested(pairing.desired, pairing.places, numbers),
        view="tree",
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,
    )
    if set(found) - set(_KINDS):
        raise Fault("the comparison found what no state can hold")
    keys = {
        tuple(str(step) for step in level.path(output_format="list"))
        for kind in _KINDS
        for level in found.get(kind, ())
    }
    return [key for key in pairing.places if key in keys]


def _nested(marks: Mapping[Key, Mark], places: Iterable[Key], numbers: dict[Mark, int]) -> Plain:
    """The marks as nested dictionaries, each distinct mark a number: deepdiff walks into objects
    and compares texts in its own ways, so it is given neither. Both sides get every container,
    so that one that is empty on one side is not reported as a whole.
    """
    root: dict[str, Plain] = {}
    for key in places:
        tree = root
        for step in key[:-1]:
            inner = tree.setdefault(step, {})
            if not isinstance(inner, dict):
                raise Fault("a value stands where an object was")
            tree = inner
        if key in marks:
            tree[key[-1]] = numbers.setdefault(marks[key], len(numbers))
    return root
