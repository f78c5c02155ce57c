"""Secrets without their values: references, sealed values, and the vault that holds the texts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from confsync.errors import Fault
from confsync.sync.scrub import SHORTEST, spellings, without

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "****"
"""What stands for every secret, whatever its length."""


@dataclass(frozen=True)
class Form:
    """What stands behind the key of a reference: one text that matches `pattern`, or with `words`
    a list of texts, the first of which does. `takes` says it in words, `example` as a file does.
    """

    takes: str
    example: str
    pattern: re.Pattern[str] = re.compile(r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*")
    words: bool = False


@dataclass(frozen=True)
class Ref:
    """Where a secret can be had: `env NAME`, `file PATH`, `command PROGRAM`.

    `base` is the directory that a relative path starts from; it is no part of what the
    reference is, so that a plan is the same on every machine. `rest` is what else a command
    consists of; it is never shown, because nobody knows what stands there.
    """

    kind: str
    argument: str = ""
    base: str = field(default="", compare=False)
    rest: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.argument}".rstrip()


IN_CLEAR = Ref("plain text")
"""Where a secret comes from that stands in the file itself."""


@dataclass(frozen=True)
class Secret:
    """A secret's place. Equal secrets of one vault have equal ids.

    `id` None: unknown, because the server hides it (no `ref` either) or because its reference
    has not been resolved. `ref` says where the desired state has it from.
    """

    id: int | None = None
    ref: Ref | None = field(default=None, compare=False)


HIDDEN = Secret()


class Vault:
    """The only place where the texts of secrets stand, for one run.

    The doors seal what they meet; only the JMAP door opens. A vault cannot be printed, pickled
    or copied.
    """

    def __init__(self) -> None:
        self.__ids: dict[str, int] = {}
        self.__texts: list[str] = []
        self.__spelt: dict[str, list[str]] = {}
        self.__learned = 0
        self.__referenced: set[int] = set()

    def seal(self, text: str, ref: Ref | None = None) -> Secret:
        """Take a text in. The same text always gets the same id."""
        sealed = self.__ids.setdefault(text, len(self.__texts))
        if sealed == len(self.__texts):
            self.__texts.append(text)
        if ref is not None:
            self.__referenced.add(sealed)
        return Secret(sealed, ref)

    def referenced(self) -> Iterator[str]:
        """The texts that references led to, for `cli/mask.py` alone."""
        return (self.__texts[sealed] for sealed in sorted(self.__referenced))

    def open(self, secret: Secret) -> str:
        """Give the text out. Raises Fault for a secret whose text nobody knows."""
        if secret.id is None:
            msg = "a secret was to be written whose value is not known"
            raise Fault(msg)
        return self.__texts[secret.id]

    def scrub(self, text: str) -> str:
        """The text with `****` in place of each sealed value of at least 8 characters, however it
        is spelt there: see `scrub.spellings`.
        """
        for value in self.__texts[self.__learned :]:
            for spelling in spellings(value):
                self.__spelt.setdefault(spelling[:SHORTEST], []).append(spelling)
        self.__learned = len(self.__texts)
        return without(text, self.__spelt, MASK) if self.__spelt else text

    def __repr__(self) -> str:
        return "Vault()"

    def __reduce__(self) -> NoReturn:
        msg = "a vault never leaves its process"
        raise TypeError(msg)

    def __copy__(self) -> NoReturn:
        msg = "a vault is not copied"
        raise TypeError(msg)

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__copy__()
