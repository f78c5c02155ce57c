"""Whether a file is any of our business: other YAML is not, whatever it holds."""

from __future__ import annotations

import codecs
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from confsync.disk.read import NotRegular, opened, read_regular
from confsync.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_SEARCHED = 1024 * 1024
"""Bytes. A larger file is looked through for the name of an object, and no further."""

_KEY = re.compile(
    rb"""^(?:\xef\xbb\xbf)?['"]?([A-Za-z][A-Za-z_-]{3,40})['"]?[ \t]*:""", re.MULTILINE
)
_ALIKE = 0.93
_CHUNK, _OVERLAP = 1024 * 1024, 256
_MAX_CHUNKS = 64


def is_meant_as_store(content: bytes, objects: Iterable[str]) -> bool:
    """Whether one of some objects' names stands as a key at the beginning of a line, or of a
    mapping in braces that the file is. Other YAML is none of our business, whatever it holds.
    """
    names = "|".join(map(re.escape, objects))
    key = rf"""^(?:\xef\xbb\xbf)?(?:\{{\s*)?['"]?(?:{names})['"]?[ \t]*:"""
    return re.search(key.encode("ascii"), content, re.MULTILINE) is not None


def may_be_store(path: str, objects: Iterable[str], variants: Iterable[str]) -> bool:
    """Whether a file is meant as a store, also where the object's name is misspelt, or forgotten
    above one of some variants. A file that cannot be opened may be one: reading it says why.
    """
    names = tuple(objects)
    try:
        content = read_regular(path, MAX_SEARCHED)[:MAX_SEARCHED]
    except (OSError, ValueError):
        return True
    if is_meant_as_store(content, names):
        return True
    tags = "|".join(map(re.escape, variants))
    forgotten = rf"""^(?:\xef\xbb\xbf)?['"]?@type['"]?[ \t]*:[ \t]*['"]?(?:{tags})\b"""
    if re.search(forgotten.encode("ascii"), content, re.MULTILINE) is not None:
        return True
    keys = {key.decode("ascii") for key in _KEY.findall(content)}
    return any(_is_alike(key, name) for key in keys for name in names)


def mentions(path: str, objects: Iterable[str]) -> bool:
    """Whether the name of one of some objects stands as a key in the first 64 MiB of a file. A file
    that cannot be read may mention one: reading it says why.
    """
    key = re.compile(b"|".join(_keys(objects)))
    kept = b""
    try:
        with opened(path) as file:
            for _ in range(_MAX_CHUNKS):
                kept += file.read(_CHUNK)
                if key.search(kept) is not None:
                    return True
                kept = kept[-_OVERLAP:]
    except (OSError, ValueError):
        return True
    return False


def _keys(objects: Iterable[str]) -> Iterator[bytes]:
    for name in objects:
        yield re.escape(name.encode("ascii")) + rb"""['"]?[ \t]{0,8}:"""
        yield from (re.escape(name.encode(wide)) for wide in ("utf-16-le", "utf-16-be"))


def searchable(path: str) -> str | Problem:
    """The text of a file of up to 1 MiB, however it is encoded: what is not UTF-8 may be garbled,
    but stands in its lines.
    """
    try:
        content = read_regular(path, MAX_SEARCHED)
    except NotRegular as found:
        hint = "save it as a file, and name that"
        return Problem(path, 0, 0, "unreadable", f"is {found.what}, not a regular file", hint)
    except (OSError, ValueError):
        hint = "check its mode, and that it is there"
        return Problem(path, 0, 0, "unreadable", "cannot be searched", hint)
    if len(content) > MAX_SEARCHED:
        hint = "is this a store? no store needs so much; leave it out if it is none"
        return Problem(path, 0, 0, "unreadable", "is larger than 1 MiB, and not searched", hint)
    return content.decode(_encoding(content), "replace")


def _encoding(content: bytes) -> str:
    """The encoding that a text's first bytes tell of: it begins with a mark, or with ASCII."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if 0 in content[:2]:
        return "utf-16-be" if content[0] == 0 else "utf-16-le"
    return "utf-8-sig"


def _is_alike(key: str, name: str) -> bool:
    key, name = (re.sub("[_-]", "", text).lower() for text in (key, name))
    return SequenceMatcher(None, key, name).ratio() >= _ALIKE
