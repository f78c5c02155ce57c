"""Mistakes in `confsync.yaml`."""

from __future__ import annotations

from confsync.rules.rule import Rule

RULES = (
    Rule(
        "missing",
        "something is missing in confsync.yaml",
        "A target needs its `url` and its `files`, and a user name its password.",
        "What a target does not say would have to be guessed, and a wrong server could be reached.",
    ),
    Rule(
        "wrong-type",
        "a member of confsync.yaml is of another form",
        "A mapping, a list or a text is wanted there, and something else stands there.",
        "Two readers could take it for different things.",
    ),
    Rule(
        "null",
        "a member of confsync.yaml has no value",
        "The key stands there, and nothing behind it.",
        "It could mean the default, or that something was forgotten: leave the line out.",
    ),
    Rule(
        "blank",
        "a name or a text in confsync.yaml is empty",
        "Nothing but white space stands there.",
        "An empty name cannot be told from a forgotten one.",
    ),
    Rule(
        "wrong-value",
        "a member of confsync.yaml has none of the allowed values",
        "Only some words are allowed there, and the hint names them.",
        "A word that is not known would be ignored, and something else done than was meant.",
    ),
    Rule(
        "duplicate",
        "a list in confsync.yaml names the same thing twice",
        "One of the two says nothing.",
        "It is a sign that something else was meant.",
    ),
    Rule(
        "target-name",
        "a target's name cannot be used",
        "Names consist of letters, digits, `_`, `.` and `-`, and begin with a letter or digit.",
        "They stand on command lines, in paths and in reports.",
    ),
    Rule(
        "address",
        "an address in confsync.yaml cannot be used",
        "It is the origin of a server or a proxy: scheme, host and perhaps a port, no more.",
        "Credentials in it would be shown in plans; http would show them to everyone on the way.",
    ),
    Rule(
        "same-server-twice",
        "two targets are one server",
        "Their URLs have the same scheme, host and port. An apply to both is refused.",
        "The second would overwrite what the first one stored, and each apply would do so again.",
    ),
    Rule(
        "path",
        "a path in confsync.yaml cannot be one",
        "A file's content, or a URL, stands in the place of its path.",
        "A key that stands in the repository is known to everyone who can read that.",
    ),
    Rule(
        "credential-in-clear",
        "a credential stands in confsync.yaml in clear",
        "A token or a password is named by where it can be had: `{env: STALWART_TOKEN}`.",
        "What stands in the file stands in the history of the repository, for ever.",
    ),
    Rule(
        "two-logins",
        "a target has a token and a password",
        "confsync logs in with one of them.",
        "Which one counts should not have to be remembered.",
    ),
    Rule(
        "user-name",
        "a user name holds a colon",
        "Basic authentication puts a colon between user name and password.",
        "The server would take the name to end there.",
    ),
    Rule(
        "unknown-risk",
        "a risk is allowed that there is not",
        "`allow` lists risks by their names; `confsync explain` lists them.",
        "A name with a mistake in it would allow nothing, and nobody would notice until an apply.",
    ),
    Rule(
        "day",
        "`until` is no day",
        "It is the last day on which a risk is allowed, in UTC: `2027-01-31`.",
        "What cannot be read would allow the risk for ever, or never.",
    ),
    Rule(
        "disarms-a-guard",
        "confsync.yaml would switch a guard off",
        "`yes`, `insecure_http` and `allow_commands` are options of the command line alone.",
        "Whoever can change the file could apply without a question, or run commands.",
    ),
)
