"""The HTML report: it loads nothing, and is read in a browser where there is one."""

from __future__ import annotations

import os
import re
import shutil
from base64 import b64encode
from copy import deepcopy
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from confsync.report import html as module
from tests.report.documents import apply_document, plan_document
from tests.report.test_reports import HOSTILE, tags, with_text
from tests.reported import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 360, "height": 740}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def html(document: dict[str, Any]) -> str:
    return rendered("html", document)


def test_the_file_names_no_resource() -> None:
    for make in (plan_document, apply_document):
        names = {part.partition("=")[0] for tag in tags(html(make())) for part in tag[1:]}
        assert not names & {"src", "href", "action", "srcset", "data", "style", "poster"}
        assert not {name for name in names if name.startswith("on")}
    assert not re.search(r"url\(|@import|https?:|//", module._file("report.css"))
    assert not re.search(r"fetch|import|XMLHttp|https?:|//|innerHTML", module._file("report.js"))


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    text = html(plan_document())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    style, script = (re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL) for tag in TAGS)
    assert (len(style), len(script)) == (1, 1)
    sums = [b64encode(sha256(one.encode()).digest()).decode() for one in (style[0], script[0])]
    assert dict(part.strip().split(" ", 1) for part in policy[1].split(";")) == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "style-src": f"'sha256-{sums[0]}'",
        "script-src": f"'sha256-{sums[1]}'",
    }


TAGS = ("style", "script")


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium here")
    # Chromium's own sandbox does not work for root.
    args = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=args)
        yield opened
        opened.close()


@pytest.fixture
def read(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:  # noqa: ANN401
    """Open a document as a page. Nothing may be loaded, asked, said or refused."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def opened(document: dict[str, Any], **options: object) -> Any:  # noqa: ANN401 - a page
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(html(document), "utf-8")
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("request", lambda one: wrong.extend({one.url} - {file.as_uri()}))
        page.on("console", lambda one: wrong.append(one.text))
        page.on("pageerror", lambda one: wrong.append(str(one)))
        page.on("dialog", lambda one: wrong.append(one.message))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def seen(page: Any) -> list[str]:  # noqa: ANN401
    """The names of targets that can be seen."""
    names = page.locator("ul.targets > li b")
    return [one.inner_text() for one in names.all() if one.is_visible()]


@pytest.mark.process
def test_targets_are_filtered_by_name_group_cause_and_risk(read: Callable[..., Any]) -> None:
    page = read(plan_document())
    every = ["us-03", "us-04", "us-02", "eu-01", "eu-02", "us-01"]
    assert seen(page) == every
    assert page.locator("#count").inner_text() == "8 shown"
    page.fill("input[name=target]", "EU-")
    assert seen(page) == ["eu-01", "eu-02"]
    page.fill("input[name=target]", "")
    page.select_option("select[name=group]", "eu")
    assert seen(page) == ["eu-01", "eu-02"]
    page.select_option("select[name=group]", "")
    page.select_option("select[name=cause]", "drift")
    assert seen(page) == ["eu-01", "eu-02"]
    assert page.locator("tr:visible").count() == 3
    page.select_option("select[name=cause]", "")
    page.select_option("select[name=risk]", "drop-tls")
    assert seen(page) == ["us-02"]
    assert page.locator("#count").inner_text() == "1 shown"
    page.select_option("select[name=risk]", "")
    assert seen(page) == every


@pytest.mark.process
def test_without_scripts_everything_is_there_and_no_filter(read: Callable[..., Any]) -> None:
    page = read(plan_document(), java_script_enabled=False)
    assert len(seen(page)) == 6
    assert not page.locator("form").is_visible()
    page.click("summary")
    assert seen(page)[-2:] == ["staging-1", "staging-2"]


@pytest.mark.process
@pytest.mark.parametrize("make", [plan_document, apply_document])
def test_a_phone_shows_it_without_scrolling_sideways(
    read: Callable[..., Any],
    make: Any,  # noqa: ANN401
) -> None:
    document = make()
    long = deepcopy(document)
    for one in long["targets"]:
        one["name"] += "n" * 300
        for found in one["objects"]:
            for change in found["changes"]:
                change |= {"path": "p" * 300, "after": "v" * 400, "before": "w " * 200}
    for shown in (document, long):
        page = read(shown, viewport=PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        sizes = page.evaluate(
            "[...document.querySelectorAll('p, td, pre, li')].map("
            "one => parseFloat(getComputedStyle(one).fontSize))"
        )
        assert min(sizes) >= 14


@pytest.mark.process
def test_it_is_light_or_dark_as_the_reader_has_it(read: Callable[..., Any]) -> None:
    """Each text has a contrast of 4.5 (WCAG AA) with what is behind it."""
    backs = set()
    for scheme in ("light", "dark"):
        page = read(plan_document(), color_scheme=scheme)
        backs.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        colours = page.evaluate(
            "[...document.querySelectorAll('h1, h2, p, b, td, pre, span, .digest')].map("
            "one => [getComputedStyle(one).color,"
            " getComputedStyle(one.closest('section, body')).backgroundColor])"
        )
        assert len(colours) > 50
        assert min(contrast(*both) for both in colours) >= 4.5
    assert len(backs) == 2


def contrast(first: str, second: str) -> float:
    """The contrast of two colours: WCAG 2, section 1.4.3."""

    def luminance(colour: str) -> float:
        parts = [int(one) / 255 for one in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.process
def test_on_paper_there_is_no_form_and_nothing_is_folded(read: Callable[..., Any]) -> None:
    page = read(plan_document())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator("form").is_visible()
    assert len(seen(page)) == 8


@pytest.mark.process
def test_no_text_from_outside_runs_or_is_loaded(read: Callable[..., Any]) -> None:
    """The fixture sees requests, dialogs, errors and what the policy refuses."""
    for text in (one for one in HOSTILE if {*"<>\"'&:"}.intersection(one)):
        document = with_text(plan_document(), text)
        document["targets"][0]["name"] = f"x{text}x"
        page = read(document)
        assert page.locator("script").count() == 1
        assert page.locator("a, img, iframe, object, link").count() == 0
        page.fill("input[name=target]", "x")
