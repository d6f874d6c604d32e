# SPDX-License-Identifier: GPL-2.0-only
"""All bases in one table: what is known is shown, what is not is never taken for good."""

import json
import os
import shutil
from dataclasses import asdict, replace

import fake_base
import pytest
from conftest import MINI
from guests import DEAD, boot, guest

from generator.checks.matrix.chain import PrefixResult
from generator.cli import main
from generator.errors import InfraError, UserError
from generator.kbuild import state
from generator.kbuild.request import BuildRequest, plan_build
from generator.model.bases import BASES, UNFINISHED
from generator.model.edits import InsertBlock, RemoveFunctions, WriteFile
from generator.patches.replay import replay_patches
from generator.plan import plan_series
from generator.render import env
from generator.render.share import count_lines
from generator.report.kept import kept_path, write_kept
from generator.report.overview import (
    OverviewRequest,
    PatchState,
    State,
    make_overview,
)
from generator.report.results import dump_json, result_path, write_boot
from generator.tree.acquire import find_source
from generator.tree.refs import read_ref
from generator.tree.series import render_series

CELLS = ("applies", "builds", "boots", "tests", "peer")


class Area:
    """A work area with the rendered made-up series, and what may be left in it."""

    refs = ("baseline", "review-01", "review-02", "review-03")

    def __init__(self, place):
        self.place = place
        self.source = find_source(fake_base.BASE, place, tree=MINI, rev=None)
        plan = plan_series(fake_base.BASE, fake_base.SERIES)
        self.rendered = render_series(plan, self.source, place)
        self.build = BuildRequest(
            base="6.1",
            variant="",
            ref="",
            repo=self.rendered.repo,
            pristine=MINI,
            pristine_id=self.source.identity,
            workdir=place,
            fragments=(),
        )
        self.trees = {ref: read_ref(self.rendered.repo, ref).tree_id for ref in self.refs}

    def rows(self):
        """Return the rows of the table."""
        patches = tuple(
            PatchState(number=number, name=ref, ref=ref, tree=self.trees[ref])
            for number, ref in enumerate(self.refs)
        )
        return make_overview(
            OverviewRequest(build=self.build, source=self.source.identity, patches=patches)
        )

    def built(self, variant, ref, **changes):
        """Leave the stamp of a finished build."""
        plan = plan_build(replace(self.build, variant=variant, ref=ref))
        known = state.BuildState(key=plan.key, image=(7, 1_000_000_000))
        plan.state_file.parent.mkdir(parents=True, exist_ok=True)
        state.write_state(plan.state_file, replace(known, **changes))

    def booted(self, variant, lines):
        """Leave the result of a boot."""
        return write_boot(replace(boot(lines, variant), base="6.1"), self.place)

    def compiled(self, ref, configuration="on", problems=()):
        """Return the result of compiling a prefix."""
        return PrefixResult(
            ref=ref,
            configuration=configuration,
            objects=3,
            left_out=(),
            problems=problems,
            seconds=1.0,
        )

    def keep(self, *results, boots=(), **changes):
        """Leave the results of the matrix."""
        cells = [asdict(result) for result in results]
        data = {"identity": self.source.identity, "trees": self.trees, "cells": cells, **changes}
        data["boots"] = [{"tests": 3, "passed": 1, **row} for row in boots]
        return write_kept(self.place, "6.1", "matrix", data, source="x", tip="y")


@pytest.fixture
def area(fake, tmp_path):
    """Return a work area with the rendered made-up series."""
    return Area(tmp_path)


def states(row):
    """Return the states of a row's cells, by their first letters."""
    return "".join(getattr(row, name).state.value[0] for name in CELLS)


def test_nothing_is_there(area):
    """Every result that is missing is called so; only the last patch has a peer."""
    rows = area.rows()
    assert [row.number for row in rows] == [0, 1, 2, 3]
    assert [states(row) for row in rows] == ["gmmmn", "gmmmn", "gmmmn", "gmmmm"]
    assert {row.boots.text for row in rows} == {"not run"}


def test_everything_is_there(area):
    """Before: as announced; after: passed; the peer, which fails, is information."""
    for variant, ref, lines in (
        ("baseline", "baseline", DEAD),
        ("tip", "review-03", guest()),
        ("peer", "base", DEAD),
    ):
        area.built(variant, ref)
        area.booted(variant, lines)
    area.keep(*(area.compiled(ref) for ref in area.refs))
    rows = area.rows()
    assert [states(row) for row in rows] == ["ggggn", "ggmmn", "ggmmn", "ggggg"]
    assert rows[0].tests.text == "1 of 1 as announced"
    assert rows[3].tests.text == "1 of 1 pass"
    assert rows[3].builds.text == "kernel, objects in 1 configuration"
    assert rows[3].peer.text == "0 of 1 pass"
    assert rows[1].builds.text == "objects in 1 configuration"


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("variant", "lines", "words"),
    [
        ("tip", DEAD, "0 of 1 pass"),
        ("tip", [], "0 of 0 pass"),
        ("baseline", guest(), "0 of 1 as announced"),
        ("baseline", guest(before=""), "0 of 1 as announced"),
    ],
)
def test_tests_that_are_not_as_they_must_be(area, variant, lines, words):
    """A tip that fails and a baseline that passes are both wrong, and so is no test at all."""
    area.built(variant, {"tip": "review-03"}.get(variant, variant))
    area.booted(variant, lines)
    row = area.rows()[3 if variant == "tip" else 0]
    assert row.tests.state is State.BAD
    assert row.tests.text == words


def test_skipped_tests_are_counted_apart(area):
    """A skipped test neither passes nor fails."""
    area.built("tip", "review-03")
    area.booted("tip", guest(outcome="", tail=" # SKIP no 32-bit programs"))
    assert area.rows()[3].tests.text == "0 of 1 pass, 1 skipped"
    assert area.rows()[3].tests.state is State.GOOD


def test_a_prefix_may_fail_tests(area):
    """In the middle of the series self-tests still fail."""
    area.built("review-01", "review-01")
    area.booted("review-01", DEAD)
    assert states(area.rows()[1]) == "ggggn"


def test_a_panic(area):
    """A boot that did not end well is wrong; its word is in the table."""
    area.built("tip", "review-03")
    area.booted("tip", guest()[:-1])
    row = area.rows()[3]
    assert row.boots.state is State.BAD
    assert row.boots.text == "guest-stopped-early"


def test_results_of_another_kernel(area):
    """A kernel from another tree, and a boot before the build, are older, not good."""
    area.built("tip", "review-02")
    area.booted("tip", guest())
    assert states(area.rows()[3]) == "gooom"
    area.built("tip", "review-03")
    assert states(area.rows()[3]) == "ggggm"
    os.utime(result_path(area.build.workdir, "6.1", "tip"), ns=(5, 5))
    assert states(area.rows()[3]) == "ggoom"


@pytest.mark.parametrize(("ref", "state"), [("review-03", State.GOOD), ("review-02", State.OLDER)])
def test_an_image_of_the_user(ref, state, area):
    """What it was built from counts, not what we have built."""
    result = replace(boot(guest(), "tip"), base="6.1", tree=area.trees[ref])
    write_boot(result, area.place)
    row = area.rows()[-1]
    assert row.boots.state is state
    assert row.builds.state is State.MISSING


def test_a_boot_of_some_tests(area):
    """It is no boot with all of them."""
    area.built("tip", "review-03")
    result = replace(boot(guest(), "tip"), base="6.1", command=("uprobekit.tests=nop",))
    write_boot(result, area.place)
    assert area.rows()[3].boots.text == "only the self-tests 'nop' were run"


def test_a_boot_whose_kernel_is_gone(area):
    """Nothing says any more what was booted."""
    area.booted("tip", guest())
    assert states(area.rows()[3]) == "gmoom"


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "words"),
    [({"running": True}, "being built, or interrupted"), ({"key": ""}, "not run")],
)
def test_unfinished_builds(area, changes, words):
    """An interrupted build and a failed one are no kernels."""
    area.built("tip", "review-03", **changes)
    assert area.rows()[3].builds.state is State.MISSING
    assert area.rows()[3].builds.text == words


@pytest.mark.parametrize("changes", [{"identity": "another"}, {"trees": None}])
def test_objects_of_another_tree(area, changes):
    """Objects of another source or of another rendering are older."""
    if "trees" in changes:
        changes = {"trees": dict.fromkeys(area.refs, "0" * 40)}
    area.keep(area.compiled("review-01"), **changes)
    assert area.rows()[1].builds.state is State.OLDER


def test_objects_that_do_not_compile(area):
    """The configuration is named, and a kernel that was built does not hide it."""
    area.built("review-01", "review-01")
    area.keep(area.compiled("review-01"), area.compiled("review-01", "i386", ("x.c:1: no",)))
    cell = area.rows()[1].builds
    assert cell.state is State.BAD
    assert cell.text == "kernel, NO: i386"


@pytest.mark.sweep
@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 9}', '{"format": 1, "source": "x"}'])
def test_damaged_results(area, text):
    """A damaged file counts as none, or says what is wrong with it."""
    for path in (
        kept_path(area.build.workdir, "6.1", "matrix"),
        result_path(area.build.workdir, "6.1", "tip"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    row = area.rows()[3]
    assert row.builds.state is State.MISSING
    assert row.boots.state is State.BAD
    assert row.tests.state is State.MISSING


def test_damaged_rows(area):
    """A field too many or too few: nothing is known."""
    path = area.keep(area.compiled("review-01"))
    data = json.loads(path.read_text())
    for damaged in ([{}], [1], 1, [{**data["cells"][0], "problems": 1, "ref": {}}]):
        path.write_bytes(dump_json({**data, "cells": damaged}))
        assert area.rows()[1].builds.state is State.MISSING


@pytest.mark.parametrize(("problems", "letters"), [((), "gggg"), (("nop: fail",), "ggbb")])
def test_boots_of_the_matrix(area, problems, letters):
    """Where no variant was booted, the matrix knows; not when it is about another tree."""
    row = {"ref": "review-01", "problems": problems}
    area.keep(area.compiled("review-01"), boots=[row])
    found = area.rows()[1]
    assert states(found) == f"{letters}n"
    assert found.tests.text.startswith("1 of 3 pass")
    area.keep(boots=[row], trees=dict.fromkeys(area.refs, "0" * 40))
    assert states(area.rows()[1]) == "gmoon"


def test_replay(area):
    """Every patch leads to its commit; one that was changed, or is out of order, does not."""
    patches = dict(area.rendered.patches)
    assert [r.problem for r in replay_patches(area.rendered.repo, "review", patches)] == [""] * 3
    name = "0002-mini-Add-added_shape.patch"
    patches[name] = patches[name].replace(b"return 0;", b"return 1;")
    changed = replay_patches(area.rendered.repo, "review", patches)
    assert ["does not lead" in r.problem for r in changed] == [False, True, False]
    patches[name] = patches[name].replace(b"@@", b"@")
    assert replay_patches(area.rendered.repo, "review", patches)[1].problem
    patches[name] = area.rendered.patches["0003-mini-Call-added_shape.patch"]
    assert "patch failed" in replay_patches(area.rendered.repo, "review", patches)[1].problem


def test_replay_of_another_series(area):
    """A repository without the tags is no result."""
    with pytest.raises(InfraError, match="rev-parse"):
        replay_patches(area.rendered.repo, "other", area.rendered.patches)


# the command


def test_render_all(fake, tmp_path, capsys, monkeypatch):
    """Every base is written and listed; JSON and text say the same."""
    monkeypatch.chdir(tmp_path)
    arguments = ["render", "--all", "--tree", str(MINI), "--quiet"]
    assert main([*arguments, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in data["rows"]] == [
        "baseline",
        "x86: Rename trap_nr to trap_no",
        "mini: Add added_shape()",
        "mini: Call added_shape()",
    ]
    assert all(row["applies"]["state"] == "good" for row in data["rows"])
    assert data["rows"][3]["boots"] == {"state": "missing", "text": "not run"}
    assert (tmp_path / "kernel_patches/6.1/review/series").is_file()
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.count("not run") == 4 * 3 + 1
    assert "all bases" in out


def test_render_all_with_a_base_without_a_source(fake, tmp_path, capsys, monkeypatch):
    """The one that cannot be rendered is named, the other one is rendered."""
    monkeypatch.chdir(tmp_path)
    other = replace(fake.BASE, name="9.9")
    monkeypatch.setattr("generator.plan.BASES", (other, fake.BASE))
    assert main(["render", "--all", "--tree", str(MINI), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {row["base"] for row in data["rows"]} == {"6.1"}
    assert "9.9" in data["no source"]


def test_render_all_with_a_base_that_does_not_fit(fake, tmp_path, capsys, monkeypatch):
    """An edit that finds no place is a failure, and the table is shown all the same."""
    monkeypatch.chdir(tmp_path)
    lost = RemoveFunctions(path="kernel/shapes.c", names=("not_there",))
    monkeypatch.setattr("generator.plan.BASES", (replace(fake.BASE, baseline=(lost,)),))
    assert main(["render", "--all", "--tree", str(MINI), "--json"]) == 2
    out, err = capsys.readouterr()
    assert "not_there" in json.loads(out)["does not fit"]["6.1"]
    assert "not_there" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output", "x"], "neither --output nor --check"),
        (["--check"], "neither --output nor --check"),
        (["--tree", "/nonexistent"], "no such directory"),
        (["--rev", "HEAD"], "--rev needs --tree"),
        ([], "no package"),
    ],
)
def test_render_all_wrongly_asked(fake, tmp_path, capsys, monkeypatch, arguments, words):
    """What cannot be done is said, with status 1."""
    monkeypatch.chdir(tmp_path)
    assert main(["render", "--all", *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "kernel_patches").exists()


def test_render_all_with_a_dead_line(fake, tmp_path, capsys, monkeypatch):
    """A line of a template that no base has is a failure, with its place."""
    monkeypatch.chdir(tmp_path)
    templates = shutil.copytree(fake.TEMPLATES, tmp_path / "templates")
    template = templates / "kernel/added.c.j2"
    line = len(template.read_text().splitlines()) + 2
    with template.open("a") as file:
        file.write('{% if "x" in base.has %}\n/* nowhere */\n{% endif %}\n')
    fake.install(monkeypatch, templates=templates)
    assert main(["render", "--all", "--tree", str(MINI), "--quiet"]) == 2
    assert f"no base has this line of a template: templates/kernel/added.c.j2:{line}" in (
        capsys.readouterr().err
    )


# lines


@pytest.fixture
def share(tmp_path, monkeypatch):
    """Return a function that counts the lines of one template for made-up bases."""
    monkeypatch.setattr(env, "data_dir", lambda name: tmp_path)
    env.environment.cache_clear()

    def count(text, more="", only=None):
        (tmp_path / "a.c.j2").write_text(text)
        (tmp_path / "b.c.j2").write_text(more)
        bases = tuple(
            replace(
                fake_base.BASE,
                name=name,
                has=frozenset(has),
                baseline=()
                if only and name not in only
                else (WriteFile(path="x", template="a.c"),),
                edits={},
                hooks=(),
            )
            for name, has in (("1", ()), ("2", ("rcu",)), ("3", ("rcu", "shstk")))
        )
        return count_lines(bases)

    yield count
    env.environment.cache_clear()


def numbers(result):
    """Return total, shared, own and several."""
    return (result.total, result.shared, *result.own.values(), result.several)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\nb\n", (2, 2, 0, 0, 0, 0)),
        ('{% if "rcu" in base.has %}\na\n{% else %}\nb\nc\n{% endif %}\n', (3, 0, 2, 0, 0, 1)),
        ('{% if "shstk" in base.has %}\na\n{% endif %}\nb\n', (2, 1, 0, 0, 1, 0)),
        ('{% if has("x") %}\na\n{% else %}\nb\n{% endif %}\n', (2, 2, 0, 0, 0, 0)),
        ('{% if has("x") and "shstk" in base.has %}\na\n{% endif %}\n', (1, 0, 0, 0, 1, 0)),
        ('{% if has("x") or "shstk" in base.has %}\na\n{% endif %}\n', (1, 1, 0, 0, 0, 0)),
        ('{% if not "rcu" in base.has %}\na\n{% endif %}\n', (1, 0, 1, 0, 0, 0)),
        ('{% if base.name == "2" %}\na\n{% elif has("x") %}\nb\n{% endif %}\n', (2, 0, 0, 1, 0, 1)),
        ('{% set r = "shstk" in base.has %}\n{% if r %}\na\n{% endif %}\n', (1, 0, 0, 0, 1, 0)),
        ('{% set r = has("x") %}\n{% if r %}\na\n{% endif %}\n', (1, 1, 0, 0, 0, 0)),
        ("{% for x in y %}\na {{ x }}\n{% endfor %}\n", (1, 1, 0, 0, 0, 0)),
        ("{# a comment\nof two lines #}\na\n{{ b }}\n", (2, 2, 0, 0, 0, 0)),
        (
            '{% if "rcu" in base.has %}\n{% if "shstk" not in base.has %}\na\n{% endif %}\n'
            "{% endif %}\n",
            (1, 0, 0, 1, 0, 0),
        ),
        ('{% if "shstk" in base.has %}\n{% include "b.c.j2" %}\n{% endif %}\n', (2, 0, 0, 0, 2, 0)),
        ("", (0, 0, 0, 0, 0, 0)),
    ],
)
def test_whose_lines(share, text, expected):
    """A line belongs to the bases that can have it, whatever other conditions there are."""
    assert numbers(share(text, more="one\ntwo\n")) == expected


def test_a_template_of_one_base(share):
    """A template that only one base uses is its own."""
    assert numbers(share("a\nb\n", only={"3"})) == (2, 0, 0, 0, 2, 0)


def test_lines_of_an_unfinished_base(share):
    """They are neither dead nor in the total; a line that others have is theirs."""
    share('a\n{% if "new" in base.has %}\nb\n{% endif %}\n')
    base = replace(
        fake_base.BASE, baseline=(WriteFile(path="x", template="a.c"),), edits={}, hooks=()
    )
    new = replace(base, name="9", has=frozenset({"new"}))
    result = count_lines((base,), (new,))
    assert (result.total, result.shared, result.unfinished) == (1, 1, 1)
    assert not result.templates[0].dead


def test_lines_of_no_base(share):
    """A condition that no base meets is found, with its line."""
    result = share('a\n{% if "ruc" in base.has %}\nb\n{% endif %}\n')
    assert result.templates[0].dead == (3,)
    assert result.total == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{% if %}", "templates/a.c.j2:1"),
        ("{% include x %}", "templates/a.c.j2:1: includes a template by a computed name"),
        ('{% include "c.j2" %}', "the template 'c' is missing"),
    ],
)
def test_templates_that_cannot_be_counted(share, text, words):
    """What is wrong is named with its place."""
    with pytest.raises(UserError) as caught:
        share(text)
    assert words in str(caught.value)


def test_the_real_templates():
    """No line is dead, most lines are shared, and the counts add up."""
    result = count_lines(BASES, UNFINISHED)
    assert not [row for row in result.templates if row.dead]
    assert result.shared > result.total / 2
    assert result.shared + sum(result.own.values()) + result.several == result.total
    used = {
        edit.template
        for base in BASES
        for group in (base.baseline, *base.edits.values())
        for edit in group
        if isinstance(edit, InsertBlock | WriteFile)
    }
    assert used <= {row.template for row in result.templates}
