"""Canaries: secrets that can be told from everything else, however they are written."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTERS = "bcdfghjklmnpqrstvwxz"
"""No vowels: no word of any message is made of these."""
SPECIAL = '-"\\%+/ü Ω'
"""What has to be escaped in JSON, in URLs and in YAML."""
WINDOW = 6


@dataclass(frozen=True)
class Canary:
    """A secret of a place. Any six letters of its core give it away."""

    place: str
    length: int

    @cached_property
    def core(self) -> str:
        """Letters that stand nowhere else, and are others for another place or length."""
        digest = hashlib.sha512(f"{self.place} {self.length}".encode()).digest()
        return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[: self.length])

    @property
    def plain(self) -> str:
        """For places that take letters alone."""
        return self.core

    @property
    def hostile(self) -> str:
        """For places that take any text: it has to be escaped nearly everywhere."""
        return self.core + SPECIAL

    @property
    def encoded(self) -> str:
        """As it stands in a URL."""
        return quote(self.hostile, safe="")

    def traces(self) -> Iterator[tuple[str, str]]:
        """What gives it away, and how that is called. All in lower case."""
        for text, kind in ((self.core, "in clear"), (self.core[::-1], "backwards")):
            for start in range(len(text) - WINDOW + 1):
                yield text[start : start + WINDOW], kind
        for value in {self.plain, self.hostile}:
            whole = value.encode()
            for before in range(3):
                spelt = base64.b64encode(bytes(before) + whole).decode().rstrip("=")
                yield from _windows(spelt[4:-4].lower(), 10, "in base64")
            yield from _windows(whole.hex(), 12, "in hexadecimal")
            for name in ("md5", "sha1", "sha256", "sha512"):
                digest = hashlib.new(name, whole, usedforsecurity=False).hexdigest()
                yield digest[:10], f"as its {name}"


def _windows(text: str, size: int, kind: str) -> Iterator[tuple[str, str]]:
    for start in range(len(text) - size + 1):
        yield text[start : start + size], kind


@cache
def _named(canary: Canary) -> dict[str, str]:
    """The traces of a canary with its place; made once, since every scene asks for the same."""
    return {trace: f"{canary.place} {kind}" for trace, kind in canary.traces()}


class Aviary:
    """The canaries of one run, all of one length, each made when its place is named first."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._canaries: dict[str, Canary] = {}

    def __getitem__(self, place: str) -> Canary:
        return self._canaries.setdefault(place, Canary(place, self.length))

    def fixed(self, place: str) -> Canary:
        """One that is the same in every run: for what a plan's digest is made of."""
        return self._canaries.setdefault(place, Canary(place, 20))

    def found_in(self, written: str) -> list[str]:
        """Which canaries can be read in a text, and how; nothing of them."""
        traces: dict[str, str] = {}
        for canary in self._canaries.values():
            traces |= _named(canary)
        text = written.lower()
        sizes = {len(trace) for trace in traces}
        pieces = (text[i : i + size] for size in sizes for i in range(len(text) - size + 1))
        return sorted({traces[piece] for piece in pieces if piece in traces})
