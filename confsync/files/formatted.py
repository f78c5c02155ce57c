"""What came of formatting a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confsync.errors import Problem


@dataclass(frozen=True)
class Formatted:
    """What came of a file.

    `store`: it is one, as far as that can be told; other files are left alone. `changed`: it was
    not, or is not, in canonical form; `diff` shows how, every secret masked. `problems`: why it
    was left alone although it should not be.
    """

    file: str
    store: bool = True
    changed: bool = False
    diff: str = ""
    problems: tuple[Problem, ...] = ()
