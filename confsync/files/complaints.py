"""What a YAML parser complains of, in our words."""

from __future__ import annotations

_UNQUOTED = (
    "`@type` must stand in quotes: YAML reserves the @",
    "write `'@type': …`",
)

_COMPLAINTS = (
    ("found character '\\t'", "a tab stands where YAML wants spaces", "indent with spaces"),
    (
        "found character '@'",
        "an @ cannot start a text in YAML",
        "put the text in quotes",
    ),
    (
        "found character '`'",
        "a ` cannot start a text in YAML",
        "put the text in quotes",
    ),
    (
        "found character '%'",
        "a % cannot start a text in YAML",
        "put the text in quotes",
    ),
    (
        "could not find expected ':'",
        "a line before this one is neither `key: value` nor a list's `- item`",
        "write `key: value`, with a space after the colon",
    ),
    (
        "mapping values are not allowed",
        "a `key: value` cannot start here",
        "put a text that holds `: ` in quotes, or check the indentation",
    ),
    (
        "expected <block end>",
        "the indentation does not fit the lines above",
        "give the keys of one mapping the same indentation",
    ),
    (
        "did not find expected <document start>",
        "a second value stands after the end of the first",
        "keep one mapping at the top of the file",
    ),
    (
        "found unexpected end of stream",
        "the file ends inside of quotes",
        "close the quotes",
    ),
    (
        "found unknown escape character",
        "there is no such escape in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    (
        "expected ',' or ']'",
        "the list in brackets is not closed",
        "write `[a, b]`",
    ),
    (
        "expected ',' or '}'",
        "the mapping in braces is not closed",
        "write `{key: value}`",
    ),
)


def complaint(problem: str, text: str) -> tuple[str, str]:
    """Message and hint for a parser's problem at a text. Nothing of the text is repeated."""
    if text.startswith("@type"):
        return _UNQUOTED
    for start, message, hint in _COMPLAINTS:
        if problem.startswith(start):
            return message, hint
    return "this is not YAML", "check the quotes, brackets and indentation here and above"
