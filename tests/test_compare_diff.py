# SPDX-License-Identifier: GPL-2.0-only
"""The comparison of diff with git range-diff, b4 diff and interdiff, on a made-up kernel."""

import re
import shutil
import subprocess
import sys

import compare_diff
import pytest
from conftest import TESTS

from generator.cli import main


@pytest.fixture
def rendered(tmp_path):
    """Return a repository with the series on the made-up tree of 3.3."""
    tree = (
        "--base",
        "3.3",
        "--tree",
        str(TESTS / "trees/k33"),
        "--workdir",
        str(tmp_path / "work"),
    )
    assert main(["render", *tree, "-o", str(tmp_path / "out"), "-q"]) == 0
    return tmp_path / "work/3.3/repo.git"


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["one line", "drop middle", "message"])
def test_ours_agrees_with_git(name, rendered, tmp_path, monkeypatch):
    """The pairs are git's, and where the interface is the same ours is not longer."""
    monkeypatch.setattr(compare_diff, "find_b4", lambda: None)
    place = tmp_path / "place"
    place.mkdir()
    rows, wrong = compare_diff.compare(rendered, place, rounds=1, names=[name])
    assert wrong == []
    found = re.fullmatch(
        rf"\| {name} \| (\d+), [\d.]+ s \| (\d+), [\d.]+ s \| not here \| (.*) \|", rows[0]
    )
    assert found and 0 < int(found[1]) <= int(found[2])
    assert (found[3] != compare_diff.NOT_HERE) is bool(shutil.which("interdiff"))


def test_what_would_be_wrong():
    """A pair that git has otherwise, nothing seen, and more lines than git."""

    class Sides(compare_diff.Sides):
        def __init__(self, data):
            self.data = data

        def ours(self, *more):
            return self.data

    def says(pairs, ours="one\n", git="", **more):
        patches = [{"before": a, "after": b, "sign": sign} for a, b, sign in pairs]
        data = {"patches": patches, "same": False, "interface": []} | more
        sides = Sides(compare_diff.json.dumps(data))
        return sides.contradicts(
            ours, git or "1:  abc = 1:  def x: One\n2:  abc ! 2:  def x: Two\n"
        )

    good = [(1, 1, "="), (2, 2, "!")]
    assert says(good) == ""
    assert "otherwise" in says([(1, 1, "="), (2, 2, "=")])
    assert "nothing differs" in says(good, same=True)
    assert "longer" in says(good, ours="a\n" * 3)
    assert "nothing at all" in says(good, ours="")
    assert says(good, ours="a\n" * 3, interface=["x"]) == ""
    alone = "1:  abc < -:  --- x: One\n-:  --- > 1:  def x: One\n"
    assert says([(1, 1, "!")], git=alone) == ""
    other = "1:  abc < -:  --- x: One\n-:  --- > 1:  def x: Two\n"
    assert "otherwise" in says([(1, 1, "!")], git=other)


def test_nothing_is_rendered(tmp_path):
    """That is said, with the whole path: git is called in another folder."""
    done = subprocess.run(
        [sys.executable, TESTS / "compare_diff.py", "--workdir", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "uprobekit render" in done.stderr
    assert str(tmp_path / "6.1") in done.stderr
