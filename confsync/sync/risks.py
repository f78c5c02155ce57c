"""The names that `--help` lists: risks, and rules that files can be searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RISKS: Mapping[str, str] = {
    "plaintext-secret": "a secret stands in the file itself, and so in the repository's history",
    "will-not-start": "no server can start with what stands there, at the next restart",
}
"""What each risk is, by the id of its rule."""

SEARCHABLE = ("plaintext-secret", "credential-in-clear")
"""The rules that files of any kind can be searched for."""
