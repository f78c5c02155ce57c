"""Documents that chance draws: case files with mistakes in them, objects, tokens, and noise.

The same seed gives the same documents.
"""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from confsync.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CASES = Path(__file__).parent.parent / "cases"
LARGEST = 64 * 1024
"""Bytes: as many as a file may have."""

INDICATORS = (
    *"[]{}#!|>'\"%@`~=\\\t\r\n",
    *("- ", "? ", ": ", ", ", " #", "&a ", "*a", "!!str ", "!<x> ", "|2-\n", ">+\n", "<<: ", "://"),
    *("\n\n", "\r\n", "  ", "---\n", "...\n", "%YAML 1.2\n", "%TAG ! x\n", '"\\x', '"\\ud800"'),
)
WORDS = (
    *("null", "true", "no", "on", "0", "-1", "0x1F", "0o17", "1e9", ".inf", ".nan", "1_000", "007"),
    *("2027-01-31", "10s", "1m30s", "0s", "99999999999999999999", "****", "a", "'@type'", "@type"),
    *("InMemoryStore", "Redis", "RedisCluster", "Sharded", "Default", "url", "urls", "stores"),
    *("timeout", "poolMaxConnections", "authUsername", "authSecret", "secret", "Value", "env"),
    *("file", "command", "address", "username", "password", "readFromReplicas", "{env: A}"),
    *("redis://h", "rediss://u:p@h:1/0?password=x", "redis://[::1]", "a@b:c", "://", "%41", "$A"),
)
ODD = (
    *"\0\x07\x7f\x80\x85\xa0\xad\u0300\u061c\u1680\u200b\u200f\u2028\u2029\u202e\u2066\u3000",
    *"\ufdd0\ufeff\ufffd\uffff\U0001f600\U000e0001\U0010ffff\uff11\U0001d7d9ßİǆ٣",
    "\x1b[31m",
)
BYTES = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xfe\xff\x00a")
_TOKEN = re.compile(rb"\s+|\w+|[^\w\s]")


@cache
def cases() -> tuple[bytes, ...]:
    """Every store file among the cases, good ones and bad ones."""
    found = {path.read_bytes() for path in CASES.rglob("*.yaml")}
    return tuple(sorted(content for content in found if len(content) < LARGEST // 10))


def documents(seed: int, number: int) -> Iterator[bytes]:
    """That many documents; nearly all are small, as real ones are, and one in 500 is large."""
    chance = random.Random(seed)  # noqa: S311 - which documents are tried is no secret
    for turn in range(number):
        (draw,) = chance.choices((mutated, furnished, composed, noise), (4, 3, 2, 1))
        content = draw(chance)
        if turn % 500 == 250:
            content = content * (LARGEST // (len(content) or 1))
        yield content[:LARGEST]


def mutated(chance: random.Random) -> bytes:
    """A case file with one to six changes."""
    content = chance.choice(cases())
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        content = chance.choice(MUTATIONS)(content, chance)
    return content


def _at(content: bytes, chance: random.Random) -> int:
    return chance.randint(0, len(content))


def _flipped(content: bytes, chance: random.Random) -> bytes:
    place = _at(content, chance)
    return (
        content[:place]
        + bytes([byte ^ 1 << chance.randrange(8) for byte in content[place : place + 1]])
        + content[place + 1 :]
    )


def _shortened(content: bytes, chance: random.Random) -> bytes:
    place = _at(content, chance)
    return content[:place] + content[place + chance.choice((1, 1, 2, 5, 20, 200)) :]


def _doubled(content: bytes, chance: random.Random) -> bytes:
    place = _at(content, chance)
    piece = content[place : place + chance.choice((1, 3, 10, 50, 500))]
    return content[:place] + piece * chance.choice((2, 2, 3, 40)) + content[place + len(piece) :]


def _swapped(content: bytes, chance: random.Random) -> bytes:
    tokens: list[bytes] = _TOKEN.findall(content)
    for _ in range(chance.choice((1, 2, 5)) if tokens else 0):
        one, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        tokens[one], tokens[other] = tokens[other], tokens[one]
    return b"".join(tokens)


def _replaced(content: bytes, chance: random.Random) -> bytes:
    tokens: list[bytes] = _TOKEN.findall(content) or [b""]
    tokens[chance.randrange(len(tokens))] = chance.choice(WORDS).encode()
    return b"".join(tokens)


def _inserted(content: bytes, chance: random.Random) -> bytes:
    place = _at(content, chance)
    return content[:place] + _piece(chance) + content[place:]


def _spliced(content: bytes, chance: random.Random) -> bytes:
    other = chance.choice(cases())
    return content[: _at(content, chance)] + other[_at(other, chance) :]


def _shuffled(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _indented(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    line = chance.randrange(len(lines))
    lines[line] = chance.choice((b" ", b"  ", b"\t", b"- ")) + lines[line]
    return b"\n".join(lines)


def _piece(chance: random.Random) -> bytes:
    (pieces,) = chance.choices((INDICATORS, ODD, WORDS, ()), (5, 3, 2, 1))
    return chance.choice(pieces).encode() if pieces else chance.choice(BYTES)


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_flipped, _shortened, _doubled, _swapped, _replaced, _inserted, _inserted, _spliced),
    *(_shuffled, _indented),
)


def furnished(chance: random.Random) -> bytes:
    """An object with fields of its own, whose values fit or do not."""
    variants = KINDS["InMemoryStore"].shape.objects
    tag = chance.choice(list(variants))
    lines = [f"InMemoryStore:\n  '@type': {tag}\n"]
    fields = list(variants[tag].fields) or ["none"]
    lines += [
        f"  {name}: {_block(chance, 4, chance.choice((0, 0, 1, 2)))}"
        for name in chance.sample(fields, chance.randrange(len(fields) + 1))
    ]
    return "".join(lines).encode("utf-8", "surrogatepass")


def composed(chance: random.Random) -> bytes:
    """YAML made of tokens: of a grammar, or in any order."""
    if chance.random() < 0.3:
        return b"".join(_piece(chance) for _ in range(chance.randrange(60)))
    text = _block(chance, 0, chance.randrange(5))
    return text.encode("utf-8", "surrogatepass")


def _block(chance: random.Random, indent: int, depth: int) -> str:
    """A mapping or a list in lines, or what stands in one line."""
    if depth == 0 or chance.random() < 0.2:
        return f"{_flow(chance, chance.choice((0, 0, 0, 1, 2, 4)))}\n"
    lines = ["\n"] if indent else []
    mapping = chance.random() < 0.7
    for _ in range(chance.randrange(1, 5)):
        deeper = indent + chance.choice((1, 2, 2, 2, 4))
        head = f"{_scalar(chance)}: " if mapping else "- "
        lines.append(f"{' ' * indent}{head}{_block(chance, deeper, depth - 1)}")
    return "".join(lines)


def _flow(chance: random.Random, depth: int) -> str:
    if depth == 0:
        return _scalar(chance)
    parts = [_flow(chance, depth - 1) for _ in range(chance.randrange(4))]
    if chance.random() < 0.5:
        return f"[{', '.join(parts)}]"
    return f"{{{', '.join(f'{_scalar(chance)}: {part}' for part in parts)}}}"


def _scalar(chance: random.Random) -> str:
    word = chance.choice(ODD if chance.random() < 0.05 else WORDS)
    if chance.random() < 0.05:
        word = chance.choice(INDICATORS) + word
    quote = chance.choice(("", "", "", "", "'", '"'))
    return f"{quote}{word}{quote}"


def noise(chance: random.Random) -> bytes:
    """Bytes, letters of ASCII, or characters of all Unicode."""
    size = chance.randrange(200)
    match chance.randrange(3):
        case 0:
            return chance.randbytes(size)
        case 1:
            return bytes(chance.choices(range(9, 127), k=size))
        case _:
            points = [chance.randrange(1 << chance.choice((7, 8, 11, 16, 20))) for _ in range(size)]
            return "".join(map(chr, points)).encode("utf-8", "surrogatepass")
