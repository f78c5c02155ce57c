"""Mistakes in files as a whole, and in their characters."""

from __future__ import annotations

from confsync.rules.rule import Rule, cluster, redis, sentinel

FILES = (
    Rule(
        "no-such-file",
        "there is no file at this path",
        "confsync was told to read a file, and nothing is there.",
        "What cannot be read cannot be checked, and must not pass for a good file.",
    ),
    Rule(
        "directory",
        "a directory stands where a file belongs",
        "The path leads to a directory.",
        "confsync reads the files that it is told, and searches no directory for more.",
    ),
    Rule(
        "no-permission",
        "the file may not be read",
        "The user that runs confsync has no right to read the file.",
        "What cannot be read cannot be checked, and must not pass for a good file.",
    ),
    Rule(
        "unreadable",
        "the file cannot be read",
        "The path leads to a pipe, a device or something else that is no regular file, or the disk "
        "failed.",
        "What cannot be read cannot be checked, and must not pass for a good file.",
    ),
    Rule(
        "too-large",
        "the file is larger than 64 KiB",
        "No store is nearly as large: this is another file, or something went wrong with it.",
        "The limit keeps a hostile file from taking all memory, before anything is read of it.",
    ),
    Rule(
        "too-deep",
        "something is nested deeper than 32",
        "Brackets, braces or indented blocks stand within each other more than 32 times.",
        "No store is nested so deep, and a hostile file could exhaust the reader so.",
        "InMemoryStore: " + "[" * 33 + "]" * 33 + "\n",
        "InMemoryStore: {'@type': Default}\n",
    ),
    Rule(
        "too-many-values",
        "the file holds more than 10,000 keys and values",
        "No store has nearly as many: this is another file.",
        "The limit keeps a hostile file from taking a processor for long.",
    ),
    Rule(
        "not-utf-8",
        "the file is not UTF-8",
        "From this line on there are bytes that no UTF-8 text has; the file is perhaps Latin-1.",
        "Another encoding could be guessed, and guessed wrong: a name would be stored garbled.",
    ),
    Rule(
        "utf-16",
        "the file is UTF-16",
        "Some programs on Windows save texts so when they are asked for Unicode.",
        "Store files are UTF-8 alone, so that each program reads the same in them.",
    ),
    Rule(
        "not-formatted",
        "the file cannot be brought into its canonical form safely",
        "What `confsync fmt` would write does not certainly say the same, or would lose a comment.",
        "A formatter changes nothing but spaces and quotes: in doubt the file stays as it is.",
    ),
    Rule(
        "unwritable",
        "the file cannot be written",
        "Its directory may not be written to, or the disk is full.",
        "The file stays as it was: it is replaced whole, or not at all.",
    ),
    Rule(
        "empty-file",
        "the file is empty",
        "There is nothing in it but perhaps comments.",
        "An empty file could mean no store, or be a mistake: confsync does not guess.",
        "# the store of mail.example.com\n",
        "# the store of mail.example.com\nInMemoryStore:\n  '@type': Default\n",
    ),
)

CHARACTERS = (
    Rule(
        "byte-order-mark",
        "a byte order mark stands inside the file",
        "The invisible mark is fine as the first character. Inside it means that two files were "
        "put together.",
        "It would become a part of the name or text that it touches.",
        "# cache\n\ufeffInMemoryStore:\n  '@type': Default\n",
        "# cache\nInMemoryStore:\n  '@type': Default\n",
    ),
    Rule(
        "control-character",
        "a control character stands in the file",
        "YAML allows no control characters but tab and line break.",
        "Nobody sees them, and programs treat them differently.",
        cluster('authUsername: "stal\x01wart"'),
        cluster('authUsername: "stalwart"'),
    ),
    Rule(
        "line-separator",
        "a line break that few readers see stands in the file",
        "Unicode has line breaks (U+0085, U+2028, U+2029) that only older YAML takes for some.",
        "Two readers of this file would see different lines, and so different values.",
        cluster("# the default\u2028is 10s", "timeout: 10s"),
        cluster("# the default is 10s", "timeout: 10s"),
    ),
    Rule(
        "half-character",
        "an escape stands for half a character",
        "A code from D800 to DFFF is one half of a pair that older programs write.",
        "Half a character cannot be stored as UTF-8.",
        sentinel('serviceName: "my\\ud83dmaster"'),
        sentinel('serviceName: "mymaster"'),
    ),
    Rule(
        "no-such-character",
        "an escape stands for no character",
        "Unicode ends at 10FFFF.",
        "There is nothing that could be stored.",
        sentinel('serviceName: "my\\U00110000"'),
        sentinel('serviceName: "my\\U0010FFFF"'),
    ),
    Rule(
        "odd-space",
        "a space that YAML does not take for one",
        "Web pages and word processors use other spaces, which look the same in an editor.",
        "YAML takes them for letters, so the line does not say what it seems to say.",
        redis("timeout:\u00a010s"),
        redis("timeout: 10s"),
    ),
    Rule(
        "tab",
        "a tab stands where YAML wants spaces",
        "YAML indents with spaces alone.",
        "How wide a tab is depends on the editor, so the indentation would mean nothing.",
        "InMemoryStore:\n\t'@type': Default\n",
        "InMemoryStore:\n  '@type': Default\n",
    ),
    Rule(
        "smart-quotes",
        "quotes of a word processor in the place of YAML's",
        "YAML knows the straight quotes ' and \" alone.",
        "The curved ones would be stored as a part of the text.",
        redis("url: \u201credis://cache.example.com\u201d"),
        redis('url: "redis://cache.example.com"'),
    ),
    Rule(
        "reserved-character",
        "a text begins with a character that YAML reserves",
        "A text that begins with @, ` or % must stand in quotes.",
        "YAML keeps these characters for later use.",
        sentinel("serviceName: @mymaster"),
        sentinel("serviceName: '@mymaster'"),
    ),
    Rule(
        "unknown-escape",
        "a backslash in double quotes begins no escape",
        "In double quotes a backslash begins an escape such as \\n; there is none by this letter.",
        "What is meant cannot be told: a backslash, or an escape that was mistyped.",
        sentinel('serviceName: "my\\qmaster"'),
        sentinel("serviceName: 'my\\qmaster'"),
    ),
)

RULES = (*FILES, *CHARACTERS)
