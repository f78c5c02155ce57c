"""Revise a store file so that it describes a live state.

Values that equal the live state, or may equal it, stay as they are written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from confsync.store.decode import tag_of, value_at
from confsync.store.encode import Writer, mapping_parts
from confsync.store.mistakes import TYPE
from confsync.store.scalars import is_null
from confsync.store.urls import ADDRESS, PASSWORD
from confsync.sync.align import closest, cost
from confsync.sync.patch import leaves, whole
from confsync.sync.shape import ListOf, SecretText, Shape, UrlSet, UrlText, Variants
from confsync.sync.tree import (
    Items,
    Members,
    Object,
    Path,
    Tree,
    certainly_equal,
    match_urls,
    may_be_another,
    relation,
    url_key,
)
from confsync.sync.url import Url, trim
from confsync.yaml.edit import KEEP, Elements, Entries, Keep, Revised, Revision, Write
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.kinds.kind import Kind
    from confsync.store.urls import Reference
    from confsync.sync.secret import Vault
    from confsync.sync.shape import Field
    from confsync.sync.values import Live

Resolve: TypeAlias = "Callable[[Tree], Tree]"


@dataclass(frozen=True)
class Words:
    """How to read the values of a file.

    `references` are the kinds of references that there are, and `resolve` resolves those of a
    value as far as it can. `taken` are texts that no new reference may have for its name.
    """

    vault: Vault
    references: Mapping[str, Reference]
    resolve: Resolve
    taken: frozenset[str]

    def value(self, node: Node, shape: Shape) -> Tree | None:
        """The value of a node; None if invalid."""
        found = value_at(node, shape, self.vault, self.references)
        return None if found is None else self.resolve(found)


def revise(
    live: Live, kind: Kind, top: MappingNode | None, below: MappingNode | None, words: Words
) -> Revised:
    """The revision that makes a file's object describe a live state.

    `top` is the object as the file has it (None: not at all), `below` as the layers under the file
    have it, laid over each other. Fields that the file names stay named. Others are named where
    what the layers below say, or without them the default, is not so.
    """
    reviser = _Reviser(words, Writer(words.taken))
    revision = reviser.object(live.tree, kind.shape, top, below, ())
    if revision is None:
        revision = Write({TYPE: live.tree.tag})
    return Revised(
        revision,
        tuple(reviser.changed),
        tuple(reviser.gone),
        tuple(reviser.writer.fill_in),
        tuple(reviser.writer.unsayable),
    )


@dataclass
class _Reviser:
    words: Words
    writer: Writer
    changed: list[Path] = field(default_factory=list)
    gone: list[Path] = field(default_factory=list)

    def object(
        self,
        live: Object,
        shape: Variants,
        node: MappingNode | None,
        below: MappingNode | None,
        path: Path,
    ) -> Revision | None:
        """The revision of an object; None where the file need not name it."""
        base = below if below is not None and tag_of(below) == live.tag else None
        entries: list[tuple[str, Revision]] = []
        written = None if node is None else tag_of(node)
        if written == live.tag:
            entries.append((TYPE, KEEP))
        elif node is None or written is not None or base is None:
            entries.append((TYPE, self._write(live.tag, (*path, TYPE))))
        fields = shape.objects[live.tag].fields
        for name, known in fields.items():
            entry = None if node is None else node.get(name)
            lower = None if base is None else base.get(name)
            under = None if lower is None else lower[1]
            value, here = live.members[name], (*path, name)
            if entry is not None:
                entries.append((name, self._named(value, known, entry[1], under, here)))
            else:
                revision = self._unnamed(value, known, under, here)
                entries += [] if revision is None else [(name, revision)]
        if node is None:
            return self._new(entries, base, path)
        names = {TYPE, *fields}
        self.gone += [(*path, key.text) for key, _ in node.entries if key.text not in names]
        stays = len(entries) == len(node.entries) and all(
            isinstance(revision, Keep) for _, revision in entries
        )
        return KEEP if stays else Entries(tuple(entries))

    def _new(
        self, entries: list[tuple[str, Revision]], base: MappingNode | None, path: Path
    ) -> Revision | None:
        """An object that the file does not name yet, as one value."""
        within = path or (TYPE,)
        self.changed = [place for place in self.changed if place[: len(within)] != within]
        if len(entries) == 1 and base is not None:
            return None
        self.changed += [path] if path else []
        values = {name: entry.value for name, entry in entries if isinstance(entry, Write)}
        return Write(values)

    def _unnamed(
        self, value: Tree, known: Field, below: Node | None, path: Path
    ) -> Revision | None:
        """The revision of a field that the file does not name; None where it need not."""
        if below is None:
            if not known.required and certainly_equal(value, known.default):
                return None
        elif isinstance(value, Object) and isinstance(known.shape, Variants):
            under = below if isinstance(below, MappingNode) else None
            return self.object(value, known.shape, None, under, path)
        else:
            trial = _Reviser(self.words, Writer(self.words.taken))
            if isinstance(trial._named(value, known, below, None, path), Keep):
                return None
        return self._fresh(value, known.shape, path)

    def _named(
        self, value: Tree, known: Field, node: Node, below: Node | None, path: Path
    ) -> Revision:
        """The revision of a field that the file names."""
        null = isinstance(node, ScalarNode) and is_null(node)
        if value is None:
            return KEEP if null else self._write(None, path)
        match value, known.shape, node:
            case Object(), Variants() as shape, MappingNode():
                under = below if isinstance(below, MappingNode) else None
                return self.object(value, shape, node, under, path) or KEEP
            case Items(), ListOf() as shape, SequenceNode():
                return self._list(value, shape, node, path)
            case Members(), UrlSet() as shape, SequenceNode():
                return self._set(value, shape, node, path)
            case Url(), UrlText(), _:
                return self._url(value, node, path)
            case _, SecretText(), _:
                return KEEP
            case _, shape, _:
                said = None if null else self.words.value(node, shape)
                alike = said is not None and relation(value, said) == "same"
                return KEEP if alike else self._fresh(value, shape, path)

    def _url(self, live: Url, node: Node, path: Path) -> Revision:
        said = self.words.value(node, UrlText())
        if isinstance(said, Url) and relation(live, said) != "different":
            return KEEP
        parts = mapping_parts(live)
        if parts is None or not isinstance(node, MappingNode) or node.get(ADDRESS) is None:
            return self._fresh(live, UrlText(), path)
        self.changed.append(path)
        entries: list[tuple[str, Revision]] = []
        for name, text in parts.items():
            entry = node.get(name)
            before = entry[1].text if entry and isinstance(entry[1], ScalarNode) else None
            alike = before == text or (name == ADDRESS and before and trim(before) == text)
            entries.append((name, KEEP if alike else Write(text)))
        secret = Write(self.writer.reference()) if _other(live, said) else KEEP
        return Entries((*entries, (PASSWORD, secret)))

    def _set(self, live: Members, shape: UrlSet, node: SequenceNode, path: Path) -> Revision:
        def member(item: Node) -> Url | None:
            found = self.words.value(item, UrlText())
            return found if isinstance(found, Url) else None

        def revised(index: int, item: Node | None) -> Revision:
            url, here = live.members[index], (*path, index)
            return self._fresh(url, UrlText(), here) if item is None else self._url(url, item, here)

        before = len(self.changed)
        revision = _revised_set(live, shape, [_Item(n, member(n)) for n in node.items], revised)
        del self.changed[before:]
        if not isinstance(revision, Keep):
            self.changed.append(path)
        return revision

    def _list(self, live: Items, shape: ListOf, node: SequenceNode, path: Path) -> Revision:
        said = [self.words.value(item, shape.item) for item in node.items]

        @cache
        def keep(i: int, j: int) -> int:
            before, after = said[i], live.items[j]
            return cost(after, before, shape.item) if isinstance(before, Object) else add(j)

        @cache
        def add(j: int) -> int:
            return leaves(whole(live.items[j], shape.item))

        items: list[tuple[int | None, Revision]] = []
        for i, j in closest(len(said), len(live.items), keep, add):
            item = None if i is None else node.items[i]
            if j is None:
                self.gone.append((*path, i or 0))
                continue
            here = (*path, j)
            mapping = item if isinstance(item, MappingNode) else None
            if mapping is None:
                items.append((None, self._fresh(live.items[j], shape.item, here)))
            else:
                revision = self.object(live.items[j], shape.item, mapping, None, here)
                items.append((i, revision or KEEP))
        stays = len(items) == len(node.items) and all(isinstance(item, Keep) for _, item in items)
        return KEEP if stays else Elements(tuple(items))

    def _fresh(self, value: Tree, shape: Shape, path: Path) -> Write:
        """A value that replaces the written one, or a new one."""
        self.changed.append(path)
        return Write(self.writer.tree(value, shape, path))

    def _write(self, value: str | None, path: Path) -> Write:
        self.changed.append(path)
        return Write(value)


def _other(live: Url, said: Tree | None) -> bool:
    """Whether the live password of a URL certainly differs from the referenced one."""
    if not isinstance(said, Url) or not said.secrets:
        return True
    return said.secrets[0].id is not None and said.secrets[0] != live.secrets[0]


@dataclass(frozen=True)
class _Item:
    """An item of a list with its URL; None if it holds no valid URL."""

    node: Node
    url: Url | None


@dataclass(frozen=True)
class _Place:
    """A member of the revised list: the indexes of its items in the file and of its live URL."""

    items: tuple[int, ...]
    live: int | None
    url: Url
    revision: Revision


def _revised_set(
    live: Members,
    shape: UrlSet,
    items: Sequence[_Item],
    revised: Callable[[int, Node | None], Revision],
) -> Revision:
    """The revision of a list of URLs.

    Items that may equal a live URL keep their places; new ones come at the end. If the order
    counts, items take the live order. `revised` gets the index of a live URL and the item to
    replace, None for a new one.
    """
    said, indexes = _distinct(items)
    places: list[_Place] = []
    for i, j in match_urls(live.members, said):
        at = () if j is None else indexes[j]
        if i is not None:
            revision = revised(i, items[at[0]].node if at else None)
            kept = isinstance(revision, Keep)
            places.append(_Place(at if kept else at[:1], i, live.members[i], revision))
        elif j is not None and may_be_another(said[j], said):
            places.append(_Place(at, None, said[j], KEEP))
    if _order_counts(live, shape, said, places):
        wanted = _in_live_order(places)
    else:
        old = {item: place.revision for place in places for item in place.items}
        wanted = [(item, old[item]) for item in sorted(old)]
        wanted += [(None, place.revision) for place in places if not place.items]
    stays = [item for item, _ in wanted] == list(range(len(items))) and all(
        isinstance(revision, Keep) for _, revision in wanted
    )
    return KEEP if stays else Elements(tuple(wanted))


def _order_counts(
    live: Members, shape: UrlSet, said: tuple[Url, ...], places: Sequence[_Place]
) -> bool:
    """Whether order may count in the revised list: a new reference differs from all others."""
    fresh = any(place.url.secrets and not isinstance(place.revision, Keep) for place in places)
    return fresh or shape.order_counts(live.members) or shape.order_counts(said)


def _in_live_order(places: list[_Place]) -> list[tuple[int | None, Revision]]:
    """Items in live order, then unresolved ones; a duplicate follows its predecessor."""
    last = max((place.live for place in places if place.live is not None), default=0) + 1
    ordered = sorted(places, key=lambda place: last if place.live is None else place.live)
    wanted: list[tuple[int | None, Revision]] = [
        (next(iter(place.items), None), place.revision) for place in ordered
    ]
    for again in sorted(item for place in ordered for item in place.items[1:]):
        earlier = [item for item, _ in wanted if item is not None and item < again]
        at = [item for item, _ in wanted].index(max(earlier)) + 1
        wanted.insert(at, (again, KEEP))
    return wanted


def _distinct(items: Sequence[_Item]) -> tuple[tuple[Url, ...], list[tuple[int, ...]]]:
    """The distinct URLs of a list, and the indexes of the items of each."""
    found: dict[object, tuple[Url, list[int]]] = {}
    for index, item in enumerate(items):
        if item.url is not None:
            found.setdefault(
                item.url.parts if item.url.resolved else url_key(item.url), (item.url, [])
            )[1].append(index)
    urls = tuple(url for url, _ in found.values())
    return urls, [tuple(indexes) for _, indexes in found.values()]
