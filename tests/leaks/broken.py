"""Deliberate leaks: where one shows, and what is put in the place of what in which file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Leak(NamedTuple):
    """One thing done wrong, and the circumstance in which it shows."""

    where: str
    file: str
    old: str
    new: str


_HASHED = (
    'import hashlib, logging; logging.getLogger("confsync").debug('
    "hashlib.sha256(text.encode()).hexdigest())"
)

LEAKS: Mapping[str, Leak] = {
    "passwords in URLs are not looked for": Leak(
        "in keys", "sync/url.py", "[(colon + 1, at)] if 0 <= colon < at else []", "[]"
    ),
    "parameters of URLs are not looked at": Leak(
        "in a parameter",
        "sync/url.py",
        "if start > end and _PASSWORD_NAME",
        "if start < end and _PASSWORD_NAME",
    ),
    "a mistake tells how long a secret is": Leak(
        "plain",
        "store/urls.py",
        'is in plain text", INSTEAD',
        'is in plain text: {len(node.text)}", INSTEAD',
    ),
    "a mistake tells how a secret begins": Leak(
        "plain",
        "store/urls.py",
        'is in plain text", INSTEAD',
        'is in plain text: {node.text[2:9]}", INSTEAD',
    ),
    "a mistake repeats a value": Leak(
        "boolean",
        "store/scalars.py",
        '"must be true or false", "write',
        'f"must be true or false, not {node.text}", "write',
    ),
    "a mistake repeats a key": Leak(
        "top",
        "store/mistakes.py",
        '[A-Za-z_-]{0,30}", name) else UNNAMED',
        '[A-Za-z_-]{0,30}", name) else name',
    ),
    "a diff shows what it should mask": Leak(
        "plain",
        "masking/document.py",
        "((found, MASK) for node",
        "((found, found.text) for node",
    ),
    "a diff shows comments": Leak(
        "comment", "masking/document.py", '"# …" if text.startswith("#") else None', "None"
    ),
    "a diff shows a key that nobody knows": Leak(
        "field", "masking/document.py", "else (key,)), value)", "else ()), value)"
    ),
    "the line of a mistake is shown as it is": Leak(
        "no YAML",
        "masking/excerpt.py",
        "self.shown += MASK",
        "self.shown += self.line[self.at :]",
    ),
    "the line of a mistake shows how long a secret is": Leak(
        "in a list of numbers",
        "masking/excerpt.py",
        "self.shown += MASK",
        'self.shown += "*" * (len(self.line) - self.at)',
    ),
    "the place of a mistake tells a length": Leak(
        "escape",
        "yaml/read.py",
        "else beginning.end() + 1",
        "else len(before.rpartition('\\n')[2]) + 1",
    ),
    "an error repeats what a reference led to": Leak(
        "encrypted", "secrets/resolver.py", 'f"{ref} {wrong[0]}"', 'f"{ref} {wrong[0]}: {text}"'
    ),
    "a secret is logged as its hash": Leak(
        "environment",
        "secrets/resolver.py",
        "    vault.seal(text, ref)\n",
        f"    {_HASHED}\n    vault.seal(text, ref)\n",
    ),
    "what a command says is let through": Leak(
        "command fails", "secrets/built_in.py", "stderr=DEVNULL", "stderr=None"
    ),
    "a command is shown whole": Leak(
        "argument of a command",
        "sync/secret.py",
        'f"{self.kind} {self.argument}"',
        'f"{self.kind} {self.argument} {self.rest}"',
    ),
    "the server's words are shown": Leak(
        "HTTP 400",
        "jmap/answers.py",
        'f"{message} (HTTP {answer.status})"',
        'f"{message} (HTTP {answer.status}) {answer.body[-200:]!r}"',
    ),
    "the server's types are shown whatever they are": Leak(
        "another refusal",
        "jmap/answers.py",
        "isinstance(value, str) and value in _KINDS",
        "isinstance(value, str)",
    ),
    "the server's pointers are not masked": Leak(
        "invalidPatch",
        "jmap/answers.py",
        'masked("/".join(read(one)))',
        '"/".join(read(one))',
    ),
    "a newer server's variants are shown whatever they are": Leak(
        "an odd object", "jmap/decode.py", " or not (shape.plain or _NAME.fullmatch(tag))", ""
    ),
    "an import shows names of a plan whatever they are": Leak(
        "invalid plan of stalwart-cli",
        "workflow/import_plan.py",
        'else "…" for one in names',
        "else one for one in names",
    ),
    "an odd answer is repeated": Leak(
        "wrong type",
        "jmap/decode.py",
        '_unexpected(path, "a string")',
        '_unexpected(path, f"a text: {value}")',
    ),
    "the log tells how long an answer is": Leak(
        "in a URL",
        "net/http.py",
        '"%s: HTTP %d, %s", asked, result.status, after',
        '"%s: HTTP %d, %d bytes, %s", asked, result.status, len(result.body), after',
    ),
    "the log holds the credentials": Leak(
        "token",
        "jmap/write.py",
        "    secret = vault.open(credentials.secret)\n",
        "    secret = vault.open(credentials.secret)\n"
        '    import logging; logging.getLogger("confsync").debug(secret[::-1])\n',
    ),
    "a request is left in a file": Leak(
        "apply",
        "jmap/client.py",
        'separators=(",", ":"))\n',
        'separators=(",", ":"))\n        open("last-request.json", "w").write(body)\n',
    ),
    "wrong usage repeats what was typed": Leak(
        "colour value",
        "cli/standard_error.py",
        'return f"{given}: {fact}"',
        'return f"{given}: {fact}: {error.message}"',
    ),
    "a fingerprint is made of what stands in the file": Leak(
        "codequality",
        "report/problems.py",
        "(*same, str(seen[same]))",
        "(*same, open(problem.file).read())",
    ),
    "a report for GitHub repeats the line": Leak(
        "github",
        "report/github.py",
        '"title": f"confsync ({problem.rule})"',
        '"title": open(problem.file).read().splitlines()[problem.line - 1]',
    ),
    "a risk that there is not is repeated": Leak(
        "allowed value",
        "workflow/targets.py",
        'f"{option}: unknown {what}"',
        'f"{option}: unknown {what} {name}"',
    ),
    "a URL in a file's place is repeated": Leak(
        "a URL as a file",
        "workflow/load.py",
        '"a URL, not a file"',
        'f"no file: {files}"',
    ),
    "a server's URL is repeated with its credentials": Leak(
        "URL with credentials",
        "net/endpoint.py",
        'f"{what} contains credentials"',
        'f"{what} contains credentials: {url}"',
    ),
    "a token that is none is repeated": Leak(
        "token with a newline",
        "workflow/session.py",
        'f"{name} contains a space or a newline"',
        'f"this is no token: {token}"',
    ),
}
