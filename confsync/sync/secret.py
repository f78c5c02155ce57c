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


@dataclass(frozen=True)
class Form:
    """What stands behind the key of a reference: one text that matches `pattern`, or with `words`
    a list of texts, the first of which does. `takes` says it in words, `example` as a file does.
    `relative`: it depends on the directory that the store's file is in.
    """

    takes: str
    example: str
    pattern: re.Pattern[str] = re.compile(r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*")
    words: bool = False
    relative: bool = True


@dataclass(frozen=True)
class Ref:
    """Where a secret can be had: `env NAME`, `file PATH`, `command PROGRAM`.

    `base` is the directory that a relative path starts from, seen from the one that confsync runs
    in; it is empty where that does not matter. `rest` is what else a command consists of; it is
    never shown, because nobody knows what stands there.
    """

    kind: str
    argument: str = ""
    base: str = ""
    rest: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.argument}".rstrip()


IN_CLEAR = Ref("plain text")
"""Where a secret comes from that stands in the file itself."""


@dataclass(frozen=True)
class Secret:
    """A secret's place. Equal secrets of one vault have equal ids.

    `id` None: unknown, because the server hides it (no `ref` either) or because its reference
    has not been resolved. `ref` says where the desired state has it from. `guessable`: its value
    is known, and can be guessed.
    """

    id: int | None = None
    ref: Ref | None = field(default=None, compare=False)
    guessable: bool = field(default=False, compare=False)


HIDDEN = Secret()


class Vault:
    """The only place where the texts of secrets stand, for one run.

    The doors seal what they meet; only the JMAP door opens. A vault cannot be printed, pickled
    or copied. Threads may share one. `documented` gives the words that everybody knows, like the
    names and defaults of fields: a secret that is one of them can be guessed.
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
        """Take a text in. The same text always gets the same id."""
        sealed = self.__ids.get(text)
        if sealed is None:
            # The text is there before anybody can get its number; of two threads one comes first.
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
        """Give the text out. Raises Fault for a secret whose text nobody knows."""
        if secret.id is None:
            msg = "a secret was to be written whose value is not known"
            raise Fault(msg)
        return self.__texts[secret.id]

    def scrub(self, text: str) -> str:
        """The text with `****` in place of each sealed value, however it is spelt there: see
        `scrub.spellings`. A value that can be guessed stays: masking it would tell it.
        """
        numbers = tuple(self.__texts)
        known = self.__learned
        if known.number < len(numbers):
            fresh = (number for number in numbers[known.number :] if number not in self.__guessable)
            # Published at once: a thread that comes in between learns the same, and misses none.
            known = known.learning(len(numbers), [self.__texts[number] for number in fresh])
            self.__learned = known
        return without(text, known, MASK)

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
