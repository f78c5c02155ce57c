"""The resolver protocol, its helpers, and when a resolver may run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from confsync.sync.secret import Form, Ref

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
            option = ", with --allow-commands" if self.moment == "allowed" else ""
            raise Unavailable(f"{ref} is not run by a plan", f"an apply runs it{option}")
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
        raise Unavailable(f"{ref} is not UTF-8", "the server takes only texts") from None
