"""Files as they were at a git revision. Nothing but names and contents is taken from git.

Only plumbing runs: no hook, filter, pager, fetch or replacement of objects. Git itself refuses the
repository of another user.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from confsync.disk.read import NotRegular
from confsync.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from subprocess import Popen

SECONDS = 30
"""The time limit of each answer of git."""

_MOST_NAMES = 8 * 1024 * 1024
_PIECE = 64 * 1024
_SAFE = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    # An older git does not know the variable above: it may use no protocol to fetch.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_FETCH = "fetch it first; in CI a shallow clone needs its history (`fetch-depth: 0`)"


@contextmanager
def opened_revision(ref: str, environment: Mapping[str, str]) -> Iterator[Revision]:
    """The files of the repository around the working directory at a revision.

    Raises WrongUsage without git or a repository, and for a revision that is not there.
    """
    if ref.startswith("-") or not ref.isprintable() or not ref:
        hint = "write a branch, a tag or a commit, like --base origin/main"
        raise WrongUsage("--base: not a revision", hint=hint)
    # Variables of git can name another repository, and programs to run.
    known = {name: one for name, one in environment.items() if not name.startswith("GIT_")}
    revision = Revision(ref, {**known, **_ENVIRONMENT})
    try:
        revision.locate()
        yield revision
    finally:
        revision.end()


@dataclass
class Revision:
    """A source of files (`disk/read.py`). `root`: the directory of the repository."""

    ref: str
    environment: Mapping[str, str] = field(repr=False)
    commit: str = ""
    root: str = ""
    _cat: Popen[bytes] | None = None

    def locate(self) -> None:
        """Find the repository and the commit. Raises WrongUsage."""
        status, out, err = self._git("rev-parse", "--show-toplevel", "--is-shallow-repository")
        if status:
            fact, hint = "no git repository here", "run it in the repository of the files"
            if b"dubious ownership" in err:
                fact = "git refuses this repository: it belongs to another user"
                hint = "review it, then chown it, or run as its owner"
            raise WrongUsage(f"--base: {fact}", hint=hint)
        self.root, shallow = os.fsdecode(out).rstrip("\n").rsplit("\n", 1)
        wanted = f"{self.ref}^{{commit}}"
        status, out, _ = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
        found = re.search(rb"[0-9a-f]{40,64}", out)
        if status or found is None:
            hint = _FETCH if shallow == "true" else "check the name; `git fetch` gets new revisions"
            raise WrongUsage(f"--base: no such revision: {self.ref}", hint=hint)
        self.commit = found[0].decode()

    def end(self) -> None:
        """End the git that reads contents."""
        if self._cat is not None:
            self._cat.kill()
            with self._cat:
                self._cat = None

    def there(self, path: str | Path) -> bool:
        """True if a path is in the repository at the revision."""
        return bool(self._names("--", self._inside(path)))

    def matching(self, pattern: str) -> list[str]:
        """The files that match a pattern of `glob`, sorted, seen from the working directory. Links
        to directories are not followed.
        """
        wanted = self._inside(pattern).split("/")
        fixed = [*wanted[:-1]]
        while any(sign in "/".join(fixed) for sign in "*?["):
            fixed.pop()
        below = ["--", f"{'/'.join(fixed)}/"] if fixed else []
        found = [name for name in self._names("-r", *below) if _matches(name.split("/"), wanted)]
        return sorted(os.path.relpath(os.path.join(self.root, name)) for name in found)  # noqa: PTH118 - any name

    def content(self, path: str | Path, limit: int) -> bytes:
        """The content of a file, at most `limit + 1` bytes. Links in the repository are followed.

        Raises FileNotFoundError and other errors of the disk, NotRegular for a link that leads
        nowhere here, and WrongUsage for a file that git cannot give.
        """
        inside = self._inside(path)
        end = time.monotonic() + SECONDS
        cat = self._catting()
        if cat.stdin is None or "\n" in inside:
            raise FileNotFoundError
        with suppress(BrokenPipeError):
            cat.stdin.write(os.fsencode(f"{self.commit}:{inside}\n"))
            cat.stdin.flush()
        head = self._read(cat, b"", end, until=b"\n")
        line, _, rest = head.partition(b"\n")
        *_, kind, size = line.split(b" ") if b" " in line else (b"", b"")
        if size == b"missing" or not size.isdigit():
            if self.there(path):
                fact = f"is at {self.ref}, but its content is not in this clone"
                hint = "fetch it first: a partial clone has no old contents"
                raise WrongUsage(fact, where=str(path), hint=hint)
            raise FileNotFoundError
        length = int(size)
        if kind == b"blob" and length > limit:
            content = self._read(cat, rest, end, count=limit + 1)
            self.end()
            return content[: limit + 1]
        content = self._read(cat, rest, end, count=length + 1)[:length]
        if kind == b"tree":
            raise IsADirectoryError
        if kind == b"notdir":
            raise NotADirectoryError
        if kind != b"blob":
            raise NotRegular("a link to no file of the repository")
        return content

    def _inside(self, path: str | Path) -> str:
        """A path seen from the root of the repository. Raises WrongUsage for one outside of it."""
        inside = os.path.relpath(os.path.abspath(path), self.root)  # noqa: PTH100 - links in it stay
        if inside == os.pardir or inside.startswith(f"{os.pardir}/"):
            fact = "is outside of the repository: --base cannot tell what it was"
            raise WrongUsage(fact, where=str(path), hint="move it into the repository")
        return inside

    def _names(self, *arguments: str) -> list[str]:
        """Names of files and directories at the revision. Raises WrongUsage."""
        status, out, _ = self._git(
            "ls-tree", "-z", "--full-tree", "--name-only", self.commit, *arguments
        )
        if status or len(out) > _MOST_NAMES:
            fact = "too many files" if len(out) > _MOST_NAMES else "git cannot list its files"
            raise WrongUsage(f"--base {self.ref}: {fact}", hint=_FETCH)
        return [os.fsdecode(name) for name in out.split(b"\0") if name]

    def _catting(self) -> Popen[bytes]:
        if self._cat is None:
            self._cat = self._start("cat-file", "--batch", "--follow-symlinks")
        return self._cat

    def _git(self, *arguments: str) -> tuple[int, bytes, bytes]:
        """The status and the outputs of git, the first one cut behind `_MOST_NAMES`."""
        from subprocess import TimeoutExpired  # noqa: PLC0415

        process = self._start(*arguments)
        try:
            end = time.monotonic() + SECONDS
            out = self._read(process, b"", end, count=_MOST_NAMES + 1)
            if len(out) > _MOST_NAMES:
                return 1, out, b""
            with suppress(TimeoutExpired):
                _, err = process.communicate(timeout=SECONDS)
                return process.returncode, out, err
            raise self._late()
        finally:
            process.kill()
            with process:
                pass

    def _start(self, *arguments: str) -> Popen[bytes]:
        from subprocess import PIPE, Popen  # noqa: PLC0415

        try:
            return Popen(  # noqa: S603 - git alone
                ["git", *_SAFE, *arguments],  # noqa: S607 - the user's own git
                env={**self.environment},
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE if arguments[0] == "rev-parse" else _null(),
            )
        except OSError:
            hint = "install git, or leave out --base"
            raise WrongUsage("--base: git cannot be started", hint=hint) from None

    def _read(
        self, process: Popen[bytes], got: bytes, end: float, *, until: bytes = b"", count: int = 0
    ) -> bytes:
        """Read on until a text or a number of bytes is there, or the end. Raises WrongUsage if git
        takes too long.
        """
        import select  # noqa: PLC0415

        output = process.stdout.fileno() if process.stdout is not None else -1
        pieces, length = [got], len(got)
        while not (until and until in pieces[-1]) and (until or length < count):
            if not select.select([output], [], [], max(0.0, end - time.monotonic()))[0]:
                raise self._late()
            piece = os.read(output, _PIECE)
            if not piece:
                break
            pieces.append(piece)
            length += len(piece)
        return b"".join(pieces)

    def _late(self) -> WrongUsage:
        fact = f"--base {self.ref}: git did not answer within {SECONDS} s"
        return WrongUsage(fact, hint="try `git fsck`, or leave out --base")


def _null() -> int:
    from subprocess import DEVNULL  # noqa: PLC0415

    return DEVNULL


def _matches(steps: list[str], wanted: list[str]) -> bool:
    """True if a path matches a pattern, by the rules of `glob`: `**` is any directories, and no
    wildcard takes a name that begins with a dot.
    """
    if not wanted:
        return not steps
    first, rest = wanted[0], wanted[1:]
    if first == "**" and _matches(steps, rest):
        return True
    if not steps or (steps[0].startswith(".") and not first.startswith(".")):
        return False
    if first == "**":
        return _matches(steps[1:], wanted)
    return fnmatchcase(steps[0], first) and _matches(steps[1:], rest)
