# SPDX-License-Identifier: GPL-2.0-only
"""The one page about everything: complete, honest about what is missing, and harmless."""

import json
import re
from html.parser import HTMLParser

import pytest
from conftest import TESTS
from desk_results import make_results

from generator.cli import main
from generator.model.opcodes import OPCODES
from generator.model.review import RULES
from generator.model.series import REVIEW
from generator.model.states import INITIAL, STATES, TRANSITIONS, State, Transition
from generator.patches.mail import parse_mail, read_series
from generator.plan import find_base, plan_series
from generator.report.grids import make_grids
from generator.report.kept import kept_path, read_kept, write_kept
from generator.report.picture import draw_states
from generator.report.sidebyside import file_rows, highlight
from generator.report.whole import ReportRequest, Trees, make_report, read_statuses

PATCHES = TESTS.parent / "kernel_patches/6.1/review"
# highlighting all of them takes a second
ONE = next(PATCHES.glob("0002-*"))
SECTIONS = {
    *("series", "tests", "boots", "review", "verify", "matrix", "checkpatch", "opcodes"),
    *("explored", "patches", "proof", "corpus", "mutate", "census", "cost", "clients", "coverage"),
    *("soak", "soak-full", "schedules", "scaling"),
}
# the section of a result that has another name
ANCHORS = {"verdicts": "opcodes", "states": "explored"}
NAMES = {anchor: name for name, anchor in ANCHORS.items()}
KEPT = sorted(NAMES.get(anchor, anchor) for anchor in SECTIONS - {"series", "tests", "boots"})
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\u202e\x00]]>{{ 7*7 }}"


class Page(HTMLParser):
    """What is in a page: tags that are not closed, identifiers, links, scripts, text."""

    VOID = frozenset({"meta", "link", "input", "br", "path", "circle", "rect", "col", "img"})

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.scripts, self.words = [], [], [], [], []
        self.attributes = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note what begins."""
        values = dict(attrs)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """See that it is what was begun."""
        assert self.open.pop() == tag, self.getpos()

    def handle_startendtag(self, tag, attrs):
        """Note what is empty."""
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        """Keep text and scripts apart."""
        (self.scripts if self.open[-1:] == ["script"] else self.words).append(data)


def asked(work, patches=ONE):
    """Return the request for a report."""
    return ReportRequest(base="6.1", series="review", workdir=work, patches=patches)


def report(work, patches=ONE):
    """Return a report and how its sections stand."""
    made = make_report(asked(work, patches))
    return made.html, {status.anchor: status for status in made.statuses}


@pytest.fixture(scope="module")
def full(results):
    """Return the report over all results."""
    return report(results, PATCHES)


@pytest.mark.sweep
def test_everything_is_there(full):
    """Every section has its result, and the page is whole."""
    html, statuses = full
    assert statuses.keys() == SECTIONS
    assert {a for a, s in statuses.items() if s.word == "good"} == SECTIONS
    page = Page(html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    text = " ".join(page.words)
    patches = [each.patch for each in plan_series(find_base("6.1"), REVIEW).patches]
    assert all(f"{n}. {p.subject}" in text for n, p in enumerate(patches, 1))
    assert all(rule.ident in text for rule in RULES)
    assert all(state.enumerator in text and state.meaning in text for state in STATES)
    assert "uprobe_get_swbp_addr" in text


def test_nothing_is_fetched(full):
    """No address outside of the page, no script but the page's own."""
    html, _ = full
    page = Page(html)
    for _tag, name, value in page.attributes:
        if name in ("src", "href", "srcset", "action", "data", "xlink:href"):
            assert value.startswith(("#", "data:")), value
        assert not name.startswith("on"), name
    assert len(page.scripts) == 1
    assert "url(" not in html.replace("url(#tip)", "") and "@import" not in html


def test_nothing_is_there(tmp_path):
    """Without results every section says so, and how to have it."""
    html, statuses = report(tmp_path, tmp_path / "none")
    assert {status.word for status in statuses.values()} == {"missing"}
    assert html.count("<b>missing</b>") >= len(SECTIONS)
    text = re.sub("<[^>]*>", "", html)
    assert "uprobekit review --base 6.1" in text
    assert "uprobekit coverage --base 6.1" in text
    assert Page(html).open == []


@pytest.mark.sweep
@pytest.mark.parametrize("command", KEPT)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JSON, or only half of it"),
        (b'{"format": 1, "poi', "no JSON, or only half of it"),
        (b"[" * 100_000, "no JSON, or only half of it"),
        (b"[]", "this is no result"),
        (b'{"format": 2}', "its format is 2, not 1"),
        (b'{"points": []}', "its format is None, not 1"),
        (b'{"format": 1}', "a field is missing or wrong"),
    ],
)
def test_a_damaged_result(command, data, words, work):
    """It is called unusable, by name; all the others are shown."""
    kept_path(work, "6.1", command).write_bytes(data)
    statuses = {status.anchor: status for status in read_statuses(asked(work), Trees())}
    anchor = ANCHORS.get(command, command)
    assert statuses[anchor].word == "unusable"
    assert words in statuses[anchor].text and f"{command}.json" in statuses[anchor].text
    others = {a for a, s in statuses.items() if s.word == "good"}
    assert others == SECTIONS - {anchor, "series"}


@pytest.mark.sweep
@pytest.mark.parametrize("command", KEPT)
def test_a_page_about_a_damaged_result(command, work):
    """It is whole, and shows all the others."""
    kept_path(work, "6.1", command).write_bytes(b'{"format": 1}')
    html, statuses = report(work)
    assert Page(html).open == []
    assert {s.word for a, s in statuses.items() if a != ANCHORS.get(command, command)} == {"good"}


@pytest.mark.sweep
@pytest.mark.parametrize("value", [None, "x", [None], {"a": 1}])
def test_fields_of_any_type(value, work):
    """A field that is something else never breaks the page, whichever it is."""
    paths = {command: kept_path(work, "6.1", command) for command in KEPT}
    whole = {command: json.loads(path.read_bytes()) for command, path in paths.items()}
    fields = {command: sorted(data.keys() - {"format"}) for command, data in whole.items()}
    request = asked(work)
    rounds = max(map(len, fields.values()))
    for number in range(rounds):
        for command, path in paths.items():
            field = fields[command][number % len(fields[command])]
            path.write_text(json.dumps({**whole[command], field: value}))
        statuses = {status.anchor: status for status in read_statuses(request, Trees())}
        words = {statuses[ANCHORS.get(command, command)].word for command in KEPT}
        assert words <= {"good", "bad", "older", "unusable"}
        if number % 4 == 0:
            assert report(work)[0].endswith("</html>\n")


def test_what_failed_is_bad(tmp_path):
    """A failure in a result is a failure in the report."""
    _, statuses = report(make_results(tmp_path, said="went wrong"))
    bad = {anchor for anchor, status in statuses.items() if status.word == "bad"}
    assert SECTIONS - bad == {"series", "boots", "opcodes", "census"}


def test_words_of_others_are_harmless(tmp_path):
    """Markup, escapes and control characters are text, wherever a tool or a kernel said them."""
    html, _ = report(make_results(tmp_path, said=EVIL))
    page = Page(html)
    assert page.open == [] and len(page.scripts) == 1
    assert "onerror" not in {name for _, name, _ in page.attributes}
    text = " ".join(page.words)
    assert text.count("<script>alert(1)</script>") >= 8 and "{{ 7*7 }}" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", html)
    assert "img-src data:; script-src 'sha256-" in html


def test_a_log_of_50_megabytes(work):
    """A text that is huge is cut, and that is said."""
    path = kept_path(work, "6.1", "tip-plain")
    data = json.loads(path.read_bytes())
    data["outcome"]["excerpt"] = ["word " * 10_000_000, *(["line"] * 100_000)]
    path.write_text(json.dumps(data))
    html, statuses = report(work)
    assert len(html) < 2_000_000 and "and more" in html
    assert statuses["boots"].word == "good"


def test_a_file_that_is_too_large(tmp_path):
    """It is not even read."""
    path = kept_path(tmp_path, "6.1", "review")
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        stream.truncate(65 << 20)
    assert "larger than 64 MB" in read_kept(path, "review").problem


def test_a_directory_in_place_of_a_result(tmp_path):
    """It cannot be read, and that is said."""
    kept_path(tmp_path, "6.1", "review").mkdir(parents=True)
    _, statuses = report(tmp_path)
    assert statuses["review"].word == "unusable"
    assert "cannot be read" in statuses["review"].text


def test_a_boot_of_some_tests(work):
    """It is no boot with all of them, and is not taken for one."""
    path = work / "6.1/results/tip-plain.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "command": ["-append", "quiet uprobekit.tests=nop"]}))
    _, statuses = report(work)
    assert statuses["boots"].word == "unusable"
    assert "tip: only the self-tests 'nop' were run" in statuses["boots"].text


def test_a_boot_that_is_damaged(work):
    """One of three boots."""
    (work / "6.1/results/tip-plain.json").write_text('{"format": 1, "outcome": {"kind": "x"}}')
    html, statuses = report(work)
    assert statuses["boots"].word == "unusable" and statuses["tests"].word == "good"
    assert Page(html).open == []


def test_patches_that_are_mangled(work, tmp_path):
    """The series is missing, with the reason; the results are shown."""
    (tmp_path / "0001-x.patch").write_text("nothing")
    html, statuses = report(work, tmp_path)
    assert statuses["series"].word == "missing" and "no Subject" in statuses["series"].text
    assert statuses["review"].word == "good" and Page(html).open == []


def test_an_older_rendering(tmp_path):
    """A good result about another tree is called older; a bad one stays bad."""
    tip = read_series(PATCHES).manifest["tip"]
    for said, words in (("", ("good", "older")), ("wrong", ("bad", "bad"))):
        work = make_results(tmp_path / f"work{said}", said=said)
        path = kept_path(work, "6.1", "review")
        data = json.loads(path.read_bytes())
        for tree, word in zip((tip, "1234"), words, strict=True):
            path.write_text(json.dumps({**data, "tip": tree}))
            request = ReportRequest(base="6.1", series="review", workdir=work, patches=ONE)
            statuses = {status.anchor: status for status in read_statuses(request, Trees(tip=tip))}
            assert statuses["review"].word == word


def of_rendering(work):
    """Return the results of a work area by section, about the committed patches."""
    request = ReportRequest(base="6.1", series="review", workdir=work, patches=PATCHES)
    trees = Trees.of(read_series(PATCHES).manifest)
    return {status.anchor: status for status in read_statuses(request, trees)}


@pytest.mark.parametrize(
    ("name", "field", "anchor"),
    [
        ("compare-plain", "tip", "tests"),
        ("tip-plain", "tree", "boots"),
        ("baseline-plain", "tree", "boots"),
    ],
)
def test_a_boot_of_another_rendering(name, field, anchor, tmp_path):
    """A kernel that is not built from these patches, or from what nobody knows, proves nothing."""
    work = make_results(tmp_path)
    assert of_rendering(work)[anchor].word == "good" and of_rendering(work)[anchor].current
    path = kept_path(work, "6.1", name)
    data = json.loads(path.read_bytes())
    for tree, words in (("1234", "older rendering"), ("", "not known")):
        path.write_text(json.dumps({**data, field: tree}))
        found = of_rendering(work)[anchor]
        assert (found.word, found.current) == ("older", False) and words in found.text
    del data[field]
    path.write_text(json.dumps(data))
    assert of_rendering(work)[anchor].word == "older"


def test_a_result_of_another_base(tmp_path):
    """A file that was copied from another base is none of this one."""
    work = make_results(tmp_path)
    for name, anchor in (("review", "review"), ("compare-plain", "tests"), ("tip-plain", "boots")):
        path = kept_path(work, "6.1", name)
        path.write_text(json.dumps({**json.loads(path.read_bytes()), "base": "6.12"}))
        found = of_rendering(work)[anchor]
        assert found.word == "unusable" and "this is a result of 6.12" in found.text


def test_what_is_kept_is_read(tmp_path):
    """The envelope is there, and a command cannot overwrite it."""
    path = write_kept(
        tmp_path, "6.1", "review", {"points": [], "format": 9}, source="6.1.7", tip="12"
    )
    kept = read_kept(path, "review")
    assert kept.data["format"] == 1 and kept.data["source"] == "6.1.7" and kept.data["version"]


# the parts


@pytest.mark.parametrize("table", OPCODES.maps, ids=lambda table: table.name)
def test_grid(table):
    """Every opcode in its place, with the reason of its refusal."""
    grid = next(g for g in make_grids(OPCODES, {}) if g.name == table.name)
    cells = [cell for row in grid.rows for cell in row]
    assert [len(row) for row in grid.rows] == [16] * 16
    for number, cell in enumerate(cells):
        vex = "vex " if table.vex else ""
        assert cell.opcode == f"{vex}{table.escape} {number:02x}".strip()
        assert cell.why.startswith(cell.opcode) and cell.base == ""
        assert not cell.letter or cell.letter == table.letters[number]
    for refusal in OPCODES.refusals:
        if refusal.map == table.escape and not table.vex:
            assert all(refusal.reason in cells[opcode].why for opcode in refusal.opcodes)


def test_a_group_in_a_grid():
    """What depends on ModRM.reg says on which."""
    grid = make_grids(OPCODES, {})[0]
    assert "/3 refused" in grid.rows[15][15].why and "/2 call" in grid.rows[15][15].why


def test_picture():
    """States do not overlap, arrows have their numbers, everything is inside."""
    picture = draw_states(STATES, TRANSITIONS, INITIAL)
    places = {(box.x, box.y) for box in picture.boxes}
    assert len(places) == len(STATES)
    assert [arrow.number for arrow in picture.arrows] == list(range(1, len(TRANSITIONS) + 1))
    assert len({(arrow.x, arrow.y) for arrow in picture.arrows}) == len(TRANSITIONS)
    for arrow in picture.arrows:
        xs, ys = [int(n) for n in re.findall(r"(-?\d+) -?\d+", arrow.path)], arrow.y
        assert min(xs) >= 0 and max(xs) <= picture.width and 0 <= ys <= picture.height


def test_picture_of_a_state_that_is_never_reached():
    """It is in the picture all the same."""
    lost = State(enumerator="LOST", meaning="x", active=True)
    loop = Transition(source=INITIAL, target=INITIAL, cause="x", function="f")
    picture = draw_states((*STATES, lost), (*TRANSITIONS, loop), INITIAL)
    assert max(picture.boxes, key=lambda box: box.x).state is lost


@pytest.mark.sweep
@pytest.mark.parametrize("base", ["6.1", "6.12"])
def test_side_by_side_loses_nothing(base):
    """Both columns together are the patch, line by line."""
    for mail in read_series(PATCHES.parents[1] / base / "review").mails:
        for change in mail.files:
            rows = file_rows(change)
            for hunk, (_, shown) in zip(change.hunks, rows.hunks, strict=True):
                left = [row.left.striptags() for row in shown if row.before]
                right = [row.right.striptags() for row in shown if row.after]
                squeezed = [
                    [" ".join(line.text.split()) for line in hunk.lines if line.sign != sign]
                    for sign in "+-"
                ]
                assert [left, right] == squeezed


def test_line_numbers():
    """Those of the files, in both columns."""
    text = (
        "From: a <a@b.c>\nSubject: x\n\nx\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
        "@@ -5,3 +5,4 @@\n before\n-old\n+new\n+more\n after\n@@ -20,2 +21,1 @@\n-gone\n end\n"
    )
    rows = file_rows(parse_mail(text.encode(), where="x").files[0])
    shown = [(r.kind, r.before, r.after) for _, hunk in rows.hunks for r in hunk]
    assert shown == [
        ("same", 5, 5),
        ("change", 6, 6),
        ("new", 0, 7),
        ("same", 7, 8),
        ("old", 20, 0),
        ("same", 21, 21),
    ]
    assert (rows.added, rows.removed) == (2, 2)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([" * in a comment if (x)", " */", "int x;"], "hc"),
        (["int x; /* begins", "   goes on"], "hk"),
        ([], ""),
        (["", ""], ""),
        (["</span><b>"], ""),
        (["\x1b[31mint\x00"], ""),
        (['char *s = "unclosed', "int y;"], "hk"),
    ],
)
def test_highlighting(lines, wanted):
    """As many lines as before, escaped, whatever they are."""
    found = highlight(lines)
    assert len(found) == len(lines)
    assert "<b>" not in "".join(found) and "\x1b" not in "".join(found)
    if wanted:
        assert wanted in found[0]


# the command


def test_command(work, tmp_path, capsys, monkeypatch):
    """The page is written, and what is missing is said."""
    monkeypatch.chdir(TESTS.parent)
    (work / "6.1/results/verify.json").write_text("{")
    (work / "6.1/results/coverage.json").unlink()
    page = tmp_path / "page.html"
    assert main(["report", "-o", str(page), "--workdir", str(work), "--json"]) == 2
    out, err = capsys.readouterr()
    found = {section["anchor"]: section["word"] for section in json.loads(out)["sections"]}
    assert found["review"] == "good" and found["coverage"] == "missing"
    assert "verify.json: this is no JSON" in err and "run: uprobekit verify" in err
    assert "the page shows what is not good" in err
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    first = text.partition('id="tools"')[0]
    assert "Not good: " in first and "results of 20" in first
    assert "Missing: " in first and 'href="#coverage"' in first and "uprobekit 0" in first


def test_a_failed_boot_is_not_good(work, tmp_path):
    """Tests that fail on the tip are bad; on the baseline they are what is expected, in words."""
    for variant, words in (("baseline", "came to its end"), ("tip", "tests fail")):
        file = work / f"6.1/results/{variant}-plain.json"
        data = json.loads(file.read_text())
        data["outcome"]["kind"] = "failed-tests"
        file.write_text(json.dumps(data))
        request = ReportRequest(base="6.1", series="review", workdir=work, patches=tmp_path)
        made = make_report(request)
        boots = next(status for status in made.statuses if status.anchor == "boots")
        assert boots.word == ("bad" if variant == "tip" else "good"), boots.text
        assert f"{variant}: {words}" in boots.text and "failed-tests" not in boots.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--base", "9.9"], "there is no base '9.9'"),
        (["--series", "x"], "there is no series 'x'"),
        (["-o", "/no/such/place/x.html"], "there is no such folder"),
        (["--flavour"], "--flavour"),
    ],
)
def test_wrong_input(arguments, words, tmp_path, capsys, monkeypatch):
    """Status 1, and no page."""
    monkeypatch.chdir(tmp_path)
    assert main(["report", *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
