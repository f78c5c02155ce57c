"""From changes to the smallest update that the server's rules allow: wire section 5.

The measure. A leaf is a scalar, a set member, null, `{}` or an `@type`. Of an update it holds that

- the server's rules make the desired state of it, and they make something else, or nothing, of it
  without any one of its entries or of its leaves, whatever the hidden secrets are;
- no other update of these forms has fewer leaves: an entry for a field; for a set an entry for
  each member that goes or comes, or the whole set; a nested object whole where its `@type` is
  another, by its members where it is the same; for a list null for a slot, members of a slot that
  stays, a whole item at the end or in a slot where the `@type` is another; for a map a value for a
  key that comes, null for one that goes; an object without `@type` whole where there was none, null
  where there is to be none; the whole object where its `@type` is another. A hidden secret costs
  its leaf in each slot that desires one;
- among equals, a slot with a lower index stays rather than a later one, and members come one by
  one rather than as a set;
- no entry's pointer begins with that of another, so that their order does not matter.

Two things go before the number of leaves: a set is sent whole where the key of a member to remove
would hold a password, and where its order counts and members one by one would end in another.
"""

from __future__ import annotations

from confsync.errors import Fault
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, ValueMap, Variants
from confsync.sync.tree import Items, Members, Object, Path, Tree, certainly_equal
from confsync.sync.tree import leaves as walk
from confsync.sync.url import Url
from confsync.sync.values import Change, Difference, Entry, Patch, Sent, WholeSet


def patch(difference: Difference) -> Patch:
    """The update that closes a difference.

    Another top-level variant is one object with every member that is not at its default. Of the
    variant that stays, each changed leaf is an entry; a nested object or an item is sent whole
    where its variant changes; null takes an item away; a hidden secret stands alone. Slots are the
    server's, which do not shift while an update runs.
    """
    entries: list[Entry] = []
    sets: dict[Path, tuple[WholeSet, list[Change]]] = {}
    for change in difference.changes:
        after, shape = change.after, change.shape
        if change.within is not None:
            sets.setdefault(change.slot, (change.within, []))[1].append(change)
        elif not isinstance(after, Object):
            entries.append(Entry(change.slot, after, change.path))
        elif change.slot:
            entries.append(Entry(change.slot, sent(after, shape), change.path))
        elif not isinstance(shape, Variants):
            raise Fault("an object stands where its shape has none")
        else:
            members = whole(after, shape).members
            entries.append(Entry(("@type",), after.tag, ()))
            entries += [Entry((name,), value, (name,)) for name, value in members.items()]
    for slot, (within, changes) in sets.items():
        gone = [change.before for change in changes if isinstance(change.before, Url)]
        new = [change.after for change in changes if isinstance(change.after, Url)]
        reordered = any(change.action == "reorder" for change in changes)
        path = changes[0].path
        if sent_whole(within, gone, new, reordered=reordered):
            entries.append(Entry(slot, within.desired, path))
        else:
            ends = [(url, None) for url in gone] + [(url, True) for url in new]
            entries += [Entry((*slot, url), value, path) for url, value in ends]
    entries += [
        Entry(unknown.slot, unknown.after, unknown.path)
        for unknown in difference.unknown
        if unknown.hidden
    ]
    return Patch(tuple(entries))


def whole(tree: Object, shape: Variants, base: Tree = None) -> Object:
    """An object as it is sent when it is built anew: members at their default are left out.

    `base`: the object that one without `@type` is merged into.
    """
    members: dict[str, Tree] = {}
    there = base.members if isinstance(base, Object) and shape.plain else {}
    for name, known in shape.objects[tree.tag].fields.items():
        member, default = tree.members[name], there.get(name, known.default)
        if (name not in there and known.required) or not certainly_equal(member, default):
            members[name] = sent(member, known.shape, default)
    return Object(tree.tag, members)


def sent(value: Tree, shape: Shape, base: Tree = None) -> Tree:
    """A value as it is sent in a place where there is none, or in place of a default `base`."""
    match value, shape:
        case Object(), Variants():
            return whole(value, shape, base)
        case Object(), ValueMap(value=inner):
            return Object("", {name: sent(one, inner) for name, one in value.members.items()})
        case Items(), ListOf(item):
            return Items(tuple(whole(one, item) for one in value.items))
        case _:
            return value


def leaves(value: Tree) -> int:
    """Number of leaves of a value: a scalar, a set member, null, an empty set or object, or an
    `@type`.
    """
    match value:
        case Object():
            count = sum(leaves(member) for member in value.members.values())
            return count + 1 if value.tag else max(1, count)
        case Members():
            return max(1, len(value.members))
        case Items():
            return sum(leaves(item) for item in value.items)
        case _:
            return 1


def secrets_sent(update: Patch) -> tuple[Sent, ...]:
    """The secrets that an update carries, in the order of its entries, each once a place."""
    found: dict[Sent, None] = {}
    for entry in update.entries:
        for token in (*entry.pointer, entry.value):
            for path, leaf in walk(token):
                # A member of a set has the set's path.
                steps = path[:-1] if path and isinstance(path[-1], int) else path
                one_by_one = leaf.secrets if isinstance(leaf, Url) and leaf.ref is None else (leaf,)
                for secret in one_by_one:
                    if isinstance(secret, Secret | Url) and secret.ref is not None:
                        found[Sent((*entry.path, *steps), secret.ref)] = None
    return tuple(found)


def sent_whole(within: WholeSet, gone: list[Url], new: list[Url], *, reordered: bool) -> bool:
    """True if a set is sent whole, not member by member: where that is smaller, where the members
    would end up in an order that counts and is another, or where the key of a member to remove
    would hold a password that was read.
    """
    in_order = not reordered and (not new or within.desired.members[-len(new) :] == tuple(new))
    return (
        leaves(within.desired) < len(gone) + len(new)
        or any(url.secrets for url in gone)
        or (within.order_counts and not in_order)
    )
