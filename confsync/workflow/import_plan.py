"""Import a plan or snapshot of stalwart-cli: settings objects become store files."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.config.scaffold import directories, write_new
from confsync.disk.read import MAX_PLAN_BYTES
from confsync.errors import InvalidFiles, Problem, WrongUsage
from confsync.guard import discreet
from confsync.jmap import pointer
from confsync.jmap.decode import Mismatch, decoded
from confsync.jmap.operations import NoOperation, operations
from confsync.jmap.updates import TYPE, Laid, ToCreate
from confsync.kinds import KINDS, using
from confsync.kinds.kind import never_set
from confsync.report.file_results import Imported
from confsync.store.encode import Writer
from confsync.store.mistakes import listed
from confsync.sync.findings import makes_invalid
from confsync.sync.secret import Vault
from confsync.sync.shape import SecretText
from confsync.workflow.load import check_names, check_output, loaded, named_in, stores_beside
from confsync.workflow.pull import check_size
from confsync.workflow.pull_into import check_directory, file_name
from confsync.workflow.tables import beside, tables_at
from confsync.yaml.emit import yaml_text
from confsync.yaml.nodes import MappingNode
from confsync.yaml.read import content, parse, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.jmap.answers import Json
    from confsync.jmap.operations import Operation
    from confsync.sync.tree import Path as Place
    from confsync.yaml.emit import Plain

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}(/[A-Za-z][A-Za-z0-9]{0,40})?")
_KINDS_OF_OPERATIONS = {"update", "upsert", "create", "destroy"}
_OTHERS = "manage it with stalwart-cli: confsync manages settings objects"
_SERVER_KEPT = "`unlisted: keep` in confsync.yaml leaves the others as the server has them"
_CHECK = "correct the line; `confsync explain FIELD` says what a field takes"


@dataclass
class _Object:
    """A settings object of the plan. `fields`: the line that set each of its fields last."""

    name: str
    laid: Laid
    line: int = 0
    fields: dict[str, int] = field(default_factory=dict)


@discreet
def import_plan(file: str, *, into: str | None = None, store: str | None = None) -> Imported:
    """Write the settings objects of a plan into a directory, one file an object, or into one store
    file; with neither, only return them. Nothing is sent. Existing files are refused.

    An object is what its updates make of the defaults, in the shortest form; one at its defaults is
    left out. Where updates do not set every field, those that they set are named. Secrets are
    references to fill in. Everything else is a warning of the result. `confsync.schema.json` beside
    `confsync.yaml` or here says what there is, else the built-in tables do.

    Raises InvalidFiles with every invalid line, NotWritten for a store file over 64 KiB, WrongUsage
    and OutputFailed.
    """
    _check(file, into, store)
    with using(tables_at(beside(Path()))):
        made = _Importer(file)
        made.read(_source(file))
        documents = made.documents()
    if made.errors:
        raise InvalidFiles(tuple(sorted(made.errors)), what="the plan")
    texts = _texts(documents, into, store)
    if into is not None or store is not None:
        _write(texts)
    return Imported(
        file=file,
        texts=texts,
        written=into is not None or store is not None,
        objects=len(documents),
        defaults=tuple(made.defaults),
        left_out=made.left_out,
        fill_in=len(made.writer.fill_in),
        problems=tuple(sorted(made.warnings)),
    )


def _check(file: str, into: str | None, store: str | None) -> None:
    """Raise WrongUsage."""
    check_names([file])
    if into is not None and store is not None:
        fact = "--into and --store cannot be combined"
        raise WrongUsage(fact, hint="leave out one of the two")
    if into is not None:
        check_directory(into)
    check_output("--store", store, [file])


def _source(file: str) -> str:
    """The text of the plan. Raises InvalidFiles."""
    found = content(file, MAX_PLAN_BYTES)
    if isinstance(found, Problem):
        raise InvalidFiles((found,), what="the plan")
    if len(found) > MAX_PLAN_BYTES:
        hint = "import it in parts"
        problem = Problem(file, 0, 0, "too-large", "is larger than 32 MiB", hint)
        raise InvalidFiles((problem,), what="the plan")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        fact = "the file is not UTF-8 from this line on"
        problem = Problem(file, line, 0, "not-utf-8", fact, "save it as UTF-8")
    raise InvalidFiles((problem,), what="the plan")


class _Importer:
    def __init__(self, file: str) -> None:
        self._file = file
        self._vault = Vault()
        self._objects: dict[str, _Object] = {}
        self._known = {name.lower(): name for name in KINDS}
        self._dropped: set[str] = set()
        self.writer = Writer()
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.defaults: list[str] = []
        self.left_out = 0

    def read(self, source: str) -> None:
        """Lay every update of a settings object over its defaults."""
        for one in operations(source):
            if isinstance(one, NoOperation):
                self._error(one.line, f"the line {one.fact}", one.hint)
            else:
                self._take(one)

    def documents(self) -> dict[str, Plain]:
        """The objects in the form of store files, in the order of the plan."""
        made = (
            (one.name, self._document(one))
            for one in self._objects.values()
            if one.name not in self._dropped
        )
        return {name: document for name, document in made if document is not None}

    def _take(self, one: Operation) -> None:
        bare = one.object.removeprefix("x:")
        name = self._known.get(bare.lower())
        if name is None or one.kind != "update":
            kind = one.kind if one.kind in _KINDS_OF_OPERATIONS else "unknown operation"
            shown = name or (bare if _NAME.fullmatch(bare) else "an invalid name")
            hint = _OTHERS if name is None else "only an update changes a settings object"
            self._leave_out(one.line, f"{kind} of {shown}", hint)
        elif one.id not in {"", "singleton"}:
            self._error(one.line, f"{name}: the id is not singleton", "remove the id")
        elif not isinstance(one.value, dict | None):
            self._error(one.line, f"{name}: value is not an object", _CHECK)
        else:
            self._lay(name, one, one.value or {})

    def _lay(self, name: str, one: Operation, value: Mapping[str, Json]) -> None:
        found = self._objects.setdefault(name, _Object(name, Laid(KINDS[name].shape)))
        found.line = one.line
        if TYPE in value and value[TYPE] != found.laid.state.get(TYPE):
            found.fields.clear()
        guessed = len(found.laid.guessed)
        try:
            found.laid.lay(value)
        except ToCreate as wrong:
            fact = f"{name}: {_shown(wrong.path)} {wrong.fact}"
            self._dropped.add(name)
            self._leave_out(one.line, fact, "write this object by hand, with the id of the server")
        except Mismatch as wrong:
            self._dropped.add(name)
            self._mismatch(found, wrong, one.line)
        for path in found.laid.guessed[guessed:]:
            fact = f"{name}: {_shown(path)} is the id of the server of the snapshot"
            hint = "for another server, write its id"
            self._warn(one.line, fact, hint)
        names = (pointer.read(key)[:1] for key in value)
        found.fields |= {first: one.line for token in names for first in token if first != TYPE}

    def _document(self, one: _Object) -> Plain | None:
        """An object in the form of a file; None if invalid, or at its defaults."""
        kind = KINDS[one.name]
        try:
            live = decoded(kind, one.laid.state, self._vault)
        except Mismatch as wrong:
            self._mismatch(one, wrong, one.line)
            return None
        known = kind.shape.fields_of(live.tree.tag)
        plain = [name for name, of in known.items() if not isinstance(of.shape, SecretText)]
        given = [name for name in plain if name in one.fields]
        partial = len(given) < len(plain)
        if not partial and never_set(live.tree, kind.shape):
            self.defaults.append(one.name)
            return None
        before = len(self.writer.unsayable)
        named = frozenset(given) if partial else frozenset[str]()
        document = self.writer.object(live.tree, kind.shape, (), named)
        valid = self._validate(one, document)
        for path in self.writer.unsayable[before:] if valid else ():
            valid = False
            fact = f"{one.name}: {_shown(path)} has no form in a store file"
            hint = "it is a mask, is empty, or has a password or white space around it"
            self._error(one.fields.get(str(path[0]), one.line), fact, hint)
        if valid and partial:
            some = f"{len(given)} of {len(plain)} fields"
            fact = f"{one.name}: sets {some}; an apply sets the others to their defaults"
            self._warn(one.line, fact, _SERVER_KEPT)
        return document

    def _validate(self, one: _Object, document: Plain) -> bool:
        """Read the object as a store file is read. Mistakes get the lines of the plan."""
        parsed = parse(self._file, yaml_text({one.name: document}))
        try:
            loaded([self._file], [parsed], self._vault)
        except InvalidFiles as invalid:
            wrong = [problem for problem in invalid.problems if makes_invalid(problem)]
            for problem in wrong:
                line = one.fields.get(_field_at(parsed.document, problem.line), one.line)
                self._error(line, f"{one.name}: {problem.message}", problem.hint)
            return not wrong
        return True

    def _mismatch(self, one: _Object, wrong: Mismatch, line: int) -> None:
        place = _shown(wrong.path) or "value"
        if wrong.path:
            line = one.fields.get(str(wrong.path[0]), line)
        self._error(line, f"{one.name}: {place} {wrong.fact}", _CHECK)

    def _error(self, line: int, fact: str, hint: str) -> None:
        self.errors.append(Problem(self._file, line, 0, "invalid-plan", fact, hint))

    def _warn(self, line: int, fact: str, hint: str, rule: str = "import-note") -> None:
        self.warnings.append(Problem(self._file, line, 0, rule, fact, hint, "warning"))

    def _leave_out(self, line: int, what: str, hint: str) -> None:
        self.left_out += 1
        self._warn(line, f"not imported: {what}", hint, "not-imported")


def _shown(path: Place) -> str:
    """A path of the plan; a name that could be anything, such as a member of a set, as `…`."""
    names = (str(one) for one in path)
    known = (one if one == TYPE or one.isdigit() or _NAME.fullmatch(one) else "…" for one in names)
    return "/".join(known)


def _field_at(document: MappingNode | None, line: int) -> str:
    """The field of the only object of a document whose lines hold a line."""
    nodes = [] if document is None else [value for _, value in document.entries]
    entries = nodes[0].entries if nodes and isinstance(nodes[0], MappingNode) else ()
    return next((key.text for key, _ in reversed(entries) if key.mark.line <= line), "")


def _texts(documents: Mapping[str, Plain], into: str | None, store: str | None) -> dict[str, str]:
    """The texts of the files to write, by their paths; one text without a path for neither."""
    if into is not None:
        made = {
            str(Path(into, file_name(name))): yaml_text({name: one})
            for name, one in documents.items()
        }
    else:
        made = {store or "": yaml_text({**documents})} if documents else {}
    for path, one in made.items():
        check_size(one.encode("utf-8"), path)
    if there := [path for path in made if path and os.path.lexists(path)]:
        hint = "nothing was written; import writes new files only: use another name or directory"
        raise WrongUsage(f"these files exist: {listed(there)}", hint=hint)
    if into is not None:
        _check_objects(into, documents)
    return made


def _check_objects(directory: str, documents: Mapping[str, Plain]) -> None:
    """Raise WrongUsage for an object that another file of the directory has."""
    files = stores_beside(directory) if os.path.lexists(directory) else []
    for file in files:
        for name in named_in([read(file).document]):
            if name in documents:
                hint = "nothing was written; use another directory"
                raise WrongUsage(f"has {name} already", where=file, hint=hint)


def _write(texts: Mapping[str, str]) -> None:
    """Write all files, or none. Raises OutputFailed."""
    written: list[Path] = []
    if not texts:
        return
    # One directory has all files.
    with directories(Path(next(iter(texts))).parent):
        try:
            for name, one in texts.items():
                write_new(Path(name), one)
                written.append(Path(name))
        except BaseException:
            for path in written:
                with suppress(OSError):
                    path.unlink()
            raise
