"""Groups: what a target says itself, and what it shares with others. Product page, section 2.

Groups count depth first, from left to right, the target last; each once. `files`, `ignore`,
`allow`, `set` and `secrets` add up; of everything else the last counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.store.mistakes import Mistake, near_name, unknown
from confsync.sync.names import nearest
from confsync.sync.tree import path_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.store.records import RecordReading, Value
    from confsync.sync.tree import Path
    from confsync.yaml.nodes import Mark

_LISTS, _MAPS = ("files", "ignore", "allow"), ("set", "secrets")
_LOGINS = {"token": ("user", "password"), "user": ("token",), "password": ("token",)}
"""Credentials of a group that do not count beside others."""
_DEEPEST = 32


@dataclass(frozen=True)
class Said:
    """A value with its path in the file, like `groups/all/proxy`, and the marks of its key and of
    itself. `value` None: it is invalid.
    """

    value: Value
    path: Path
    key: Mark
    mark: Mark

    @property
    def name(self) -> str:
        """The path as text."""
        return path_text(self.path)

    @property
    def group(self) -> str:
        """The group that says it; empty for a target's own value."""
        return str(self.path[1]) if self.path[0] == "groups" else ""

    @property
    def place(self) -> Mark:
        """The place of its key, with its group."""
        return replace(self.key, group=self.group)


@dataclass(frozen=True)
class Entry:
    """A group or a target of a file, as it is written there."""

    path: Path
    values: Mapping[str, Value]
    read: RecordReading

    def said(self, member: str) -> Said | None:
        """A member; None if it is not there."""
        return self._said(self.values.get(member), (*self.path, member))

    def items(self, member: str) -> Iterator[Said]:
        """The valid items of a list."""
        values = self.values.get(member)
        for index, value in enumerate(values if isinstance(values, tuple) else ()):
            path = (*self.path, member, index)
            if value is not None:
                yield Said(value, path, self.read.marks[path], self.read.marks[path])

    def entries(self, member: str) -> Iterator[tuple[str, Said]]:
        """The valid values of a map."""
        values = self.values.get(member)
        for name, value in (values if isinstance(values, dict) else {}).items():
            said = self._said(value, (*self.path, member, name))
            if said is not None and value is not None:
                yield name, said

    def _said(self, value: Value, path: Path) -> Said | None:
        key = self.read.keys.get(path)
        return None if key is None else Said(value, path, key, self.read.marks[path])


@dataclass
class Together:
    """The values of a target with its groups. `groups`: in the order in which they count.
    `whole`: no group is missing or invalid.
    """

    groups: tuple[str, ...] = ()
    whole: bool = True
    texts: dict[str, Said] = field(default_factory=dict)
    lists: dict[str, dict[object, Said]] = field(default_factory=dict)
    maps: dict[str, dict[str, Said]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Let an entry count after those before it."""
        own = {member: said for member in entry.values if (said := entry.said(member))}
        for member, said in own.items():
            if member in _LISTS:
                items = self.lists.setdefault(member, {})
                for item in entry.items(member):
                    # A file stays where it first was; an allowance is replaced.
                    if member == "allow":
                        items[_key(item.value)] = item
                    else:
                        items.setdefault(_key(item.value), item)
            elif member in _MAPS:
                known = self.maps.setdefault(member, {})
                for name, one in entry.entries(member):
                    known.pop(name, None)
                    known[name] = one
            elif member != "in":
                for other in _LOGINS.get(member, ()):
                    if other not in own:
                        self.texts.pop(other, None)
                self.texts[member] = said


def _key(value: Value) -> object:
    return value["risk"] if isinstance(value, dict) else value


@dataclass
class Lineages:
    """The groups of groups and targets, and the mistakes in them. `invalid`: the names of groups
    that are none.
    """

    groups: Mapping[str, Entry]
    invalid: frozenset[str] = frozenset()
    mistakes: list[tuple[Mark, Mistake]] = field(default_factory=list)
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, entry: Entry, within: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The names of all groups of an entry, in the order in which they count. `within`: the
        groups whose order is being found.
        """
        found: dict[str, None] = {}
        for said in entry.items("in"):
            name = str(said.value)
            if name in self.invalid:
                continue
            if len(within) == _DEEPEST:
                fact = "groups are in groups more than 32 levels deep"
                hint = "name the outer groups in the target itself"
                wrong = Mistake("too-large", fact, hint)
                self.mistakes.append((said.mark, wrong))
            elif name in within:
                cycle = " in ".join((*within[within.index(name) :], name))
                wrong = Mistake("group-cycle", f"a group is in itself: {cycle}", "remove one `in`")
                self.mistakes.append((said.mark, wrong))
            elif name not in self.groups:
                shown = near_name(name, self.groups)
                known = f"known groups: {', '.join(self.groups)}" if self.groups else ""
                hint = nearest(name, self.groups).rstrip("; ") or known or "add it to `groups`"
                wrong = Mistake("unknown-group", f"{said.name}: {unknown('group', shown)}", hint)
                self.mistakes.append((said.mark, wrong))
            else:
                if name not in self._known:
                    self._known[name] = self.of(self.groups[name], (*within, name))
                found |= dict.fromkeys((*self._known[name], name))
        return tuple(found)

    def together(self, target: Entry) -> Together:
        """A target with its groups."""
        made = Together(self.of(target), not self.mistakes and not self.invalid)
        for name in made.groups:
            made.add(self.groups[name])
        made.add(target)
        return made
