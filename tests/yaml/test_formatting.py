"""The laws of formatting, over generated files with comments everywhere, and over every store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from confsync.errors import Problem
from confsync.yaml.edit import KEEP, Elements, Entries, Write, edited
from confsync.yaml.emit import yaml_text
from confsync.yaml.format import canonical, first_difference, normal, verify_same_meaning
from confsync.yaml.nodes import comments
from confsync.yaml.read import parse
from tests.yaml.messy import BLOCK_PLAIN, COMMENT, PLAIN, QUOTED, messy

ROOT = Path(__file__).parent.parent.parent
CASES = ROOT / "tests" / "cases"
CANONICAL = CASES / "fmt"
STORES = sorted(path for path in CASES.rglob("*.yaml") if CANONICAL not in path.parents)
FEWER = settings(max_examples=max(10, settings().max_examples // 5))
SEEDS = st.integers(0, 2**32 - 1)


def lines_of(text: str) -> list[str]:
    """What stands in each line, without what formatting may change: white space and quotes."""
    without = re.sub(r"([|>])([-+]?)[1-9]", r"\1\2", text)
    return [re.sub(r"[\s'\"\\]", "", line) for line in without.rstrip().split("\n")]


@given(SEEDS)
def test_values_comments_and_lines_stay_and_the_form_is_clean(seed: int) -> None:
    """The second opinion on values: PyYAML, as YAML 1.1 has it, and ruamel's own YAML 1.2."""
    document = messy(seed, seed)
    result = canonical(document.text)
    assert yaml.load(result, Loader=yaml.CSafeLoader) == document.value
    assert YAML(typ="safe", pure=True).load(result) == document.value
    assert tuple(COMMENT.findall(result)) == document.comments
    assert lines_of(result) == lines_of(document.text)
    assert not re.search(r"[ \t\r]$|\t", result, re.MULTILINE)
    assert re.fullmatch(r"[^\n].*[^\n]\n|\n*[^\n].*[^\n]\n", result, re.DOTALL)
    for line in result.split("\n"):
        assert (len(line) - len(line.lstrip(" "))) % 2 == 0, line
        assert re.match(r"([^#]|#(?!c[0-9]))*(^ *|\S {2})#c[0-9]|[^#]*(#(?!c[0-9])[^#]*)*$", line)


@FEWER
@given(SEEDS)
def test_a_formatted_file_is_formatted_for_good(seed: int) -> None:
    rounds = [canonical(messy(seed, seed).text)]
    for _ in range(10):
        rounds.append(canonical(rounds[-1]))
    assert len(set(rounds)) == 1


@given(SEEDS, SEEDS, SEEDS)
def test_how_a_file_was_spaced_indented_and_quoted_makes_no_difference(
    what: int, how: int, other: int
) -> None:
    first, second = (messy(what, chance, wild=False) for chance in (how, other))
    assert canonical(first.text) == canonical(second.text)


@FEWER
@given(SEEDS)
def test_line_ends_and_a_byte_order_mark_make_no_difference(seed: int) -> None:
    text = messy(seed, seed).text
    wanted = canonical(text)
    for other in (text.replace("\n", "\r\n"), text.replace("\n", "\r"), "\ufeff" + text):
        assert canonical(other) == wanted


@pytest.mark.parametrize("text", [*PLAIN, *BLOCK_PLAIN, *QUOTED])
def test_quotes_stand_only_where_a_reader_needs_them(text: str) -> None:
    single = "'" + text.replace("'", "''") + "'"
    block = single if text in QUOTED else text
    flow = text if text in PLAIN else single
    for given_text in (single, '"' + text.replace('"', '\\"') + '"'):
        source = f"a: {given_text}\nb: [{given_text}]\nc: {{d: {given_text}}}\n"
        assert canonical(source) == f"a: {block}\nb: [{flow}]\nc: {{d: {flow}}}\n"
        assert canonical(f"{given_text}: x\n") == f"{block}: x\n"
    loaded = [yaml.load(f"a: {text}\n", Loader=yaml.CSafeLoader)] if text not in QUOTED else []
    assert loaded == [{"a": text}] * len(loaded)


texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text("ab '\":#-?[]{},&*!|>%@`=~<.0123456789eExX_+\n\t\\", max_size=8),
    st.sampled_from(QUOTED),
)


@FEWER
@given(texts)
@example("_")
@example("-_")
@example("a" * 5000 + " a" * 5000)
def test_what_show_writes_is_in_canonical_form(text: str) -> None:
    document = yaml_text({"a": {"@type": text, "b": [text, {"c": text}], f"{text}d": [], "e": {}}})
    assert canonical(document) == document
    assert yaml.load(document, Loader=yaml.CSafeLoader)["a"]["b"] == [text, {"c": text}]


def comment_texts(source: str) -> tuple[str, ...]:
    return tuple(comment.text for comment in comments(source, parse("a.yaml", source).document))


@FEWER
@given(texts)
@example("a, b")
@example("\u00ad\\\n'\"")
def test_new_text_within_a_file_is_in_canonical_form_and_reads_back(text: str) -> None:
    source = "top:\n  a: x\n  b: {c: x, d: [x]}\n  e:\n    - x\n"
    document = parse("a.yaml", source).document
    assert document is not None
    one_more = Elements(((0, KEEP), (None, Write(text))))
    inner = Entries((("c", Write(text)), ("d", one_more), (f"{text}h", Write(text))))
    outer = (("a", Write(text)), ("b", inner), ("e", one_more), ("f", Write({"g": text})))
    new = edited(source, document, "top", Entries(outer)).text
    assert canonical(new) == new
    value = {"c": text, "d": ["x", text], f"{text}h": text}
    wanted = {"a": text, "b": value, "e": ["x", text], "f": {"g": text}}
    assert yaml.load(new, Loader=yaml.CSafeLoader) == {"top": wanted}


def canonical_texts() -> dict[str, str]:
    """The stores of the README, the pages and the examples."""
    found = {str(path): path.read_text() for path in ROOT.glob("examples/**/stores/*.yaml")}
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")):
        blocks = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
        stores = (block for block in blocks if "InMemoryStore:" in block)
        found |= {f"{page} {number}": block for number, block in enumerate(stores)}
    return found


def test_the_stores_of_pages_and_examples_are_in_canonical_form() -> None:
    found = canonical_texts()
    assert len(found) > 5
    for name, text in found.items():
        assert canonical(text) == text, name


def test_every_store_of_the_cases_reads_the_same_once_formatted() -> None:
    tried = 0
    for path in STORES:
        source = path.read_bytes().decode("utf-8-sig", "replace")
        parsed = parse("store.yaml", source)
        if parsed.document is None or parsed.problems:
            continue
        result = canonical(source)
        again = parse("store.yaml", result)
        assert not again.problems, path
        assert again.document is not None
        assert first_difference(parsed.document, again.document) is None, path
        assert comment_texts(source) == comment_texts(result), path
        assert lines_of(result) == lines_of(normal(source)), path
        assert canonical(result) == result, path
        tried += 1
    assert tried > 200


NAMES = sorted(path.name for path in CANONICAL.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_formatted_just_so(name: str) -> None:
    """`before.yaml` and `after.yaml`: a case a position of a comment, a form of a value."""
    before, after = (
        (CANONICAL / name / f"{which}.yaml").read_bytes().decode() for which in ("before", "after")
    )
    assert canonical(before) == after
    assert canonical(after) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 'b'\n", "a: c\n"),
        ("a: 'yes'\n", "a: yes\n"),
        ("a: 1\nb: 2\n", "b: 2\na: 1\n"),
        ("a: [b, c]\n", "a: [b]\n"),
        ("a: {b: c}\n", "a: {b: c, d: e}\n"),
        ("a: [b]\n", "a: {b: }\n"),
        ("a:\n", "a: ''\n"),
        ("a: {b: [c, {d: e}]}\n", "a: {b: [c, {d: f}]}\n"),
    ],
)
def test_a_change_of_what_a_file_says_is_noticed(before: str, after: str) -> None:
    """What the program checks before it writes, shown to notice something."""
    one, other = (parse("store.yaml", text).document for text in (before, after))
    assert one is not None
    assert other is not None
    assert first_difference(one, one) is None
    assert first_difference(one, other) is not None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# a\nb: c\n", "b: c\n"),
        ("b: c  # a\n", "b: c  # d\n"),
        ("b: [c,  # a\n  d]\n", "b: [c, d]\n"),
        ("b: |  # a\n  c\n", "b: |\n  c\n"),
        ("b: c\n", "b: [c\n"),
        ("b: c\n", "b: d\n"),
    ],
)
def test_nothing_is_written_that_says_something_else(before: str, after: str) -> None:
    document = parse("a.yaml", before).document
    assert document is not None
    assert verify_same_meaning("a.yaml", before, document, before) == document
    problem = verify_same_meaning("a.yaml", before, document, after)
    assert isinstance(problem, Problem)
    assert problem.rule == "not-formatted"


def test_what_would_grow_beyond_the_limit_is_not_written() -> None:
    """A file that confsync writes has to be one that confsync reads."""
    source = "a:\n - b\n" + "#\n" * 20_000 + " - c\n"
    document = parse("a.yaml", source).document
    assert document is not None
    problem = verify_same_meaning("a.yaml", source, document, canonical(source))
    assert isinstance(problem, Problem)
    assert problem.message == "the formatted file would be larger than 64 KiB"


def test_comments_are_found_wherever_they_stand() -> None:
    source = "# a\nb: |  # c\n  # no comment\nd: [e,  # f\n  g]  # h\n# i\n"
    assert comment_texts(source) == ("# a", "# c", "# f", "# h", "# i")
