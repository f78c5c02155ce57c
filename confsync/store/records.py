"""Decode records, like `confsync.yaml`, with all mistakes at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from confsync.store import scalars
from confsync.store.decode import Decoder
from confsync.store.mistakes import Mistake, is_broken, near_name, quoted_name, unknown
from confsync.store.urls import NAMED, OF, OF_TARGET, TARGET
from confsync.sync.names import nearest_name
from confsync.sync.secret import Ref, Vault
from confsync.sync.shape import ByPath, Credential, Day, MapOf, PathText, PlainText, Record, SetOf
from confsync.sync.tree import Path, Tree, path_text
from confsync.yaml.nodes import MappingNode, Mark, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.errors import Problem
    from confsync.store.urls import References
    from confsync.sync.shape import FileShape

Value: TypeAlias = "Tree | Node | tuple[Value, ...] | dict[str, Value]"
"""A decoded value: a dict for records and maps; None for an invalid value."""


@dataclass(frozen=True)
class OfTarget(Ref):
    """A reference that is another one for each target: see `of`."""

    def of(self, target: str) -> Ref:
        """The reference of one target: its name is appended to a variable, and is the name of a
        file in a directory.
        """
        if self.kind == "env":
            name = re.sub("[^A-Za-z0-9]", "_", target).upper()
            return Ref(self.kind, f"{self.argument}_{name}", self.base, version=self.version)
        path = f"{self.argument.rstrip('/')}/{target}"
        return Ref(self.kind, path, self.base, version=self.version)


_OTHER_WORDS = {
    **dict.fromkeys(("server", "host", "hostname", "address", "endpoint", "origin"), "url"),
    **dict.fromkeys(("store", "stores", "paths"), "files"),
    **dict.fromkeys(("api_key", "apikey", "api_token", "bearer"), "token"),
    **dict.fromkeys(("login", "account"), "user"),
    **dict.fromkeys(("passwd", "pass", "secret"), "password"),
    **dict.fromkeys(("ca", "cacert", "ca_cert"), "ca_file"),
    **dict.fromkeys(("cert", "certificate"), "client_cert"),
    "key": "client_key",
}
"""Words of other programs for keys of `confsync.yaml`."""


@dataclass(frozen=True)
class RecordReading:
    """The fields of a document, the places of keys and of values, and its problems."""

    values: Mapping[str, Value]
    keys: Mapping[Path, Mark]
    marks: Mapping[Path, Mark]
    problems: tuple[Problem, ...]


def record_from_file(document: MappingNode, shape: Record, references: References) -> RecordReading:
    """Decode a document that is a record. Fields that are missing or invalid are None."""
    decoder = _RecordDecoder(Vault(), references)
    values = decoder.record(document, shape, ())
    marks = {path: node.mark for path, node in decoder.nodes.items()}
    return RecordReading(values, decoder.keys, marks, tuple(decoder.problems))


def _unknown_key(name: str, shape: Record, place: str) -> Mistake:
    """The mistake of an unknown key. `place`: ` in PATH`, empty at the top of the file."""
    known = ", ".join(shape.fields)
    if (other := _OTHER_WORDS.get(name.lower().replace("-", "_"))) in shape.fields:
        shown, hint = quoted_name(name), f"did you mean `{other}`?"
    else:
        # Below the top, a key could be a secret by mistake.
        shown = near_name(name, shape.fields) if place else quoted_name(name)
        near = nearest_name(name, shape.fields)
        hint = f"did you mean `{near}`?" if near else f"known keys: {known}"
    return Mistake("unknown-field", f"{unknown('key', shown)}{place}", hint)


@dataclass
class _RecordDecoder(Decoder):
    keys: dict[Path, Mark] = field(default_factory=dict)

    def record(self, node: MappingNode, shape: Record, path: Path) -> dict[str, Value]:
        """Decode a record."""
        place = f" in {path_text(path)}" if path else ""
        values: dict[str, Value] = dict.fromkeys(shape.fields)
        for key, value in node.entries:
            known = shape.fields.get(key.text)
            if known is not None:
                self.keys[*path, key.text] = key.mark
                values[key.text] = self._read(value, known.shape, (*path, key.text))
            elif option := shape.options.get(key.text.lower().replace("-", "_")):
                fact = f"{option} cannot be set in the file: it disables a safety check"
                hint = "remove it, and pass it on the command line"
                self.mistake(key.mark, Mistake("disarms-a-guard", fact, hint))
            else:
                self.mistake(key.mark, _unknown_key(key.text, shape, place))
        missing = all(node.get(member) is None for member in shape.either)
        for member, known in shape.fields.items():
            first = missing and member in shape.either[:1]
            if first or (known.required and node.get(member) is None):
                hint = f"add `{member}: {known.example}`" if known.example else shape.write
                fact = f"missing key `{member}`{place}"
                self.mistake(node.mark, Mistake("missing-field", fact, hint))
        return values

    def _read(self, node: Node, shape: FileShape, path: Path) -> Value:
        """Decode a value of a record, and report its mistakes. Returns None for an invalid one."""
        self.nodes[path] = node
        if is_broken(node):
            return None
        try:
            return self._value(node, shape, path)
        except Mistake as mistake:
            self.mistake(node.mark, mistake)
            return None

    def _value(self, node: Node, shape: FileShape, path: Path) -> Value:
        match shape:
            case Record() if isinstance(node, MappingNode):
                return self.record(node, shape, path)
            case Record() if shape.short:
                short = self._read(node, shape.fields[shape.short].shape, path)
                return None if short is None else {shape.short: short}
            case MapOf() if isinstance(node, MappingNode):
                return self._map(node, shape, path)
            case MapOf() | Record():
                raise Mistake("wrong-type", f"{path_text(path)} must be a mapping", shape.write)
            case SetOf():
                return self._set_of(node, shape, path)
            case ByPath() if isinstance(node, MappingNode):
                return self._by_path(node, path)
            case ByPath():
                hint = "write it like `{OBJECT/FIELD: VALUE}`"
                raise Mistake("wrong-type", f"{path_text(path)} must be a mapping", hint)
            case Credential(or_text) if not or_text or isinstance(node, MappingNode):
                return self.credential(node, path_text(path))
            case PlainText() | PathText() | Day() | Credential():
                plain = PlainText() if isinstance(shape, Credential) else shape
                return scalars.scalar(node, plain, path, nullable=False)
            case _:
                return self.tried(node, shape, path)

    def _map(self, node: MappingNode, shape: MapOf, path: Path) -> dict[str, Value]:
        if not node.entries:
            raise Mistake("blank-text", f"{path_text(path)} is empty", shape.example)
        values: dict[str, Value] = {}
        for number, (key, value) in enumerate(node.entries):
            name = key.text
            if not re.fullmatch(r"\w[\w.-]{0,62}", name):
                name = f"…{number}"
                fact = f"the name of {shape.name} is invalid or too long"
                hint = "use up to 63 letters, digits, `_`, `-`, `.`, not starting with `-` or `.`"
                self.mistake(key.mark, Mistake("target-name", fact, hint))
            self.keys[*path, name] = key.mark
            values[name] = self._read(value, shape.item, (*path, name))
        return values

    def _by_path(self, node: MappingNode, path: Path) -> dict[str, Value]:
        """The nodes of the values: they are decoded together with the files of a target."""
        values: dict[str, Value] = {}
        for key, value in node.entries:
            if not is_broken(value):
                self.keys[*path, key.text], self.nodes[*path, key.text] = key.mark, value
                values[key.text] = value
        return values

    def _reference(self, node: MappingNode, name: str) -> Ref | None:
        """A reference, perhaps another one for each target."""
        if node.get(NAMED):
            fact = f"{name}: a secret of a target cannot be used in this file"
            raise Mistake("unknown-reference", fact, "write its reference here")
        entries = [(key, value) for key, value in node.entries if key.text != OF]
        if len(entries) == len(node.entries):
            return super()._reference(node, name)
        (value,) = (value for key, value in node.entries if key.text == OF)
        if not isinstance(value, ScalarNode) or value.text != TARGET:
            fact = f"{name}/{OF} must be `{TARGET}`"
            raise Mistake("unknown-choice", fact, "like `{env: NAME, of: target}`", value.mark)
        found = super()._reference(MappingNode(node.mark, tuple(entries)), name)
        if found is not None and found.kind not in OF_TARGET:
            fact = f"{name}: only a variable or a file can be `of: target`"
            raise Mistake("unknown-reference", fact, "write one reference in each target")
        return found and OfTarget(found.kind, found.argument, found.base, version=found.version)

    def _set_of(self, node: Node, shape: SetOf, path: Path) -> tuple[Value, ...]:
        """Decode a list. Its tuple has None for each invalid or repeated item."""
        name, hint = path_text(path), f"write it like `{shape.example}`"
        if not isinstance(node, SequenceNode):
            raise Mistake("wrong-type", f"{name} must be a list", f"{hint}, even for one item")
        if len(node.items) < shape.minimum:
            raise Mistake("blank-text", f"{name} is empty", hint)
        values: list[Value] = []
        seen: list[Value] = []
        short = shape.item.short if isinstance(shape.item, Record) else ""
        for index, item in enumerate(node.items):
            value = self._read(item, shape.item, (*path, index))
            key = value.get(short) if isinstance(value, dict) else value
            twice = key is not None and key in seen
            if twice:
                fact = f"{name} has a duplicate entry"
                self.mistake(item.mark, Mistake("duplicate-entry", fact, "remove one of the two"))
            seen.append(key)
            values.append(None if twice else value)
        return tuple(values)
