"""What a YAML parser complains of, in our words: by what it says, and by how the lines look."""

from __future__ import annotations

import re
from typing import NamedTuple


class Complaint(NamedTuple):
    """What is wrong, and what to do. `opening`: to be shown where it began, not where it ended."""

    rule: str
    message: str
    hint: str
    opening: bool = False


class Broken(NamedTuple):
    """Where a parser gave up, and where that began; lines and columns from 0."""

    problem: str
    line: int
    column: int
    opened: tuple[int, int] | None


_UNQUOTED = Complaint(
    "unquoted-type", "`@type` must stand in quotes: YAML reserves the @", "write `'@type': …`"
)
_NO_SPACE = Complaint(
    "missing-space",
    "a space is missing after the colon",
    "write `key: value`, with a space after the colon",
)
_DEEPER = Complaint(
    "indentation",
    "this key is indented deeper than those above it",
    "give the keys of one mapping the same indentation",
)
_COLON = Complaint(
    "needs-quotes",
    "a text without quotes holds `: `, which YAML takes for a key",
    "put the whole text in quotes; a reference stands in braces, like `{env: NAME}`",
)
_TWO_KEYS = Complaint(
    "not-key-value",
    "a second key stands in the line of another",
    "write it in the next line, indented by two more spaces",
)
_NO_COLON = Complaint(
    "not-key-value",
    "a colon is missing at the end of this line",
    "write `key:`, and what belongs to it indented under it",
)
_AFTER_QUOTES = Complaint(
    "needs-quotes",
    "text stands behind the quotes that close here",
    "put all of it in quotes; within single quotes write a quote twice: `'it''s'`",
)
_ITEM = Complaint(
    "mixed-list",
    "a list item stands where the next key belongs",
    "indent it like the other items of its list",
)
_KEY_IN_LIST = Complaint(
    "mixed-list",
    "a key stands among the items of a list",
    "indent it like the key that the list belongs to",
)
_COMMA = Complaint(
    "missing-comma",
    "a comma is missing between two entries in brackets or braces",
    "write `[a, b]` or `{key: value, other: value}`",
)
_UNKNOWN = Complaint(
    "not-yaml", "this is not YAML", "check the quotes, brackets and indentation here and above"
)

# How a line looks that is no YAML, wherever in the file it stands; then what to say.
_ANYWHERE = (
    (
        re.compile(r"(?P<at>[<>|]{7}|={7})( |$)"),
        Complaint(
            "conflict-marker",
            "a conflict that git left stands here",
            "keep one of its two sides, and remove the lines of `<`, `=` and `>`",
        ),
    ),
    (
        re.compile(r"[ ]*(?P<at>```)"),
        Complaint(
            "code-fence",
            "a code fence of Markdown stands here",
            "remove the lines that begin with three backquotes",
        ),
    ),
    (
        re.compile(r"[ ]*(?P<at>\{%)"),
        Complaint(
            "template",
            "this is a template, not its result",
            "render it first and give confsync what comes out; a secret is `{env: NAME}`",
        ),
    ),
)
# The same of the line that a parser stumbled over, or the one before it.
_NEAR = (
    (
        re.compile("[^'\"#]*?(?P<at>[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff])"),
        Complaint(
            "invisible-character",
            "a space that YAML does not take for one stands here",
            "it was copied from a web page: write the line again, with plain spaces",
        ),
    ),
    (
        re.compile(r"[ ]*(?P<at>//|/\*)"),
        Complaint("not-key-value", "a comment must begin with #", "write `# …` in place of `// …`"),
    ),
    (
        re.compile(r"""[ -]*(?P<at>(['"]?)@?[A-Za-z_]+\2)[ ]*=([ ]|$|[^=:]*$)"""),
        Complaint(
            "not-key-value",
            "an equals sign stands where YAML wants a colon",
            "write `key: value`, with a space after the colon",
        ),
    ),
    (re.compile(r"""[ -]*(?P<at>['"]?@?[A-Za-z_]+['"]?):(?!//)[^ \t]"""), _NO_SPACE),
)

# How the parser's own text begins, and what we say.
_COMPLAINTS = {
    "found character '\\t'": Complaint(
        "tab", "a tab stands where YAML wants spaces", "indent with spaces"
    ),
    **{
        f"found character '{character}'": Complaint(
            "needs-quotes",
            f"a text in YAML cannot begin with {character} unless it stands in quotes",
            "put the text in quotes",
        )
        for character in "@`%"
    },
    "could not find expected ':'": Complaint(
        "not-key-value",
        "this line is neither `key: value` nor a list's `- item`",
        "write `key: value`, with a space after the colon",
        opening=True,
    ),
    "expected <block end>": Complaint(
        "indentation",
        "the indentation does not fit the lines above",
        "give the keys of one mapping the same indentation",
    ),
    "did not find expected <document start>": Complaint(
        "second-document",
        "text stands after the end of the store",
        "keep one mapping at the top of the file, and remove what follows it",
    ),
    "found unexpected end of stream": Complaint(
        "unclosed",
        "the quotes that open here are not closed",
        "close them with the same kind of quote",
        opening=True,
    ),
    "found unknown escape character": Complaint(
        "unknown-escape",
        "there is no such escape in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    "expected ',' or ']'": Complaint(
        "unclosed",
        "the list in brackets that opens here is not closed",
        "write `[a, b]`",
        opening=True,
    ),
    "expected ',' or '}'": Complaint(
        "unclosed",
        "the mapping in braces that opens here is not closed",
        "write `{key: value}`",
        opening=True,
    ),
    "sequence entries are not allowed": Complaint(
        "mixed-list",
        "a list begins in the line of its key",
        "begin it in the next line, each item in a line of its own with `- ` in front",
    ),
    "expected chomping": Complaint(
        "needs-quotes",
        "a value that begins with | or > must stand in quotes",
        "put the text in quotes: | and > begin texts of several lines",
    ),
    "expected the node content": Complaint(
        "missing-comma",
        "a comma or a closing bracket stands where a value belongs",
        "write the value, or put a text that begins so in quotes",
    ),
}


def complaint(broken: Broken, lines: list[str]) -> tuple[Complaint, int, int]:
    """What to say of the place where a parser gave up, and where to say it; places from 0.

    Nothing of the text is repeated.
    """
    looks = _looks(broken, lines)
    if looks is not None:
        return looks
    text = lines[broken.line][broken.column :] if broken.line < len(lines) else ""
    found = _by_words(broken, lines, text)
    above = lines[broken.line - 1] if broken.line else ""
    if found is _DEEPER and re.fullmatch("[ -]*[A-Za-z_]+[ ]*", above):
        return _NO_COLON, broken.line - 1, len(above) - len(above.lstrip(" -"))
    if found.opening and broken.opened is not None:
        return found, *broken.opened
    return found, broken.line, broken.column


def _looks(broken: Broken, lines: list[str]) -> tuple[Complaint, int, int] | None:
    for number, line in enumerate(lines):
        for pattern, found in _ANYWHERE:
            if match := pattern.match(line):
                return found, number, match.start("at")
    if broken.problem.startswith(("found character '@'", "found unexpected end", "found unknown")):
        return None
    first = min(broken.line, broken.opened[0] if broken.opened is not None else broken.line)
    for number in range(max(0, first - 1), min(broken.line + 1, len(lines))):
        for pattern, found in _NEAR:
            if match := pattern.match(lines[number]):
                return found, number, match.start("at")
    return None


def _by_words(broken: Broken, lines: list[str], text: str) -> Complaint:
    problem = broken.problem
    if text.startswith("@type"):
        return _UNQUOTED
    if problem.startswith("mapping values are not allowed"):
        before = lines[broken.line][: broken.column]
        if re.fullmatch(r"""[ -]*[A-Za-z_]+:[ ]+(['"])@?[A-Za-z_]+\1""", before):
            return _TWO_KEYS
        return _DEEPER if re.fullmatch(r"""[ -]*(['"]?)@?[A-Za-z_]+\1""", before) else _COLON
    if problem.startswith("expected <block end>"):
        if text.startswith(":"):
            return _NO_SPACE
        if problem.endswith("'<scalar>'"):
            return _AFTER_QUOTES
        if problem.endswith(("'-'", "sequence start>'")):
            return _ITEM
        if problem.endswith("'?'"):
            return _KEY_IN_LIST
    if problem.startswith("expected ',' or ") and _balanced(lines):
        return _COMMA
    starts = (found for start, found in _COMPLAINTS.items() if problem.startswith(start))
    return next(starts, _UNKNOWN)


def _balanced(lines: list[str]) -> bool:
    """Whether as many brackets and braces close as open, so that none is missing."""
    whole = "".join(lines)
    return all(whole.count(opens) == whole.count(closes) for opens, closes in ("[]", "{}"))
