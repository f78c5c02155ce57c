"""Find out if a file is a store file: other YAML is never reported."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from confsync.disk.read import NotRegular, opened, read_regular
from confsync.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MAX_SEARCHED = 1024 * 1024
"""Bytes. In a larger file, only the name of an object is searched."""

_KEY = re.compile(
    rb"""^(?:\xef\xbb\xbf)?['"]?([A-Za-z][A-Za-z_-]{3,40})['"]?[ \t]*:""", re.MULTILINE
)
_ALIKE = 0.93
_LONG = 10
_CHUNK, _OVERLAP = 1024 * 1024, 256
_MAX_CHUNKS = 64


def is_meant_as_store(content: bytes, objects: Iterable[str]) -> bool:
    """Return True if an object's name is a key at the start of a line, or of the file's braces."""
    names = "|".join(map(re.escape, objects))
    key = rf"""^(?:\xef\xbb\xbf)?(?:\{{\s*)?['"]?(?:{names})['"]?[ \t]*:"""
    return re.search(key.encode("ascii"), content, re.MULTILINE) is not None


def may_be_store(path: str, objects: Iterable[str], variants: Iterable[str]) -> bool:
    """Return True for a store, also with a misspelt object name, or with a variant but no object.

    True for a file that cannot be opened: reading it says why.
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
    keys = {re.sub("[_-]", "", key.decode("ascii")).lower() for key in _KEY.findall(content)}
    # A short name, like `cache`, is an ordinary key of other files.
    known = [re.sub("[_-]", "", name).lower() for name in names if len(name) >= _LONG]
    from difflib import SequenceMatcher  # noqa: PLC0415 - only files without an object need it

    alike = (SequenceMatcher(None, key, name) for key in keys for name in known)
    return any(found.ratio() >= _ALIKE for found in alike)


def mentions(path: str, objects: Collection[str]) -> bool:
    """Return True if an object's name is a key in the first 64 MiB of a file, in UTF-8 or UTF-16.

    True for a file that cannot be read: reading it says why.
    """
    names = [name.encode("ascii") for name in objects]
    kept = b""
    try:
        with opened(path) as file:
            for _ in range(_MAX_CHUNKS):
                piece = file.read(_CHUNK)
                if not piece:
                    break
                kept = kept[-_OVERLAP:] + piece
                # Every other byte of UTF-16 is that of ASCII. A pattern alone is far slower.
                views = (kept, kept[::2], kept[1::2])
                there = [name for name in names if any(name in view for view in views)]
                if any(_is_key(name, kept) for name in there):
                    return True
    except (OSError, ValueError):
        return True
    return False


def _is_key(name: bytes, content: bytes) -> bool:
    key = re.escape(name) + rb"""['"]?[ \t]{0,8}:"""
    wide = (name.decode("ascii").encode(f"utf-16-{end}") for end in ("le", "be"))
    return re.search(key, content) is not None or any(one in content for one in wide)


def searchable(path: str) -> str | Problem:
    """The text of a file of up to 1 MiB. Bytes of other encodings may be garbled, within a line."""
    try:
        content = read_regular(path, MAX_SEARCHED)
    except NotRegular as found:
        hint = "save it to a file first"
        return Problem(path, 0, 0, "unreadable", f"is {found.what}, not a regular file", hint)
    except (OSError, ValueError):
        hint = "check the path and the file's mode"
        return Problem(path, 0, 0, "unreadable", "cannot be searched", hint)
    if len(content) > MAX_SEARCHED:
        hint = "leave it out: no store file is this large"
        return Problem(path, 0, 0, "unreadable", "is larger than 1 MiB, and not searched", hint)
    # A text starts with a mark or with ASCII.
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif 0 in content[:2]:
        encoding = "utf-16-be" if content[0] == 0 else "utf-16-le"
    return content.decode(encoding, "replace")
