"""Whether a file that is not to be read as a store was meant as one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_meant_as_store(content: bytes, objects: Iterable[str]) -> bool:
    """Whether one of some objects' names stands as a key at the beginning of a line, or of a
    mapping in braces that the file is. Other YAML is none of our business, whatever it holds.
    """
    names = "|".join(map(re.escape, objects))
    key = rf"""^(?:\xef\xbb\xbf)?(?:\{{\s*)?['"]?(?:{names})['"]?[ \t]*:"""
    return re.search(key.encode("ascii"), content, re.MULTILINE) is not None
