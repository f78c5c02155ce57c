"""Problems for text that a YAML parser refuses: by the look of its lines, and by its error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ruamel.yaml.error import MarkedYAMLError

ODD_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
ODD_SPACES += "\u202f\u205f\u3000"


class Complaint(NamedTuple):
    """A problem without its place. `opening`: its place is the beginning of the refused text."""

    rule: str
    message: str
    hint: str
    opening: bool = False


ODD_SPACE = Complaint(
    "invisible-character",
    "a space that YAML does not take for one stands here",
    "it was copied from a web page: write the line again, with plain spaces",
)
SECOND_DOCUMENT = Complaint(
    "second-document",
    "text stands after the end of the store",
    "keep one mapping at the top of the file, and remove what follows it",
)
_SPACE_AFTER_COLON = "write `key: value`, with a space after the colon"
_SAME_INDENTATION = "give the keys of one mapping the same indentation"
_NO_SPACE = Complaint("missing-space", "a space is missing after the colon", _SPACE_AFTER_COLON)
_DEEPER = Complaint(
    "indentation", "this key is indented deeper than those above it", _SAME_INDENTATION
)
_NO_COLON = Complaint(
    "not-key-value",
    "a colon is missing at the end of this line",
    "write `key:`, and what belongs to it indented under it",
)
_UNKNOWN = Complaint(
    "not-yaml", "this is not YAML", "check the quotes, brackets and indentation here and above"
)

_ANYWHERE = {
    r"(?P<at>[<>|]{7}|={7})( |$)": Complaint(
        "conflict-marker",
        "a conflict that git left stands here",
        "keep one of its two sides, and remove the lines of `<`, `=` and `>`",
    ),
    r"[ ]*(?P<at>```)": Complaint(
        "code-fence",
        "a code fence of Markdown stands here",
        "remove the lines that begin with three backquotes",
    ),
    r"[ ]*(?P<at>\{%)": Complaint(
        "template",
        "this is a template, not its result",
        "render it first and give confsync what comes out; a secret is `{env: NAME}`",
    ),
}
"""Patterns of lines, wherever in the file they stand."""

_NEAR = {
    rf"[^'\"#]*?(?P<at>[{ODD_SPACES}\ufeff])": ODD_SPACE,
    r"[ ]*(?P<at>//|/\*)": Complaint(
        "not-key-value", "a comment must begin with #", "write `# …` in place of `// …`"
    ),
    r"""[ -]*(?P<at>(['"]?)@?[A-Za-z_]+\2)[ ]*=([ ]|$|[^=:]*$)""": Complaint(
        "not-key-value", "an equals sign stands where YAML wants a colon", _SPACE_AFTER_COLON
    ),
    r"""[ -]*(?P<at>['"]?@?[A-Za-z_]+['"]?):(?!//)[^ \t]""": _NO_SPACE,
}
"""Patterns of the line at which the parser stopped, and of the lines before it."""

_STOPS = {
    r".*\n.*\n@type": Complaint(
        "unquoted-type", "`@type` must stand in quotes: YAML reserves the @", "write `'@type': …`"
    ),
    r"""mapping values are not allowed.*\n[ -]*[A-Za-z_]+:[ ]+(['"])@?[A-Za-z_]+\1\n""": Complaint(
        "not-key-value",
        "a second key stands in the line of another",
        "write it in the next line, indented by two more spaces",
    ),
    r"""mapping values are not allowed.*\n[ -]*(['"]?)@?[A-Za-z_]+\1\n""": _DEEPER,
    "mapping values are not allowed": Complaint(
        "needs-quotes",
        "a text without quotes holds `: `, which YAML takes for a key",
        "put the whole text in quotes; a reference stands in braces, like `{env: NAME}`",
    ),
    r"expected <block end>.*\n.*\n:": _NO_SPACE,
    r"expected <block end>.*'<scalar>'\n": Complaint(
        "needs-quotes",
        "text stands behind the quotes that close here",
        "put all of it in quotes; within single quotes write a quote twice: `'it''s'`",
    ),
    r"expected <block end>.*('-'|sequence start>')\n": Complaint(
        "mixed-list",
        "a list item stands where the next key belongs",
        "indent it like the other items of its list",
    ),
    r"expected <block end>.*'\?'\n": Complaint(
        "mixed-list",
        "a key stands among the items of a list",
        "indent it like the key that the list belongs to",
    ),
    "expected <block end>": Complaint(
        "indentation", "the indentation does not fit the lines above", _SAME_INDENTATION
    ),
    r"expected ',' or .*\n.*\n.*\nbalanced": Complaint(
        "missing-comma",
        "a comma is missing between two entries in brackets or braces",
        "write `[a, b]` or `{key: value, other: value}`",
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
    r"found character '\\t'": Complaint(
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
        _SPACE_AFTER_COLON,
        opening=True,
    ),
    "did not find expected <document start>": SECOND_DOCUMENT,
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
"""Patterns of four lines: the parser's error, the line before the place where it stopped, the line
from there on, and `balanced` if as many brackets close as open in the file.
"""


def complaint(error: MarkedYAMLError, lines: Sequence[str]) -> tuple[Complaint, int, int]:
    """The problem of a refused text, its line and column, from 0. Nothing of the text is in it."""
    problem, opened = str(error.problem), error.context_mark
    mark = error.problem_mark or opened
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    first = line if opened is None else min(line, opened.line)
    near = range(max(0, first - 1), min(line + 1, len(lines)))
    if problem.startswith(("found character '@'", "found unexpected end", "found unknown")):
        near = range(0)
    for numbers, looks in ((range(len(lines)), _ANYWHERE), (near, _NEAR)):
        patterns = [(re.compile(pattern), found) for pattern, found in looks.items()]
        for number in numbers:
            for pattern, found in patterns:
                if match := pattern.match(lines[number]):
                    return found, number, match.start("at")
    stopped, whole = "".join(lines[line : line + 1]), "".join(lines)
    closed = all(whole.count(opens) == whole.count(closes) for opens, closes in ("[]", "{}"))
    stop = [problem, stopped[:column], stopped[column:], "balanced" if closed else ""]
    found = next((_STOPS[start] for start in _STOPS if re.match(start, "\n".join(stop))), _UNKNOWN)
    above = lines[line - 1] if line else ""
    if found is _DEEPER and re.fullmatch("[ -]*[A-Za-z_]+[ ]*", above):
        return _NO_COLON, line - 1, len(above) - len(above.lstrip(" -"))
    if found.opening and opened is not None:
        return found, opened.line, opened.column
    return found, line, column
