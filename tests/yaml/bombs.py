"""Files made to be slow, large in memory, or too much for a parser: each as large as one may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE = 64 * 1024

REDIS = "InMemoryStore:\n  '@type': Redis\n"
URLS = "InMemoryStore:\n  '@type': RedisCluster\n  urls: "
SHARDS = "InMemoryStore:\n  '@type': Sharded\n  stores: "


def filled(unit: str, before: str = "", after: str = "") -> bytes:
    """A unit as often as it fits between two texts. `#` in the unit is a number, counted up."""
    start, end = before.encode(), after.encode()
    room = SIZE - len(start) - len(end)
    if "#" not in unit:
        return start + unit.encode() * (room // len(unit.encode())) + end
    pieces: list[bytes] = []
    while room >= 0:
        pieces.append(unit.replace("#", str(len(pieces))).encode())
        room -= len(pieces[-1])
    return start + b"".join(pieces[:-1]) + end


def laughs(levels: int, width: int) -> bytes:
    """Aliases of aliases: each level names the one before it many times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


BOMBS: Mapping[str, bytes] = {
    "a billion laughs": laughs(10, 9),
    "many laughs": laughs(800, 9),
    "an alias of itself": b"a: &a [*a]\nb: &b {x: *b, <<: *b}\n",
    "aliases": filled("*a,", "a: &a x\nb: [", "]"),
    "anchors": filled("- &a#\n"),
    "anchors in a row": filled("&a "),
    "one anchor of each value": filled("- &a b\n"),
    "an endless anchor": filled("a", "a: &"),
    "ampersands": filled("&"),
    "asterisks": filled("*"),
    "brackets": filled("["),
    "brackets in lines": filled("[\n"),
    "brackets behind keys": filled("[a: "),
    "braces": filled("{a: "),
    "braces in lines": filled("{\n"),
    "explicit keys in braces": filled("{? "),
    "dashes": filled("- "),
    "dashes in a row": filled("-"),
    "question marks": filled("? "),
    "question marks in lines": filled("?\n"),
    "keys of keys": filled("? a\n: "),
    "indentation": b"".join(b" " * n + b"a:\n" for n in range(350)),
    "as deep as allowed, often": filled("[" * 30 + "]" * 30 + ",", "a: [", "]"),
    "mappings as deep as allowed": filled("{a: " * 30 + "}" * 30 + ",", "a: [", "]"),
    "empty lists": filled("[],", "["),
    "empty mappings": filled("{},", "["),
    "a list that never ends": filled("a,", "a: ["),
    "a mapping that never ends": filled("a#: 1,", "a: {"),
    "lists in lines that never end": filled("- [\n"),
    "commas": filled(",", "["),
    "colons": filled(":"),
    "colons and spaces": filled(": "),
    "keys without values in a row": filled("a: "),
    "double quotes": filled('"'),
    "single quotes": filled("'"),
    "doubled quotes": filled("''", f"{REDIS}  url: '", "'"),
    "quoted keys": filled("'a':\n"),
    "a quote that never ends": filled("a ", f"{REDIS}  url: '"),
    "escapes": filled("\\x41", f'{REDIS}  url: "', '"'),
    "wide escapes": filled("\\U0001F600", f'{REDIS}  url: "', '"'),
    "half characters": filled('"\\ud800",', f"{URLS}[", "]"),
    "characters that are none": filled('"\\UFFFFFFFF",', f"{URLS}[", "]"),
    "backslashes": filled("\\\\", f'{REDIS}  url: "', '"'),
    "empty lines in quotes": filled("\n", f'{REDIS}  url: "', '"'),
    "tags": filled("!t#,", f"{URLS}[", "]"),
    "tags in lines": filled("- !t\n"),
    "tags in a row": filled("! "),
    "an endless tag": filled("%41", "a: !<", "> b"),
    "tag directives": filled("%TAG !# t\n"),
    "YAML directives": filled("%YAML 1.2\n"),
    "percent signs": filled("%"),
    "documents": filled("---\n"),
    "documents with something in them": filled("--- a\n"),
    "ends of documents": filled("...\n"),
    "literals": filled("- |\n"),
    "folded blocks": filled(">\n"),
    "a folded block": filled("    a\n", f"{REDIS}  url: >\n"),
    "a literal of empty lines": filled("\n", f"{REDIS}  url: |\n"),
    "a plain text over many lines": filled("    a\n", f"{REDIS}  url: a\n"),
    "one long line": filled("a", f"{REDIS}  url: "),
    "one long line with an error at its end": filled("a ", f"{REDIS}  url: ", ": b: c"),
    "one long line of fields with an error at its end": filled(
        "a#: 1, ", "InMemoryStore: {'@type': Redis, ", "@}"
    ),
    "spaces": filled(" "),
    "spaces before an error": filled(" ", f"{REDIS}  url:", "a: b: c"),
    "tabs before an error": filled("\t", f"{REDIS}  url:", "a: b: c"),
    "empty lines": filled("\n"),
    "carriage returns": filled("\r"),
    "lines as Windows ends them": filled("\r\n"),
    "other ends of lines": filled("\u0085"),
    "byte order marks": filled("\ufeff"),
    "a NUL at the end": filled("a", "", "\0"),
    "nothing but NUL": filled("\0"),
    "a byte at the end that is not UTF-8": filled("a")[:-1] + b"\xff",
    "comments": filled("#\n".replace("#", "# ")),
    "an endless comment": b"#" * SIZE,
    "marks over letters": filled("\u0301", "a: a"),
    "letters from right to left": filled("\u202e\u2066", "a: "),
    "one byte too many": b"#" * (SIZE + 1),
    "fields": filled("  k#: 1\n", REDIS),
    "fields in braces": filled("k#: 1,", "InMemoryStore: {'@type': Redis, ", "}"),
    "fields that are nearly known": filled("  poolMaxConnection#: 1\n", REDIS),
    "a field again and again": filled("  url: a\n", REDIS),
    "objects": filled("k#: 1\n"),
    "objects that are nearly known": filled("InMemoryStor#: 1\n"),
    "an object again and again": filled("InMemoryStore: {'@type': Default}\n"),
    "merge keys": filled("<<: 1\n"),
    "keys that are lists": filled("[]: 1\n"),
    "a number": filled("9", f"{REDIS}  poolMaxConnections: "),
    "a number of zeros": filled("0", f"{REDIS}  poolMaxConnections: "),
    "a hexadecimal number": filled("f", f"{REDIS}  poolMaxConnections: 0x"),
    "an exponent": filled("9", f"{REDIS}  poolMaxConnections: 1e"),
    "underscores": filled("1_", f"{REDIS}  poolMaxConnections: "),
    "colons between digits": filled("1:", f"{REDIS}  poolMaxConnections: "),
    "a duration": filled("9", f"{REDIS}  timeout: ", "s"),
    "durations in a row": filled("1s", f"{REDIS}  timeout: "),
    "a duration without a unit": filled("1", f"{REDIS}  timeout: "),
    "a type": filled("Redis", "InMemoryStore:\n  '@type': "),
    "a nearly known key": filled("Store", "InMemory", ": 1"),
    "shards": filled("{'@type': Redis},", f"{SHARDS}[", "]"),
    "shards without a type": filled("{},", f"{SHARDS}[", "]"),
    "shards that are none": filled("a,", f"{SHARDS}[", "]"),
    "shards in shards": filled("{'@type': Sharded, stores: [", SHARDS),
    "URLs": filled("    - redis://h#\n", f"{URLS}\n"),
    "one URL again and again": filled("r://h,", f"{URLS}[", "]"),
    "URLs in one line": filled("r://h#,", f"{URLS}[", "]"),
    "URLs with passwords": filled("r://u:#@h,", f"{URLS}[", "]"),
    "URLs that are null": filled("~,", f"{URLS}[", "]"),
    "URLs as mappings": filled("{address: r://h, password: {env: A}},", f"{URLS}[", "]"),
    "URLs as mappings that are none": filled("{addres: a, b: c},", f"{URLS}[", "]"),
    "references": filled("{env: A#},", f"{URLS}[", "]"),
    "references that are none": filled("{x#: A},", f"{URLS}[", "]"),
    "a command": filled("a,", f"{REDIS}  url: {{command: [", "]}"),
    "a password": filled("p", f"{REDIS}  url: redis://u:", "@h"),
    "signs of a user": filled("a@", f"{REDIS}  url: "),
    "URLs in a URL": filled("a://b:c@", f"{REDIS}  url: "),
    "schemes": filled("://", f"{REDIS}  url: "),
    "colons in a URL": filled(":", f"{REDIS}  url: '", "'"),
    "parameters": filled("password=a&", f"{REDIS}  url: 'redis://h/?", "'"),
    "parameters without values": filled("?password", f"{REDIS}  url: 'redis://h/", "'"),
    "percent signs in a URL": filled("%4", f"{REDIS}  url: 'redis://h/", "'"),
}
