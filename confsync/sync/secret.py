"""Secrets without their values: references, sealed values, and the vault that holds the texts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NoReturn

from confsync.errors import Fault
from confsync.sync.scrub import LEARNED_NOTHING, is_guessable, without

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

MASK = "****"
"""What stands for every secret, whatever its length."""

FILL_IN = "FILL_IN_"
"""The start of the variable of a reference that is still to be filled in."""


@dataclass(frozen=True)
class Form:
    """The value behind the key of a reference: a text that matches `pattern`; with `words`, a list
    of texts, the first of which matches. `takes` says it in words, `example` as a file does.
    `relative`: it depends on the directory of the store's file.
    """

    takes: str
    example: str
    pattern: re.Pattern[str] = re.compile(r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*")
    words: bool = False
    relative: bool = True


@dataclass(frozen=True)
class Ref:
    """The source of a secret: `env NAME`, `file PATH`, `command PROGRAM`.

    `base`: directory of a relative path, seen from the working directory; empty if it does not
    matter. `rest`: arguments of a command, which may hold anything and are never shown. `version`:
    of the secret, or empty; another version says that the secret has changed.
    """

    kind: str
    argument: str = ""
    base: str = ""
    rest: tuple[str, ...] = ()
    version: str = ""

    @property
    def placeholder(self) -> bool:
        """True for a reference that is still to be filled in."""
        return self.kind == "env" and self.argument.startswith(FILL_IN)

    def __str__(self) -> str:
        return f"{self.kind} {self.argument}".rstrip()


IN_CLEAR = Ref("plain text")
"""Where a secret comes from that stands in the file itself."""


@dataclass(frozen=True)
class Secret:
    """A secret without its value. Equal secrets of one vault have equal ids.

    `id` None: unknown, because the server hides it (no `ref` either) or its reference is not
    resolved. `ref`: source of a desired secret. `guessable`: its value is known, and easy to guess.
    """

    id: int | None = None
    ref: Ref | None = field(default=None, compare=False)
    guessable: bool = field(default=False, compare=False)


HIDDEN = Secret()


class Vault:
    """The texts of a run's secrets, which stand nowhere else.

    The doors seal what they meet; only the JMAP door opens. A vault cannot be printed, pickled or
    copied. Threads may share one. `documented` gives guessable words, like the names and defaults
    of fields.
    """

    def __init__(self, documented: Callable[[], Collection[str]] = tuple) -> None:
        self.__documented = documented
        self.__numbers = count()
        self.__ids: dict[str, int] = {}
        self.__texts: dict[int, str] = {}
        self.__guessable: set[int] = set()
        self.__learned = LEARNED_NOTHING
        self.__referenced: set[int] = set()

    def seal(self, text: str, ref: Ref | None = None) -> Secret:
        """Take a text in. Equal texts get equal ids."""
        sealed = self.__ids.get(text)
        if sealed is None:
            # The text is stored before anybody can get its number; of two threads one comes first.
            number = next(self.__numbers)
            if is_guessable(text) or text in self.__documented():
                self.__guessable.add(number)
            self.__texts[number] = text
            sealed = self.__ids.setdefault(text, number)
        if ref is not None:
            self.__referenced.add(sealed)
        return Secret(sealed, ref, sealed in self.__guessable)

    def referenced(self) -> Iterator[str]:
        """The texts that references led to, for `cli/apply_prompt.py` alone."""
        return (self.__texts[sealed] for sealed in sorted(self.__referenced))

    def open(self, secret: Secret) -> str:
        """The text of a secret. Raises Fault if it is unknown."""
        if secret.id is None:
            raise Fault("a secret was to be written whose value is not known")
        return self.__texts[secret.id]

    def scrub(self, text: str) -> str:
        """The text with `****` in place of each spelling of a sealed value (`scrub.spellings`).
        Guessable values stay: masking one would show it.
        """
        numbers = tuple(self.__texts)
        known = self.__learned
        if known.number < len(numbers):
            fresh = (number for number in numbers[known.number :] if number not in self.__guessable)
            # Assigned whole: a thread that comes in between learns as much, and misses none.
            known = known.learning(len(numbers), [self.__texts[number] for number in fresh])
            self.__learned = known
        return without(text, known, MASK)

    def __repr__(self) -> str:
        return "Vault()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a vault never leaves its process")

    def __copy__(self, _memo: object = None) -> NoReturn:
        raise TypeError("a vault is not copied")

    __deepcopy__ = __copy__
