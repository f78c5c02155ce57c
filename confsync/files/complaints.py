"""What a YAML parser complains of, in our words."""

from __future__ import annotations

from typing import NamedTuple


class Complaint(NamedTuple):
    """What is wrong, and what to do. `opening`: to be shown where it began, not where it ended."""

    message: str
    hint: str
    opening: bool = False


_UNQUOTED = Complaint("`@type` must stand in quotes: YAML reserves the @", "write `'@type': …`")
_NO_SPACE = Complaint(
    "a space is missing after the colon", "write `key: value`, with a space after the colon"
)
_UNKNOWN = Complaint(
    "this is not YAML", "check the quotes, brackets and indentation here and above"
)

# How the parser's own text begins, and what we say.
_COMPLAINTS = {
    "found character '\\t'": Complaint(
        "a tab stands where YAML wants spaces", "indent with spaces"
    ),
    "found character '@'": Complaint("an @ cannot start a text in YAML", "put the text in quotes"),
    "found character '`'": Complaint("a ` cannot start a text in YAML", "put the text in quotes"),
    "found character '%'": Complaint("a % cannot start a text in YAML", "put the text in quotes"),
    "could not find expected ':'": Complaint(
        "this line is neither `key: value` nor a list's `- item`",
        "write `key: value`, with a space after the colon",
        opening=True,
    ),
    "mapping values are not allowed": Complaint(
        "a `key: value` cannot start here",
        "put a text that holds `: ` in quotes, or check the indentation",
    ),
    "expected <block end>": Complaint(
        "the indentation does not fit the lines above",
        "give the keys of one mapping the same indentation",
    ),
    "did not find expected <document start>": Complaint(
        "a second value stands after the end of the first",
        "keep one mapping at the top of the file",
    ),
    "found unexpected end of stream": Complaint(
        "the quotes that open here are not closed", "close the quotes", opening=True
    ),
    "found unknown escape character": Complaint(
        "there is no such escape in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    "expected ',' or ']'": Complaint(
        "the list in brackets that opens here is not closed", "write `[a, b]`", opening=True
    ),
    "expected ',' or '}'": Complaint(
        "the mapping in braces that opens here is not closed", "write `{key: value}`", opening=True
    ),
}


def complaint(problem: str, text: str) -> Complaint:
    """What to say of a parser's problem at a text. Nothing of the text is repeated."""
    if text.startswith("@type"):
        return _UNQUOTED
    if text.startswith(":") and problem.startswith("expected <block end>"):
        return _NO_SPACE
    starts = (found for start, found in _COMPLAINTS.items() if problem.startswith(start))
    return next(starts, _UNKNOWN)
