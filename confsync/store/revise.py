"""Revise a store file to describe a live state. Values that may equal the live state stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from confsync.errors import Fault
from confsync.store.decode import Decoder
from confsync.store.encode import Writer, is_key, mapping_parts, spelt_out, with_default
from confsync.store.layers import member_of, tag_of
from confsync.store.mistakes import PLAINTEXT, TYPE
from confsync.store.scalars import is_null
from confsync.store.urls import ADDRESS, PASSWORD
from confsync.sync import tree as trees
from confsync.sync.align import closest, cost
from confsync.sync.patch import leaves, whole
from confsync.sync.shape import Field, ListOf, SecretText, TextSet, UrlText, ValueMap, Variants
from confsync.sync.url import Url, trim
from confsync.yaml.edit import KEEP, Elements, Entries, Keep, Revised, Revision, Write
from confsync.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confsync.kinds.kind import Kind
    from confsync.store.urls import References
    from confsync.sync.secret import Ref, Vault
    from confsync.sync.shape import Shape
    from confsync.sync.values import Live
    from confsync.yaml.emit import Plain


@dataclass(frozen=True)
class Words:
    """Reads the values of a file.

    `references`: the kinds of references. `resolve` resolves those of a value as far as possible.
    `taken`: names that no new reference gets. `secrets`: see `Reader`.
    """

    vault: Vault
    references: References
    resolve: Callable[[trees.Tree], trees.Tree]
    taken: frozenset[str]
    secrets: Mapping[str, Ref] | None = None

    def value(self, node: Node, shape: Shape) -> trees.Tree | None:
        """The value of a node that is not null; None if invalid."""
        decoder = Decoder(self.vault, self.references, secrets=self.secrets)
        found = decoder.tried(node, shape, ())
        valid = all(problem.rule == PLAINTEXT for problem in decoder.problems)
        return self.resolve(found) if valid and found is not None else None

    def member(self, item: Node, shape: TextSet) -> Url | None:
        """A member of a set; None if invalid."""
        found = self.value(SequenceNode(item.mark, (item,)), shape)
        return next(iter(found.members), None) if isinstance(found, trees.Members) else None

    def named(self, entry: tuple[ScalarNode, Node], shape: ValueMap) -> trees.Tree | None:
        """A value of a map; None if invalid."""
        found = self.value(MappingNode(entry[0].mark, (entry,)), shape)
        members = found.members.values() if isinstance(found, trees.Object) else ()
        return next(iter(members), None)


def revise(
    live: Live, kind: Kind, top: MappingNode | None, below: MappingNode | None, words: Words
) -> Revised:
    """The revision that makes a file's object describe a live state.

    `top`: the object in the file, None if missing; `below`: the object of the layers under the
    file. Named fields stay named. Others are named if the live value differs from the layers below,
    or without layers from the default.
    """
    reviser = _Reviser(words, Writer(words.taken))
    revision = reviser.object(live.tree, Field(kind.shape), top, below, ())
    written = revision or Write({} if kind.shape.plain else {TYPE: live.tree.tag})
    changed, gone, writer = tuple(reviser.changed), tuple(reviser.gone), reviser.writer
    return Revised(written, changed, gone, tuple(writer.fill_in), tuple(writer.unsayable))


@dataclass
class _Reviser:
    words: Words
    writer: Writer
    changed: list[trees.Path] = field(default_factory=list)
    gone: list[trees.Path] = field(default_factory=list)

    def object(
        self,
        live: trees.Object,
        of: Field,
        node: MappingNode | None,
        below: Node | None,
        path: trees.Path,
    ) -> Revision | None:
        """The revision of the object of a field; None if the file need not name it."""
        shape = of.shape
        if not isinstance(shape, Variants):
            raise Fault("an object has the shape of one")
        base = below if shape.plain or tag_of(below) == live.tag else None
        entries: list[tuple[str, Revision]] = []
        written = tag_of(node)
        if written == live.tag:
            entries.append((TYPE, KEEP))
        elif not shape.plain and (node is None or written is not None or base is None):
            entries.append((TYPE, self._write(live.tag, (*path, TYPE))))
        fields = with_default(shape.objects[live.tag].fields, of.base, shape)
        spelt = spelt_out(live, shape) if node is None and base is None else ()
        for name, known in fields.items():
            old, under = member_of(node, name), member_of(base, name)
            value, here = live.members[name], (*path, name)
            if known.kept and under is None and value == known.default:
                # Never set on the server: no file can say that.
                self.gone += [] if old is None else [here]
                continue
            if old is None:
                always = known.required or name in spelt
                revision = self._unnamed(value, known, under, here, always=always)
            else:
                revision = self._named(value, known, old, under, here)
            entries += [] if revision is None else [(name, revision)]
        if node is not None:
            names = {TYPE, *fields}
            self.gone += [(*path, key.text) for key, _ in node.entries if key.text not in names]
            return KEEP if _kept(entries, len(node.entries)) else Entries(tuple(entries))
        # A new object is one change.
        within = path or (TYPE,)
        self.changed = [place for place in self.changed if place[: len(within)] != within]
        if base is not None and not [name for name, _ in entries if name != TYPE]:
            return None
        self.changed += [path] if path else []
        return Write({name: entry.value for name, entry in entries if isinstance(entry, Write)})

    def _unnamed(
        self,
        value: trees.Tree,
        known: Field,
        below: Node | None,
        path: trees.Path,
        *,
        always: bool,
    ) -> Revision | None:
        """The revision of a field that the file does not name; None if it need not."""
        if below is None:
            if not always and trees.certainly_equal(value, known.default):
                return None
        elif isinstance(value, trees.Object) and isinstance(known.shape, Variants):
            if known.shape.short:
                said = self.words.value(below, known.shape)
                return None if said == value else self._fresh(value, known, path)
            return self.object(value, known, None, below, path)
        else:
            trial = _Reviser(self.words, Writer(self.words.taken))
            if isinstance(trial._named(value, known, below, None, path), Keep):
                return None
        return self._fresh(value, known, path)

    def _named(
        self, value: trees.Tree, known: Field, node: Node, below: Node | None, path: trees.Path
    ) -> Revision:
        """The revision of a field that the file names."""
        null = isinstance(node, ScalarNode) and is_null(node)
        if value is None:
            return KEEP if null else self._write(None, path)
        match value, known.shape, node:
            case trees.Object(), Variants(), MappingNode():
                return self.object(value, known, node, below, path) or KEEP
            case trees.Object(), ValueMap(), MappingNode():
                return self._map(value, known, node, below, path)
            case trees.Items(), ListOf() as shape, SequenceNode():
                return self._list(value, shape, node, path)
            case trees.Members(), TextSet() as shape, SequenceNode():
                return self._set(value, shape, node, path)
            case Url(), UrlText(), _:
                return self._url(value, node, self.words.value(node, UrlText()), path)
            case _, SecretText(), _:
                return KEEP
            case _, shape, _:
                said = None if null else self.words.value(node, shape)
                alike = said is not None and trees.relation(value, said) == "same"
                return KEEP if alike else self._fresh(value, known, path)

    def _map(
        self,
        live: trees.Object,
        field_: Field,
        node: MappingNode,
        below: Node | None,
        path: trees.Path,
    ) -> Revision:
        """The revision of a map. Its keys keep their places; new ones come at the end."""
        shape = field_.shape
        if not isinstance(shape, ValueMap):
            raise Fault("a map has the shape of one")
        if not live.members:
            return self._write({}, path) if node.entries else KEEP
        old, base = _by_key(node), _by_key(below)
        defaults = field_.default.members if isinstance(field_.default, trees.Object) else {}
        entries: list[tuple[str, Revision]] = []
        for name in {**old, **live.members}:
            here, value, entry = (*path, name), live.members.get(name), old.get(name)
            known = Field(shape.value, required=True, default=defaults.get(name))
            under = base[name][1] if name in base else None
            if value is None:
                self.gone.append(here)
            elif entry is None:
                self.writer.unsayable += [] if is_key(name) else [here]
                new = self._unnamed(value, known, under, here, always=True)
                entries += [] if new is None else [(name, new)]
            elif isinstance(value, Url):
                said = self.words.named(entry, shape)
                entries.append((entry[0].text, self._url(value, entry[1], said, here)))
            else:
                entries.append((entry[0].text, self._named(value, known, entry[1], under, here)))
        return KEEP if _kept(entries, len(node.entries)) else Entries(tuple(entries))

    def _url(self, live: Url, node: Node, said: trees.Tree | None, path: trees.Path) -> Revision:
        if isinstance(said, Url) and trees.relation(live, said) != "different":
            return KEEP
        parts = mapping_parts(live)
        if parts is None or not isinstance(node, MappingNode) or node.get(ADDRESS) is None:
            return self._fresh(live, Field(UrlText()), path)
        self.changed.append(path)
        entries: list[tuple[str, Revision]] = []
        for name, text in parts.items():
            entry = node.get(name)
            before = entry[1].text if entry and isinstance(entry[1], ScalarNode) else None
            alike = before == text or (name == ADDRESS and before and trim(before) == text)
            entries.append((name, KEEP if alike else Write(text)))
        known = said.secrets if isinstance(said, Url) else ()
        stays = known and (known[0].id is None or known[0] == live.secrets[0])
        entries.append((PASSWORD, KEEP if stays else Write(self.writer.reference())))
        return Entries(tuple(entries))

    def _set(
        self, live: trees.Members, shape: TextSet, node: SequenceNode, path: trees.Path
    ) -> Revision:
        """The revision of a list of URLs. Items that may equal a live URL keep their places; new
        ones come at the end. If the order counts, items take the live order.
        """
        found: dict[object, tuple[Url, list[int]]] = {}
        for index, item in enumerate(node.items):
            url = self.words.member(item, shape)
            if url is not None:
                key = url.parts if url.resolved else trees.url_key(url)
                found.setdefault(key, (url, []))[1].append(index)
        said = tuple(url for url, _ in found.values())
        indexes = [at for _, at in found.values()]
        places: list[_Place] = []
        new: Revision
        fresh = False
        changes = len(self.changed)
        for i, j in trees.match_urls(live.members, said):
            at: Sequence[int] = () if j is None else indexes[j]
            if i is not None:
                url, here = live.members[i], (*path, i)
                if at and j is not None:
                    new = self._member(url, shape, node.items[at[0]], said[j], here)
                else:
                    new = self._write(self.writer.member(url, shape.member, here), here)
                stays = isinstance(new, Keep)
                fresh = fresh or (not stays and bool(url.secrets))
                places.append(_Place(at if stays else at[:1], i, new))
            elif j is not None and trees.may_be_another(said[j], said):
                places.append(_Place(at, None, KEEP))
        del self.changed[changes:]
        # A new reference differs from all others: the order may count.
        if fresh or shape.order_counts(live.members) or shape.order_counts(said):
            wanted = _in_live_order(places)
        else:
            revisions = {item: place.revision for place in places for item in place.items}
            wanted = [(item, revisions[item]) for item in sorted(revisions)]
            wanted += [(None, place.revision) for place in places if not place.items]
        kept = _kept(wanted, len(node.items))
        if kept and [item for item, _ in wanted] == [*range(len(node.items))]:
            return KEEP
        self.changed.append(path)
        return Elements(tuple(wanted))

    def _member(
        self, live: Url, shape: TextSet, item: Node, said: Url, path: trees.Path
    ) -> Revision:
        if isinstance(shape.member, UrlText):
            return self._url(live, item, said, path)
        if trees.relation(live, said) == "same":
            return KEEP
        return self._write(self.writer.member(live, shape.member, path), path)

    def _list(
        self, live: trees.Items, shape: ListOf, node: SequenceNode, path: trees.Path
    ) -> Revision:
        said = [self.words.value(item, shape.item) for item in node.items]

        @cache
        def keep(i: int, j: int) -> int:
            before, after = said[i], live.items[j]
            return cost(after, before, shape.item) if isinstance(before, trees.Object) else add(j)

        @cache
        def add(j: int) -> int:
            return leaves(whole(live.items[j], shape.item))

        items: list[tuple[int | None, Revision]] = []
        for i, j in closest(len(said), len(live.items), keep, add):
            if j is None:
                self.gone.append((*path, i or 0))
                continue
            item, here = None if i is None else node.items[i], (*path, j)
            if isinstance(item, MappingNode):
                revision = self.object(live.items[j], Field(shape.item), item, None, here)
                items.append((i, revision or KEEP))
            else:
                items.append((None, self._fresh(live.items[j], Field(shape.item), here)))
        return KEEP if _kept(items, len(node.items)) else Elements(tuple(items))

    def _fresh(self, value: trees.Tree, known: Field, path: trees.Path) -> Write:
        """A value that replaces the written one, or a new one."""
        return self._write(self.writer.tree(value, known.shape, path, known.default), path)

    def _write(self, value: Plain, path: trees.Path) -> Write:
        self.changed.append(path)
        return Write(value)


def _kept(revisions: Sequence[tuple[object, Revision]], count: int) -> bool:
    """Return True for `count` revisions that change nothing."""
    return len(revisions) == count and all(isinstance(one, Keep) for _, one in revisions)


def _by_key(node: Node | None) -> Mapping[str, tuple[ScalarNode, Node]]:
    """The entries of a map by their keys as the server has them."""
    entries = node.entries if isinstance(node, MappingNode) else ()
    return {trim(entry[0].text): entry for entry in entries}


class _Place(NamedTuple):
    """A member of the revised list: the indexes of its items in the file and of its live URL."""

    items: Sequence[int]
    live: int | None
    revision: Revision


def _in_live_order(places: Sequence[_Place]) -> list[tuple[int | None, Revision]]:
    """Items in live order, then unresolved ones; a duplicate follows its predecessor."""
    ordered = sorted(places, key=lambda place: (place.live is None, place.live or 0))
    wanted: list[tuple[int | None, Revision]] = [
        (place.items[0] if place.items else None, place.revision) for place in ordered
    ]
    for again in sorted(item for place in ordered for item in place.items[1:]):
        earlier = [item for item, _ in wanted if item is not None and item < again]
        at = [item for item, _ in wanted].index(max(earlier)) + 1
        wanted.insert(at, (again, KEEP))
    return wanted
