"""A text by its lines: where they start and end, and which of them are comments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lines:
    """A text whose lines end in a line feed, with or without a carriage return before it."""

    source: str

    def start(self, offset: int) -> int:
        """Where the line of an offset starts."""
        return self.source.rfind("\n", 0, offset) + 1

    def end(self, offset: int) -> int:
        """Where the line of an offset ends, its line break aside."""
        found = self.source.find("\n", offset)
        return len(self.source) if found < 0 else found

    def next(self, offset: int) -> int:
        """Where the line after that of an offset starts."""
        return min(self.end(offset) + 1, len(self.source))

    def comments_above(self, start: int, bound: int) -> int:
        """Where the comments start that stand right above a line, in lines of their own."""
        while start > bound:
            above = self.start(start - 1)
            if above < bound or not self._line(above).startswith("#"):
                break
            start = above
        return start

    def comments_below(self, start: int, column: int) -> int:
        """Where the comments end that stand from a line on and begin right of a column, with the
        empty lines between them.
        """
        found = start
        while start < len(self.source):
            line = self._line(start)
            if line:
                indent = self.source[start : self.end(start)].index(line[0])
                if not line.startswith("#") or indent <= column:
                    break
            start = self.next(start)
            found = start if line else found
        return found

    def _line(self, start: int) -> str:
        return self.source[start : self.end(start)].strip()
