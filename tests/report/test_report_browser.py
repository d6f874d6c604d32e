# SPDX-License-Identifier: GPL-2.0-only
"""The pages in a real browser: they open, they work, they can be read. Skipped without chromium."""

import itertools
import json
import re

import pytest
from browser import Browser, find_browser
from conftest import TESTS
from desk_results import make_results
from kernels_seen import checked

from generator.cli import main
from generator.model.opcodes import OPCODES
from generator.report.kernel import as_page
from generator.report.whole import ReportRequest, make_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_browser() is None, reason="NOT TESTED: no browser here: apt-get install chromium"
    ),
]

PATCHES = TESTS.parent / "kernel_patches"
EVIL = "</pre></script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"

# for each piece of text that is seen: its colour against what is behind it, by WCAG 2.1
CONTRAST = r"""
(function () {
    const parse = (c) => (c.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const light = (c) => c.slice(0, 3).map((v) => v / 255)
        .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (e) => {
        for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0) return c;
        }
        return [255, 255, 255];
    };
    const bad = new Set();
    let seen = 0;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const e = walk.currentNode.parentElement;
        if (!walk.currentNode.textContent.trim() || !e.checkVisibility()) continue;
        if (e.tagName === "SCRIPT") continue;
        seen += 1;
        const style = getComputedStyle(e);
        const drawn = e.ownerSVGElement ? style.fill : style.color;
        const box = e.ownerSVGElement ? e.previousElementSibling : null;
        const back = box ? parse(getComputedStyle(box).fill) : behind(e);
        const pair = [light(parse(drawn)), light(back)].sort((a, b) => b - a);
        const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
        const large = parseFloat(style.fontSize) >= 24
            || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) {
            bad.add(e.tagName + "." + (e.getAttribute("class") || "") + " " + ratio.toFixed(2));
        }
    }
    return { seen: seen, bad: Array.from(bad) };
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Return a browser."""
    running = Browser(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return the pages: a report with everything, with much, nothing, evil words; diff; kernel."""
    place = tmp_path_factory.mktemp("pages")
    made = {
        "full": (make_results(place / "full"), PATCHES / "6.1/review"),
        "long": (as_long_as_real(make_results(place / "long")), PATCHES / "6.1/review"),
        "empty": (place / "empty", place / "empty"),
        "evil": (make_results(place / "evil", said=EVIL), PATCHES / "6.1/review"),
    }
    for name, (work, patches) in made.items():
        request = ReportRequest(base="6.1", series="review", workdir=work, patches=patches)
        (place / f"{name}.html").write_text(make_report(request).html)
    sides = [str(PATCHES / base / "review") for base in ("6.1", "6.12")]
    assert main(["diff", *sides, "--html", "-o", str(place / "diff.html")]) == 1
    (place / "kernel.html").write_text(as_page(checked()))
    return place


def as_long_as_real(work):
    """Give a report as many rows as real results have, and words as long as programs print."""
    results = work / "6.1/results"
    for name, field, count in (
        ("compare-plain", "rows", 380),
        ("cost", "rows", 300),
        ("coverage", "functions", 160),
        ("coverage", "missed", 30),
        ("soak", "rows", 16),
        ("clients", "clients", 14),
        ("states", "guards", 40),
        ("schedules", "explored", 15),
    ):
        path = results / f"{name}.json"
        data = json.loads(path.read_bytes())
        rows = data[field]
        data[field] = [rows[number % len(rows)] for number in range(count)]
        path.write_text(json.dumps(data))
    path = results / "soak.json"
    data = json.loads(path.read_bytes())
    for row in data["rows"]:
        row["base"]["said"] = [f"with probes: numbers ('{'e59c' * 4}', Decimal('{'3.12' * 20}')"]
    path.write_text(json.dumps(data))
    return work


@pytest.fixture
def show(browser, pages):
    """Return a function that opens a page and hands over the browser."""

    def opened(name, **media):
        browser.said.clear()
        browser.asked.clear()
        browser.size(1200, 900)
        browser.media(**media)
        browser.open(pages / f"{name}.html")
        return browser

    return opened


ALL = ("full", "empty", "evil", "diff", "kernel")


@pytest.mark.parametrize("name", ALL)
def test_it_opens(name, show):
    """Nothing on the console, nothing asked for but the page itself."""
    browser = show(name)
    browser.run("document.getElementById('unfold').click()")
    assert browser.said == []
    assert [url.rpartition("/")[2] for url in browser.asked] == [f"{name}.html"]


def test_nothing_is_executed(show):
    """Scripts in what a kernel has said are text."""
    browser = show("evil")
    assert browser.run("typeof window.hacked") == "undefined"
    assert browser.run("document.images.length") == 0
    assert "window.hacked=1" in browser.run("document.body.textContent")


def test_the_browser_refuses_other_scripts(show):
    """Even one that got into the page would not run: the page allows its own only."""
    browser = show("full")
    browser.run(
        "document.body.appendChild(Object.assign(document.createElement('script'),"
        "{textContent: 'window.hacked = 1'}))"
    )
    assert browser.run("typeof window.hacked") == "undefined"
    assert any("Content Security Policy" in said for said in browser.said)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(name, scheme, show):
    """Every piece of text has the contrast of WCAG AA, unfolded and in both schemes."""
    browser = show(name, scheme=scheme)
    browser.run("document.getElementById('unfold').click()")
    found = browser.run(CONTRAST)
    assert found["bad"] == []
    assert found["seen"] > (2000 if name == "full" else 30)


def test_the_schemes_differ(show):
    """Dark is dark, light is light, and paper is white whatever the screen is."""
    backs = {
        (scheme, kind): show("full", scheme=scheme, kind=kind).run(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
        for kind in ("screen", "print")
    }
    assert backs["dark", "screen"] != backs["light", "screen"] == "rgb(255, 255, 255)"
    assert backs["dark", "print"] == backs["light", "print"] == "rgb(255, 255, 255)"


def test_contrast_on_paper(show):
    """The same on paper."""
    found = show("full", scheme="dark", kind="print").run(CONTRAST)
    assert found["bad"] == []


@pytest.mark.parametrize("name", ["full", "long"])
def test_paper(name, show):
    """A PDF of it has what is open, on few pages; with a tick, all that is folded."""
    browser = show(name)
    folded = browser.run("document.querySelectorAll('details:not([open])').length")
    assert folded >= 12
    data = browser.paper()
    assert data.startswith(b"%PDF")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", data)) < 30
    browser.run("document.getElementById('whole').click()")
    assert len(re.findall(rb"/Type\s*/Page\b", browser.paper())) > 30
    assert browser.run("document.querySelectorAll('details:not([open])').length") == folded


def shown(browser):
    """Return how many things that can be searched are not hidden."""
    return browser.run("document.querySelectorAll('.find:not([hidden])').length")


MAILS = sorted((PATCHES / "6.1/review").glob("*.patch"))[1:]


def test_search(show):
    """Every word has to be there; what does not match is hidden, and comes back."""
    browser = show("full")
    everything = shown(browser)
    browser.run("document.getElementById('search').focus()")
    browser.type("xol was_trapped")
    some = shown(browser)
    assert 0 < some < everything / 4
    assert browser.run("document.getElementById('found').textContent") == f"{some} of {everything}"
    number = next(p for p in MAILS if "was_trapped" in p.read_text()).name[:4].lstrip("0")
    assert not browser.run(f"document.getElementById('patch-{number}').hidden")
    assert browser.run("document.getElementById('patch-1').hidden")
    browser.type(" no_such_word_anywhere")
    assert shown(browser) == 0
    browser.run(
        "document.getElementById('search').value = '';"
        "document.getElementById('search').dispatchEvent(new Event('input'))"
    )
    assert shown(browser) == everything


@pytest.mark.parametrize("text", ["(", "[", "\\", "*", "<script>", "' or 1"])
def test_search_takes_words_as_they_are(text, show):
    """What is typed is no expression and no markup."""
    browser = show("full")
    browser.run("document.getElementById('search').focus()")
    browser.type(text)
    assert shown(browser) >= 0 and browser.said == []
    assert "of" in browser.run("document.getElementById('found').textContent")


def test_folding(show):
    """All at once, and each alone."""
    browser = show("full")
    count = "document.querySelectorAll('details[open]').length"
    everything = browser.run("document.querySelectorAll('details').length")
    browser.run("document.getElementById('unfold').click()")
    assert browser.run(count) == everything
    browser.run("document.getElementById('fold').click()")
    assert browser.run(count) == 0
    browser.run("document.querySelector('#patch-3 summary').click()")
    assert browser.run(count) == 1
    assert browser.run("document.querySelector('#patch-3 .diff').checkVisibility()")


def test_a_link_to_a_patch(show):
    """Every link leads to something in the page."""
    browser = show("full")
    lost = (
        "Array.from(document.links).filter((a) => !document.getElementById("
        "a.getAttribute('href').slice(1))).length"
    )
    assert browser.run("document.links.length") > 100
    assert browser.run(lost) == 0


def test_opcodes_by_keyboard(show):
    """One stop per map; the arrows move in it, and the reason is said below."""
    browser = show("full")
    assert browser.run("document.querySelectorAll('.grid [tabindex=\"0\"]').length") == len(
        OPCODES.maps
    )
    browser.run("document.querySelector('.grid [tabindex=\"0\"]').focus()")
    said = "document.getElementById('said-1').textContent"
    assert browser.run(said).startswith("00: ")
    browser.key("ArrowRight")
    assert browser.run(said).startswith("01: ")
    for _ in range(6):
        browser.key("ArrowDown")
    for _ in range(11):
        browser.key("ArrowRight")
    assert browser.run(said).startswith("6c: refused: port I/O")
    browser.key("ArrowUp")
    browser.key("ArrowLeft")
    assert browser.run(said).startswith("5b: ")
    browser.run("document.querySelector('.grid td').focus()")
    browser.key("ArrowUp")
    assert browser.run(said).startswith("00: ")


def test_opcodes_by_mouse(show):
    """The reason is there without a script as well, as a title."""
    browser = show("full")
    cell = "document.querySelectorAll('.grid')[1].querySelectorAll('td')[5]"
    assert browser.run(f"{cell}.title").startswith("0f 05: refused: system calls")
    assert browser.run(f"{cell}.getAttribute('aria-label')") == browser.run(f"{cell}.title")
    browser.run(f"{cell}.dispatchEvent(new MouseEvent('mouseenter'))")
    assert browser.run("document.getElementById('said-2').textContent").startswith("0f 05: ")


@pytest.mark.parametrize("name", ["full", "long"])
@pytest.mark.parametrize("width", [380, 800, 1600])
def test_no_scrolling_to_the_side(width, name, show):
    """The page fits any window; what is wider scrolls by itself."""
    browser = show(name)
    browser.run("document.getElementById('unfold').click()")
    browser.size(width, 900)
    assert browser.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [380, 800, 1600])
def test_the_verdict_is_seen_first(width, show):
    """How everything stands, of which days and what is missing: without scrolling."""
    browser = show("empty")
    browser.size(width, 760)
    place = browser.run("document.querySelector('.verdict').getBoundingClientRect().bottom")
    assert 0 < place < 400
    text = browser.run("document.querySelector('header').textContent")
    assert "Missing:" in text and "uprobekit" in text
    assert "results of 20" in show("full").run("document.querySelector('header').textContent")


# how many columns a tab is, in the side-by-side view
TAB = r"""
(function () {
    const place = document.querySelector(".diff td code").parentElement;
    const width = (text) => {
        const span = document.createElement("span");
        span.style.whiteSpace = "pre";
        span.textContent = text;
        const whole = document.createElement("code");
        whole.append(span);
        place.replaceChildren(whole);
        return span.getBoundingClientRect().width;
    };
    return width("\tx") / width("0123456789") * 10 - 1;
})()
"""


@pytest.mark.parametrize("width", [380, 800, 1600])
def test_tabs_are_eight_columns(width, show):
    """Of the font that the code has."""
    browser = show("full")
    browser.size(width, 900)
    browser.run("document.getElementById('unfold').click()")
    assert abs(browser.run(TAB) - 8) < 0.1


# words that are broken: a line ends inside of one that would fit into a line of its own
BROKEN = r"""
(function () {
    const broken = [];
    const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (walk.nextNode() && broken.length < 9) {
        const node = walk.currentNode;
        const e = node.parentElement;
        if (!e.checkVisibility() || e.closest(".diff, pre, svg")) continue;
        for (const match of node.textContent.matchAll(/\w{4,}/g)) {
            range.setStart(node, match.index);
            range.setEnd(node, match.index + match[0].length);
            const rows = new Set(Array.from(range.getClientRects()).map((r) => Math.round(r.top)));
            if (rows.size > 1 && match[0].length < 24) broken.push(match[0]);
        }
    }
    return broken;
})()
"""


@pytest.mark.parametrize("name", ["full", "long"])
@pytest.mark.parametrize("width", [380, 800, 1600])
def test_words_stay_whole(width, name, show):
    """On a phone as on a screen."""
    browser = show(name)
    browser.size(width, 900)
    browser.run("document.getElementById('unfold').click()")
    assert browser.run(BROKEN) == []


def test_words_stay_whole_on_paper(show):
    """The same in print."""
    browser = show("full", kind="print")
    browser.size(760, 1000)
    assert browser.run(BROKEN) == []


@pytest.mark.parametrize("name", ALL)
def test_names_for_a_screen_reader(name, show):
    """Controls have labels, tables have heads, headings go down one step at a time."""
    browser = show(name)
    unnamed = (
        "Array.from(document.querySelectorAll('input,button,svg,[role=region]')).filter((e) =>"
        "!(e.textContent.trim() || e.getAttribute('aria-label') || (e.labels && e.labels.length)))"
        ".length"
    )
    assert browser.run(unnamed) == 0
    levels = browser.run(
        "Array.from(document.querySelectorAll('h1,h2,h3,h4')).map((h) => Number(h.tagName[1]))"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert browser.run("document.documentElement.lang") == "en"
