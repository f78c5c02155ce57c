"""The resolver protocol, when a resolver may run, and resolving a desired state."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from confsync.errors import Problem
from confsync.sync.secret import MASK, Ref, Secret, Vault
from confsync.sync.shape import ListOf, SecretText, member_shape
from confsync.sync.tree import Items, Members, Object, Path, Tree
from confsync.sync.url import Url, percent_encoded, seal_url, trim
from confsync.sync.values import Desired

if TYPE_CHECKING:
    from collections.abc import Callable

    from confsync.sync.secret import Form
    from confsync.sync.shape import Shape
    from confsync.sync.values import Origin

Moment: TypeAlias = Literal["plan", "apply", "allowed"]

MAX_BYTES = 64 * 1024

_ORDER: tuple[Moment, ...] = ("plan", "apply", "allowed")


class Unavailable(Exception):
    """No usable secret behind a reference. `fact` and `hint` hold no secret."""

    def __init__(self, fact: str, hint: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.hint = hint


class Resolver(Protocol):
    """Resolves one kind of reference.

    `form`: the value that a file writes behind its key. `moment`: when it may run: in every plan,
    only in an apply, or only in an apply that was allowed to run commands.
    """

    @property
    def form(self) -> Form:
        """The value behind the key."""

    @property
    def moment(self) -> Moment:
        """When it may run."""

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        """Return the text of the secret, unchanged: never coerced, never trimmed.

        `environment` is that of the process. Raises Unavailable.
        """


@dataclass(frozen=True)
class At(Mapping[str, Resolver]):
    """Resolvers at a moment: one that may not run yet raises Unavailable."""

    resolvers: Mapping[str, Resolver]
    now: Moment

    def __getitem__(self, key: str) -> Resolver:
        found = self.resolvers[key]
        later = _ORDER.index(found.moment) > _ORDER.index(self.now)
        return _NotNow(found.form, found.moment, self.now) if later else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.resolvers)

    def __len__(self) -> int:
        return len(self.resolvers)


@dataclass(frozen=True)
class _NotNow:
    form: Form
    moment: Moment
    now: Moment

    def __call__(self, ref: Ref, environment: Mapping[str, str]) -> str:
        del environment
        if self.now == "plan":
            option = " --allow-commands" if self.moment == "allowed" else ""
            raise Unavailable(f"a plan does not run {ref}", f"`apply{option}` runs it")
        hint = "look at the command in the file, then add --allow-commands"
        raise Unavailable(f"{ref} is not run without --allow-commands", hint)


def text_of(content: bytes, ref: Ref, hint: str) -> str:
    """Decode a secret: UTF-8, without one trailing newline. `hint` is for content that is too long.

    Raises Unavailable for more than 64 KiB and for invalid UTF-8.
    """
    if len(content) > MAX_BYTES:
        raise Unavailable(f"{ref} is larger than 64 KiB", hint)
    try:
        return content.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise Unavailable(f"{ref} is not UTF-8", "the server accepts only text") from None


@dataclass(frozen=True)
class Resolved:
    """A desired state with its secrets resolved.

    `unresolved`: the path, in the given state, and the problem of each reference that could not be.
    """

    desired: Desired
    unresolved: tuple[tuple[Path, Problem], ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of unresolved references."""
        return tuple(problem for _, problem in self.unresolved)


def resolve(
    desired: Desired,
    vault: Vault,
    resolvers: Mapping[str, Resolver],
    environment: Mapping[str, str],
    shape: Shape | None = None,
) -> Resolved:
    """Seal the text of every reference into the vault. `shape`: that of the state; without one no
    secret may have line breaks.

    Passwords in the mapping form of a URL are percent-encoded. A reference that cannot be
    resolved, or that leads to an empty text, a mask, an encrypted text or control characters,
    stays unresolved and becomes a problem. Each reference is looked up once.
    """
    walk = _Walk(desired, vault, resolvers, environment)
    tree = walk.object(desired.tree, (), shape)
    origins: dict[Path, Origin] = {}
    for path, origin in desired.origins.items():
        kept = walk.kept.get(path[:-1])
        if kept is None:
            origins[path] = origin
        elif path[-1] in kept:
            origins[*path[:-1], kept[path[-1]]] = origin
    found = replace(desired, tree=tree, origins=origins, places=desired.origins)
    return Resolved(found, tuple(walk.unresolved))


def resolving(
    vault: Vault, resolvers: Mapping[str, Resolver], environment: Mapping[str, str]
) -> Callable[[Tree], Tree]:
    """Return a function that resolves a value as far as possible, each reference once."""
    nothing = Object("", {})
    walk = _Walk(Desired("", nothing, nothing, {}, ""), vault, resolvers, environment)
    return lambda value: walk.tree(value, (), None)


@dataclass
class _Walk:
    """Resolves the values of a state. `kept`: the new index of each member of a set, by its old
    one; members that turned out equal have been merged.
    """

    desired: Desired
    vault: Vault
    resolvers: Mapping[str, Resolver]
    environment: Mapping[str, str]
    unresolved: list[tuple[Path, Problem]] = field(default_factory=list)
    kept: dict[Path, dict[str | int, int]] = field(default_factory=dict)
    answers: dict[tuple[Ref, bool], str | Unavailable] = field(default_factory=dict, repr=False)

    def object(self, tree: Object, path: Path, shape: Shape | None) -> Object:
        members = {
            name: self.tree(value, (*path, name), member_shape(shape, tree.tag, name))
            for name, value in tree.members.items()
        }
        return Object(tree.tag, members)

    def tree(self, value: Tree, path: Path, shape: Shape | None) -> Tree:
        match value:
            case Object():
                return self.object(value, path, shape)
            case Items():
                item = shape.item if isinstance(shape, ListOf) else None
                items = enumerate(value.items)
                return Items(tuple(self.object(one, (*path, index), item) for index, one in items))
            case Members():
                return self._members(value, path)
            case Secret(id=None, ref=ref) if ref is not None:
                text = self._text(ref, path, shape)
                return value if text is None else self.vault.seal(text, ref)
            case Url():
                return self._url(value, path)
            case _:
                return value

    def _members(self, value: Members, path: Path) -> Members:
        members: dict[object, Url] = {}
        kept = self.kept[path] = {}
        for index, url in enumerate(value.members):
            found = self._url(url, (*path, index))
            key = found.parts if found.resolved else index
            if key not in members:
                kept[index] = len(members)
                members[key] = found
        return Members(tuple(members.values()))

    def _url(self, url: Url, path: Path) -> Url:
        if url.ref is not None and not url.parts:
            text = self._text(url.ref, path)
            if text is None:
                return url
            whole = seal_url(trim(text), self.vault, url.ref)
            if self.vault.seal(MASK) in whole.secrets:
                hint = "replace the mask with the secret itself"
                self._problem(path, f"{url.ref} has a mask (****) instead of the password", hint)
                return url
            return whole
        parts: list[str | Secret] = []
        for part in url.parts:
            ref = part.ref if isinstance(part, Secret) and part.id is None else None
            text = None if ref is None else self._text(ref, path)
            # A text that is one secret as a whole is no URL.
            as_written = trim if len(url.parts) == 1 else percent_encoded
            parts.append(part if text is None else self.vault.seal(as_written(text), ref))
        return Url(tuple(parts), url.ref)

    def _text(self, ref: Ref, path: Path, shape: Shape | None = None) -> str | None:
        lines = isinstance(shape, SecretText) and shape.lines
        if (ref, lines) not in self.answers:
            known = self.vault, self.resolvers, self.environment
            self.answers[ref, lines] = look_up(ref, *known, allowed="\r\n" if lines else "")
        found = self.answers[ref, lines]
        if isinstance(found, str):
            return found
        self._problem(path, found.fact, found.hint)
        return None

    def _problem(self, path: Path, fact: str, hint: str) -> None:
        origin = self.desired.origin(path)
        place = (origin.file, origin.line, origin.column)
        self.unresolved.append((path, Problem(*place, "secret-unavailable", fact, hint)))


def look_up(
    ref: Ref,
    vault: Vault,
    resolvers: Mapping[str, Resolver],
    environment: Mapping[str, str],
    *,
    allowed: str = "",
) -> str | Unavailable:
    """Resolve one reference and seal its text, and each of its lines, into the vault. Returns
    Unavailable on failure. `allowed`: see `unusable`.
    """
    if ref.kind not in resolvers:
        hint = "a name in `secrets` needs --target NAME, any other kind its package"
        return Unavailable(f"{ref} cannot be resolved here", hint)
    try:
        text: object = resolvers[ref.kind](ref, environment)
    except Unavailable as unavailable:
        return Unavailable(unavailable.fact, unavailable.hint)
    except Exception:  # noqa: BLE001 - a resolver may be somebody else's code
        fact = f"{ref} could not be resolved: its resolver failed"
        return Unavailable(fact, "this is a bug in the resolver")
    if not isinstance(text, str):
        return Unavailable(f"{ref} did not resolve to a string", "this is a bug in the resolver")
    if (wrong := unusable(text, allowed)) is not None:
        return Unavailable(f"{ref} {wrong[0]}", wrong[1])
    vault.seal(text, ref)
    for line in text.splitlines()[1:-1]:
        vault.seal(line)
    return text


def unusable(text: str, allowed: str = "") -> tuple[str, str] | None:
    """Fact and hint for a text that cannot be a secret, or None. Neither repeats the text.
    `allowed`: control characters that it may have.
    """
    if not trim(text):
        return "is empty", "set it; for no secret write '@type': None, or a URL without a password"
    if text == MASK:
        return "is a mask (****), not a secret", "replace the mask with the secret itself"
    if text.startswith("ENC["):
        return "is still encrypted", "decrypt it before confsync runs"
    found = set(text).difference(allowed)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in found):
        return "contains a control character", "a secret is one line of text"
    return None
