"""Random states: what a server has stored, and files that say what it should store.

Everything is made from the shapes, so a new field or variant is drawn without a change here. A
stored state is the wire's JSON with its secrets in clear, as the sandbox takes it.
"""

from __future__ import annotations

import re
import unicodedata
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

from hypothesis import strategies as st

from confsync.kinds import KINDS
from confsync.sandbox import fields, objects
from confsync.sandbox.schema import IN_MEMORY_STORE, builtin
from confsync.sandbox.texts import WHITE_SPACE
from confsync.sync.shape import (
    Boolean,
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    SecretText,
    Shape,
    Text,
    TextSet,
    UrlText,
    Variants,
)
from confsync.sync.tree import Members, Object
from confsync.sync.url import Url
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode

Json: TypeAlias = dict[str, Any]
"""An object of the wire, or of a file."""

NAME = "InMemoryStore"
SHAPE = KINDS[NAME].shape
TAGS = tuple(SHAPE.objects)
TYPE = "@type"
MASK = "****"
MOST = 6

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
_CONTROL = {"Cc", "Cs"}
_PASSWORD_NAME = re.compile(r"pass|pwd|secret|token|auth|credential|cookie|key", re.IGNORECASE)
_PARAMETER = re.compile(r"[^=&;#?]*=")
_COMPOSED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^:@/?#]*):([^@]+)@([^@]*)", re.DOTALL)


def completed(value: Json, of: fields.Type | None = None) -> Json:
    """A stored object whose absent fields have their defaults; unknown variants stay."""
    type_ = of or builtin().type(IN_MEMORY_STORE)
    known = type_.fields(value)
    if not known and value[TYPE] not in type_.variants:
        return value
    made = objects.defaults(type_, value[TYPE])
    full = value | {name: part for name, part in made.items() if name not in value}
    for name, field in known.items():
        if isinstance(field, fields.Nested):
            full[name] = completed(full[name], field.type)
        elif isinstance(field, fields.ItemList):
            full[name] = {slot: completed(item, field.type) for slot, item in full[name].items()}
    return full


@dataclass(frozen=True)
class Wanted:
    """A desired state.

    `document` is what its file says, `environment` holds what its references lead to, `stored`
    is what the server has, in clear, once the file is applied.
    """

    document: Json
    environment: dict[str, str]
    stored: Json

    @property
    def yaml(self) -> str:
        return yaml_text(self.document)

    @property
    def node(self) -> MappingNode:
        node = _node(self.document)
        assert isinstance(node, MappingNode)
        return node


@dataclass(frozen=True)
class Pair:
    """What is stored, and what is wanted."""

    live: Json
    wanted: Wanted


# Texts


def trim(text: str) -> str:
    return text.strip(WHITE_SPACE)


def holds_password(text: str) -> bool:
    """Whether something in a URL's place has to be masked: product page, section 4."""
    before, at, _ = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", text).rpartition("@")
    return bool(at and ":" in before) or any(
        _PASSWORD_NAME.search(unquote(text[start:].partition("=")[0]))
        for start, character in enumerate(text, start=1)
        if character in "?&;#" and _PARAMETER.match(text, start)
    )


_ANYTHING = st.characters(exclude_categories=["Cs"])
_ODD = st.sampled_from("~/\\*@:%?&;=#+ .0129aZ_-|,'\"{}[]!<>ß€é日🙂\u00a0\u2028\ufeff\u200b")
_NUMBERS = ["0", "00", "7", "-1", "+7", str(2**64 - 1), str(2**64), f"0{2**80}"]
_POINTERS = ["*", "\\*", "\\", "\\\\", "~", "~0", "~1", "a~", "/", "//", "a/b~\\", "a\\b"]
_WORDS = ["%2F", "%", "%zz", "@", ":", "://", "redis://", "redis://@", "redis://:@h", "a:b@c"]
_NAMES = ["null", "true", "@type", "secret", "urls", "a b"]
_HOSTILE = st.one_of(
    st.sampled_from([*_NUMBERS, *_POINTERS, *_WORDS, *_NAMES]),
    st.text(_ODD, min_size=1, max_size=12),
    st.text(_ANYTHING, min_size=1, max_size=6),
    st.integers(0, 2**80).map(str),
)
_SCHEMES = st.sampled_from(
    ["redis", "rediss", "valkeys", "REDISS", "redis", "redis+unix", "x y", "http", "ü"]
)
_HOSTS = st.sampled_from(
    ["a.example", "b.example:6379", "[::1]:7000", "ü.example", "a b", "~h", ""]
)
_TAILS = st.sampled_from(
    ["", "/", "/1", "?protocol=resp3", "/2?x=1#insecure", "#insecure", "/a%2Fb"]
)
_USERS = st.sampled_from(["", "stalwart", "u", "ü", "a:b", "~", "us er", "*"])
_MARKED = st.integers(0, 2**32).map(lambda number: f"pw-{number:08x}")
_PASSWORDS = st.one_of(
    _MARKED,
    _MARKED,
    st.sampled_from(["p@ss:w/rd?#%+", 'it\'s "x"', "é🙂", "7", "%40", "a&b=c", " x ", "ENC"]),
    st.text(_ODD, min_size=1, max_size=8),
)


@st.composite
def _with_password(draw: st.DrawFn) -> str:
    """A URL with credentials as the server wants them: percent-encoded."""
    user, password = quote(draw(_USERS), safe=""), quote(draw(_PASSWORDS), safe="")
    return f"{draw(_SCHEMES)}://{user}:{password}@{draw(_HOSTS)}{draw(_TAILS)}"


@st.composite
def _with_raw_password(draw: st.DrawFn) -> str:
    """The same as someone may have typed it, or with a password among the parameters."""
    password = draw(_PASSWORDS)
    if draw(st.booleans()):
        return f"{draw(_SCHEMES)}://{draw(_USERS)}:{password}@{draw(_HOSTS)}{draw(_TAILS)}"
    name = draw(st.sampled_from(["password", "PassWord", "auth_token", "p%61ssword", "db", "x"]))
    start = draw(st.sampled_from(["?", "?x=1&", "?;", "?protocol=resp2&"]))
    return f"{draw(_SCHEMES)}://{draw(_HOSTS)}{start}{name}={password}"


@cache
def hostile_texts() -> st.SearchStrategy[str]:
    """Texts that have to be quoted, escaped or encoded somewhere."""
    return _HOSTILE


@cache
def url_texts() -> st.SearchStrategy[str]:
    """Texts in a URL's place, as stored: trimmed, never blank. The hostile ones are in here."""
    simple = st.tuples(_SCHEMES, _HOSTS, _TAILS).map(lambda parts: "{}://{}{}".format(*parts))
    with_user = st.tuples(_SCHEMES, _USERS, _HOSTS).map(lambda parts: "{}://{}@{}".format(*parts))
    texts = st.one_of(simple, simple, with_user, _with_password(), _with_raw_password(), _HOSTILE)
    return texts.map(trim).filter(bool)


@cache
def texts(*, trimmed: bool) -> st.SearchStrategy[str]:
    """Texts of other fields."""
    found = st.one_of(st.sampled_from(["stalwart", "default", "mymaster", "A", "/run/x"]), _HOSTILE)
    return found.map(trim).filter(bool) if trimmed else found.filter(trim)


@cache
def secret_texts() -> st.SearchStrategy[str]:
    """Secrets that a server can have stored."""
    return st.one_of(_PASSWORDS, _HOSTILE, st.just(MASK)).filter(trim)


# Stored states


def stored_states(*tags: str) -> st.SearchStrategy[Json]:
    """What a server can have stored: any variant, or one of those named, complete, in clear."""
    return st.sampled_from(tags or TAGS).flatmap(lambda tag: _objects(SHAPE.name, tag))


def default_of(known: Field) -> object:
    """A field's default, as the wire has it."""
    return _wire(known.default)


def _wire(tree: object) -> object:
    match tree:
        case Object():
            return {**{name: _wire(part) for name, part in tree.members.items()}, TYPE: tree.tag}
        case Members():
            return {_wire(url): True for url in tree.members}
        case Url():
            return "".join(part for part in tree.parts if isinstance(part, str))
        case _:
            return tree


def _shapes() -> dict[str, Variants]:
    found: dict[str, Variants] = {}
    todo: list[Shape] = [SHAPE]
    while todo:
        match todo.pop():
            case Variants() as shape:
                found.setdefault(shape.name, shape)
                todo += [
                    known.shape
                    for fields in shape.objects.values()
                    for known in fields.fields.values()
                ]
            case ListOf(item):
                todo.append(item)
            case _:
                pass
    return found


@cache
def _shape(name: str) -> Variants:
    return _shapes()[name]


@cache
def _objects(name: str, tag: str) -> st.SearchStrategy[Json]:
    fields = _shape(name).objects[tag].fields
    optional = [name for name, known in fields.items() if not known.required]
    masks = st.integers(0, 2 ** len(optional) - 1)

    @st.composite
    def drawn(draw: st.DrawFn) -> Json:
        mask = draw(masks)
        chosen = {name for bit, name in enumerate(optional) if mask >> bit & 1}
        made: Json = {}
        for field, known in fields.items():
            made[field] = (
                draw(values(known)) if field in chosen or known.required else default_of(known)
            )
        made[TYPE] = tag
        return made

    return drawn()


_VALUES: dict[int, tuple[Field, st.SearchStrategy[Any]]] = {}


def values(known: Field) -> st.SearchStrategy[Any]:
    """Any value of a field, as stored."""
    _, found = _VALUES.get(id(known), (known, None))
    if found is None:
        found = _of(known.shape)
        if known.nullable:
            found = st.one_of(st.none(), found, found)
        _VALUES[id(known)] = (known, found)
    return found


def _of(shape: Shape) -> st.SearchStrategy[Any]:
    match shape:
        case Text():
            return texts(trimmed=shape.trimmed)
        case Boolean():
            return st.booleans()
        case Integer(minimum, maximum) | Duration(minimum, maximum):
            ends = st.sampled_from([minimum, minimum + 1, maximum - 1, maximum])
            return st.one_of(ends, st.integers(minimum, maximum))
        case Choice(choices):
            return st.sampled_from(choices)
        case UrlText():
            return url_texts()
        case SecretText():
            return secret_texts()
        case TextSet():
            least = st.sampled_from([1, 2, 3, 0])
            sets = least.flatmap(_url_lists)
            return sets.map(lambda members: dict.fromkeys(members, True))
        case ListOf(item, minimum):
            items = st.sampled_from(list(item.objects)).flatmap(partial(_objects, item.name))
            return st.lists(items, min_size=minimum, max_size=MOST).map(numbered)
        case Variants(name, objects):
            return st.sampled_from(list(objects)).flatmap(partial(_objects, name))
        case _:
            raise AssertionError("InMemoryStore has no such field")


def _url_lists(least: int) -> st.SearchStrategy[list[str]]:
    return st.lists(url_texts(), min_size=least, max_size=MOST, unique=True)


def numbered(items: list[Json]) -> Json:
    """A list, as the wire has it."""
    return {str(slot): item for slot, item in enumerate(items)}


# Neighbours: what is stored, after a few edits


@st.composite
def edited(draw: st.DrawFn, state: Json) -> Json:
    """A state that differs from another one in few places, or in none."""
    state = deepcopy(state)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 2, 3, 4, 0]))):
        if "stores" in state and draw(st.booleans()):
            state["stores"] = numbered(draw(_edited_items(list(state["stores"].values()))))
        else:
            items = list(state["stores"].values()) if "stores" in state else [state]
            draw(_edit(draw(st.sampled_from(items))))
    return state


@st.composite
def _edited_items(draw: st.DrawFn, items: list[Json]) -> list[Json]:
    shape = SHAPE.objects["Sharded"].fields["stores"].shape
    assert isinstance(shape, ListOf)
    at = draw(st.integers(0, len(items) - 1))
    item = st.sampled_from(list(shape.item.objects)).flatmap(partial(_objects, shape.item.name))
    match draw(st.sampled_from(["out", "out", "in", "end", "copy", "swap", "other", "shuffle"])):
        case "out" if len(items) > shape.minimum:
            del items[at]
        case "in" if len(items) < MOST:
            items.insert(at, draw(item))
        case "end" if len(items) < MOST:
            items.append(draw(item))
        case "copy" if len(items) < MOST:
            items.insert(draw(st.integers(0, len(items))), deepcopy(items[at]))
        case "swap":
            other = draw(st.integers(0, len(items) - 1))
            items[at], items[other] = items[other], items[at]
        case "other":
            items[at] = draw(item)
        case _:
            items = draw(st.permutations(items))
    return items


@st.composite
def _edit(draw: st.DrawFn, target: Json) -> None:
    """Change one field of an object, in place."""
    shape = SHAPE if target[TYPE] in {"Default", "Sharded"} else _shape("InMemoryStoreBase")
    fields = shape.objects[target[TYPE]].fields
    names = [name for name, known in fields.items() if not isinstance(known.shape, ListOf)]
    if not names:
        return
    often = [name for name in names if isinstance(fields[name].shape, TextSet | UrlText | Variants)]
    name = draw(st.sampled_from([*names, *often]))
    known, value = fields[name], target[name]
    if isinstance(known.shape, TextSet):
        target[name] = dict.fromkeys(draw(_edited_members(list(value))), True)
    elif isinstance(known.shape, UrlText) and draw(st.booleans()):
        target[name] = draw(_another_password(value))
    elif isinstance(known.shape, Variants) and draw(st.booleans()):
        inner = known.shape.objects[value[TYPE]].fields
        target[name] = {**value, **{key: draw(values(inner[key])) for key in inner}}
    elif value != default_of(known) and draw(st.booleans()):
        target[name] = default_of(known)
    else:
        target[name] = draw(values(known))


@st.composite
def _edited_members(draw: st.DrawFn, members: list[str]) -> list[str]:
    at = draw(st.integers(0, max(0, len(members) - 1)))
    match draw(st.sampled_from(["out", "in", "end", "password", "other", "shuffle", "none"])):
        case "out" if members:
            del members[at]
        case "in":
            members.insert(at, draw(url_texts()))
        case "password" if members:
            members[at] = draw(_another_password(members[at]))
        case "other" if members:
            members[at] = draw(url_texts())
        case "shuffle" if members:
            members = draw(st.permutations(members))
        case "none":
            members = []
        case _:
            members.append(draw(url_texts()))
    return list(dict.fromkeys(members))


@st.composite
def _another_password(draw: st.DrawFn, text: str) -> str:
    found = _COMPOSED.fullmatch(text)
    if found is None:
        return draw(_with_password())
    scheme, user, _, rest = found.groups()
    return f"{scheme}://{user}:{quote(draw(_PASSWORDS), safe='')}@{rest}"


# Files that say a state


def sayable(state: Json) -> Json:
    """The nearest state that a file can say: no mask, no control character in a reference."""
    return _sayable_object(state, SHAPE)


def _sayable_object(state: Json, shape: Variants) -> Json:
    fields = shape.objects[state[TYPE]].fields
    parts = {name: _sayable(state[name], known.shape) for name, known in fields.items()}
    return {**parts, TYPE: state[TYPE]}


def _sayable(value: Any, shape: Shape) -> Any:  # noqa: ANN401 - plain JSON
    match shape:
        case _ if value is None:
            return None
        case Variants():
            return _sayable_object(value, shape)
        case ListOf(item):
            return {slot: _sayable_object(part, item) for slot, part in value.items()}
        case TextSet():
            return {_sayable_url(text): True for text in value}
        case UrlText():
            return _sayable_url(value)
        case SecretText():
            return _sayable_secret(value)
        case Text():
            return "x" if value == MASK else value
        case _:
            return value


def _sayable_url(text: str) -> str:
    if holds_password(text):
        text = trim("".join(c for c in text if unicodedata.category(c) not in _CONTROL))
        text = re.sub(r"\*{4,}", "x", text.removeprefix("ENC["))
    return "x" if text in {"", MASK} else text


def _sayable_secret(text: str) -> str:
    text = "".join(c for c in text if unicodedata.category(c) not in _CONTROL)
    return text if trim(text) and text != MASK and not text.startswith("ENC[") else f"a{text}"


def wanted_states(state: Json) -> st.SearchStrategy[Wanted]:
    """Files that say a state, or the nearest one that can be said, in one of many ways."""
    return _told(sayable(state))


@st.composite
def _told(draw: st.DrawFn, state: Json) -> Wanted:
    teller = _Teller(draw, {})
    return Wanted({NAME: teller.told(state, SHAPE)}, teller.environment, state)


@dataclass(frozen=True)
class _Teller:
    draw: st.DrawFn
    environment: dict[str, str]

    def told(self, state: Json, shape: Variants) -> Json:
        made: Json = {TYPE: state[TYPE]}
        for name, known in shape.objects[state[TYPE]].fields.items():
            said = state[name] != default_of(known) or known.required
            if said or not self.draw(st.integers(0, 3)):
                made[name] = self.value(state[name], known.shape)
        return made

    def value(self, value: Any, shape: Shape) -> Any:  # noqa: ANN401 - plain JSON
        match shape:
            case _ if value is None:
                return None
            case Variants():
                return self.told(value, shape)
            case ListOf(item):
                return [self.told(value[slot], item) for slot in value]
            case TextSet():
                return [form for text in value for form in self.member(text)]
            case UrlText():
                return self.url(value)
            case SecretText():
                return self.reference(value)
            case Duration():
                return duration_text(value)
            case Text(form="trimmed"):
                return self.padded(value)
            case _:
                return value

    def member(self, text: str) -> list[object]:
        """A member of a set, now and then said twice."""
        form = self.url(text)
        again = self.padded(text) if isinstance(form, str) else form
        return [form, again] if self.often(10) else [form]

    def url(self, text: str) -> object:
        """A text, a reference for the whole, or the mapping form."""
        mapped = self.mapped(text)
        if mapped is not None and not self.often(4):
            return mapped
        said = not holds_password(text)
        if said and (any(map(_controls, text)) or text.startswith("ENC[") or not self.often(8)):
            return self.padded(text)
        return self.reference(text)

    def mapped(self, text: str) -> object:
        found = _COMPOSED.fullmatch(text)
        if found is None:
            return None
        scheme, user, password, rest = found.groups()
        address = f"{scheme}://{rest}"
        plain = [unquote(part) for part in (user, password)]
        exact = [quote(part, safe="") for part in plain] == [user, password]
        if not exact or trim(address) != address or holds_password(address):
            return None
        if MASK in plain or _sayable_secret(plain[1]) != plain[1] or (user and not plain[0]):
            return None
        username = {"username": plain[0]} if user else {}
        return {"address": self.padded(address), **username, "password": self.reference(plain[1])}

    def reference(self, text: str) -> object:
        """A variable that holds a text; one that does already, now and then."""
        known = [name for name, held in self.environment.items() if held == text]
        if self.draw(st.booleans()) and known:
            return {"env": known[0]}
        name = f"SECRET_{len(self.environment)}"
        self.environment[name] = text
        return {"env": name}

    def padded(self, text: str) -> str:
        """A text that the server trims to this one."""
        return f" \u3000{text}\t" if self.often(10) else text

    def often(self, rarity: int) -> bool:
        """One time in `rarity`."""
        return self.draw(st.integers(1, rarity)) == rarity


def _controls(character: str) -> bool:
    return unicodedata.category(character) in _CONTROL


def duration_text(milliseconds: int) -> str:
    """Milliseconds as a file says them."""
    text = ""
    for unit, size in _UNITS:
        number, milliseconds = divmod(milliseconds, size)
        text += f"{number}{unit}" if number else ""
    return text


def pairs(*tags: str) -> st.SearchStrategy[Pair]:
    """What is stored and what is wanted: neighbours, look-alikes, others, strangers."""
    return st.sampled_from(tags or TAGS).flatmap(partial(_pair, tags))


@st.composite
def _pair(draw: st.DrawFn, tags: tuple[str, ...], tag: str) -> Pair:
    kinds = ["neighbour", "neighbour", "alike", "alike", "same", "stranger"]
    kind = draw(st.sampled_from(kinds))
    if kind == "alike":
        alike = _look_alikes(draw(st.integers(0, len(_THEMES) - 1)), tag)
        live, state = draw(alike), draw(alike)
    else:
        live = draw(stored_states(tag))
        if kind == "neighbour":
            state = draw(edited(live))
        else:
            state = draw(stored_states(tag) if kind == "same" else stored_states(*tags))
    return Pair(live, draw(wanted_states(state)))


_THEMES = [
    ["redis://a", "redis://b", "redis://c"],
    ["rediss://a", "redis://a", "*"],
    ["redis://u:pw-00000001@a", "redis://u:pw-00000002@a", "redis://u:pw-00000001@b"],
    ["redis://u@a", "redis://v:pw-00000001@a", "redis://a?password=pw-00000003"],
]


@cache
def _look_alikes(theme: int, tag: str) -> st.SearchStrategy[Json]:
    """States of a variant that differ in little: many pairs of them differ only in an order."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Json:
        shape = SHAPE if tag in SHAPE.objects else _shape("InMemoryStoreBase")
        made: Json = {TYPE: tag}
        for name, known in shape.objects[tag].fields.items():
            match known.shape:
                case ListOf(item, minimum):
                    items = st.sampled_from(list(item.objects)).flatmap(
                        partial(_look_alikes, theme)
                    )
                    made[name] = numbered(draw(st.lists(items, min_size=minimum, max_size=4)))
                case TextSet():
                    urls = draw(st.permutations(_THEMES[theme]))
                    made[name] = dict.fromkeys(urls[draw(st.sampled_from([0, 0, 1, 2, 3])) :], True)
                case UrlText():
                    made[name] = draw(st.sampled_from(_THEMES[theme]))
                case Duration(minimum) if not known.nullable:
                    made[name] = draw(st.sampled_from([default_of(known), minimum]))
                case _:
                    made[name] = default_of(known)
        return made

    return drawn()


def neighbours(*tags: str) -> st.SearchStrategy[Pair]:
    """What is stored, and what is wanted with a few edits."""
    return stored_states(*tags).flatmap(_neighbour)


@st.composite
def _neighbour(draw: st.DrawFn, live: Json) -> Pair:
    return Pair(live, draw(wanted_states(draw(edited(live)))))


# Files as text and as nodes


def yaml_text(document: Json) -> str:
    """A document as a file: blocks down to the fields, below them in one line."""
    lines: list[str] = []
    for name, value in document.items():
        lines.append(f"{name}:")
        lines += [f"  {_scalar(field)}: {_flow(part)}" for field, part in value.items()]
    return "\n".join(lines) + "\n"


def _flow(value: object) -> str:
    match value:
        case dict():
            parts = (f"{_scalar(str(key))}: {_flow(part)}" for key, part in value.items())
            return f"{{{', '.join(parts)}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case _:
            return _scalar(value)


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{"".join(map(_character, value))}"'
        case _:
            return str(value)


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character == " " or (character.isprintable() and character != "\ufeff"):
        return character
    return f"\\U{ord(character):08x}"


def _node(value: object) -> Node:
    """The same document as its nodes, without a file between."""
    mark = Mark("store.yaml", 1, 1)
    match value:
        case dict():
            parts = value.items()
            return MappingNode(
                mark, tuple((ScalarNode(mark, k, plain=False), _node(v)) for k, v in parts)
            )
        case list():
            return SequenceNode(mark, tuple(map(_node, value)))
        case str():
            return ScalarNode(mark, value, plain=False)
        case _:
            return ScalarNode(mark, _scalar(value), plain=True)
