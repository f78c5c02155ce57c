"""Problems for text that a YAML parser refuses: by the look of its lines, and by its error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ruamel.yaml.error import MarkedYAMLError

ODD_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
ODD_SPACES += "\u202f\u205f\u3000"

# Each entry has three lines: a pattern, `rule: message`, and a hint. After the rule may follow the
# place of the problem: `above` is the line before, `opening` the beginning of the refused text.

_ANYWHERE = r"""
(?P<at>[<>|]{7}|={7})( |$)
conflict-marker: a git conflict marker
keep one of the two sides, and remove the lines with `<`, `=` and `>`
[ ]*(?P<at>```)
code-fence: a Markdown code fence
remove the lines that start with three backquotes
[ ]*(?P<at>\{%)
template: this is a template, which confsync does not render
render it first; write a secret as `{env: NAME}`
"""
"""Looks of lines anywhere in the file."""

_NEAR = r"""
[^'"#]*?(?P<at>[ODD_SPACES])
invisible-character: a Unicode space, which YAML does not read as a space
retype the line with plain spaces; it was probably copied from a web page
[ ]*(?P<at>//|/\*)
not-key-value: a comment must start with #
write `# …` instead of `// …`
[ -]*(?P<at>(['"]?)@?[A-Za-z_]+\2)[ ]*=([ ]|$|[^=:]*$)
not-key-value: an equals sign instead of a colon
write `key: value`
[ -]*(?P<at>['"]?@?[A-Za-z_]+['"]?):(?!//)[^ \t]
missing-space: missing space after the colon
write `key: value`
"""
"""Looks of the line at which the parser stopped, and of the lines before it."""

_STOPS = r"""
.*\n.*\n@type
unquoted-type: `@type` must be in quotes, because YAML reserves @
write `'@type': …`
mapping values are not allowed.*\n[ -]*[A-Za-z_]+:[ ]+(['"])@?[A-Za-z_]+\1\n
not-key-value: two keys on one line
move the second key to the next line, indented by two more spaces
mapping values are not allowed.*\n[ -]*(['"]?)@?[A-Za-z_]+\1\n.*\n.*\n[ -]*[A-Za-z_]+[ ]*$
not-key-value above: missing colon at the end of this line
write `key:`, and its value indented under it
mapping values are not allowed.*\n[ -]*(['"]?)@?[A-Za-z_]+\1\n
indentation: this key is indented deeper than the keys above it
indent all keys of a mapping equally
mapping values are not allowed
needs-quotes: unquoted text contains `: `
put the whole text in quotes; write a reference in braces, like `{env: NAME}`
expected <block end>.*\n.*\n:
missing-space: missing space after the colon
write `key: value`
expected <block end>.*'<scalar>'\n
needs-quotes: text after the closing quote
put the whole text in quotes; inside single quotes write a quote twice: `'it''s'`
expected <block end>.*('-'|sequence start>')\n
mixed-list: a list item instead of a key
indent it like the other items of its list
expected <block end>.*'\?'\n
mixed-list: a key among the items of a list
indent it like the key of the list
expected <block end>
indentation: the indentation does not match the lines above
indent all keys of a mapping equally
expected ',' or .*\n.*\n.*\nbalanced
missing-comma: missing comma between two entries in brackets or braces
write `[a, b]` or `{key: value, other: value}`
expected ',' or '\]'
unclosed opening: this list is not closed: missing `]`
write `[a, b]`
expected ',' or '}'
unclosed opening: this mapping is not closed: missing `}`
write `{key: value}`
found character '\\t'
tab: a tab instead of spaces
indent with spaces
found character '@'
needs-quotes: unquoted text starts with @
put the text in quotes
found character '`'
needs-quotes: unquoted text starts with a backquote
put the text in quotes
found character '%'
needs-quotes: unquoted text starts with %
put the text in quotes
could not find expected ':'
not-key-value opening: this line is neither `key: value` nor `- item`
write `key: value`, with a space after the colon
did not find expected <document start>
second-document: text after the end of the store
remove everything after the first mapping
found unexpected end of stream
unclosed opening: this quote is not closed
close it with the same kind of quote
found unknown escape character
unknown-escape: unknown escape in double quotes
write `\\` for a backslash, or use single quotes
sequence entries are not allowed
mixed-list: a list starts on the line of its key
start it on the next line, with each item on its own line after `- `
expected chomping
needs-quotes: a value that starts with | or > must be in quotes
put the text in quotes: | and > start multi-line texts
expected the node content
missing-comma: missing value before a comma or closing bracket
add the value; put a string that starts with `,`, `]` or `}` in quotes
.*
not-yaml: invalid YAML
check the quotes, brackets and indentation here and above
"""
"""Looks of five lines: the parser's error, the line before the place where it stopped, the line
from there on, `balanced` if as many brackets close as open in the file, and the line above.
"""


class Complaint(NamedTuple):
    """A problem without its place."""

    rule: str
    message: str
    hint: str


def _entries(table: str) -> Iterator[tuple[re.Pattern[str], str, Complaint]]:
    lines = iter(table.replace("ODD_SPACES", f"{ODD_SPACES}\ufeff").split("\n")[1:-1])
    for pattern, problem, hint in zip(lines, lines, lines, strict=True):
        head, _, message = problem.partition(": ")
        rule, _, place = head.partition(" ")
        yield re.compile(pattern), place, Complaint(rule, message, hint)


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
        entries = [*_entries(looks)]
        for number in numbers:
            for pattern, _, found in entries:
                if match := pattern.match(lines[number]):
                    return found, number, match.start("at")
    stopped, whole = "".join(lines[line : line + 1]), "".join(lines)
    above = lines[line - 1] if line else ""
    closed = all(whole.count(opens) == whole.count(closes) for opens, closes in ("[]", "{}"))
    stop = [problem, stopped[:column], stopped[column:], "balanced" if closed else "", above]
    fitting = (entry for entry in _entries(_STOPS) if entry[0].match("\n".join(stop)))
    _, place, found = next(fitting)
    if place == "above":
        return found, line - 1, len(above) - len(above.lstrip(" -"))
    if place == "opening" and opened is not None:
        return found, opened.line, opened.column
    return found, line, column
