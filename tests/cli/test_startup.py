# SPDX-License-Identifier: GPL-2.0-only
"""What a short command does not need is not imported: most of its time would be that."""

import json
import subprocess
import sys

import pytest
from conftest import TESTS

ROOT = TESTS.parent
HEAVY = {"jinja2", "git", "filelock", "asyncio", "iced_x86", "clang", "tuxmake", "qemu", "dask"}
"""Libraries that take longer to import than the shortest commands take."""

OURS = {f"generator.{stage}" for stage in ("render", "kbuild", "guest", "checks", "report")}
LISTINGS = [f"kernel_patches/{base}/review/interface.txt" for base in ("6.1", "6.12")]


def imported(*arguments):
    """Run a command; return its output, and the names of the modules that it has imported."""
    code = (
        "import json, sys; from generator.cli import main; main(sys.argv[1:]);"
        "print(end='\\0' + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    # a slow machine has remarks on stderr
    out, _, names = done.stdout.partition("\0")
    return out, set(json.loads(names))


def test_version():
    """The version: nothing at all."""
    out, names = imported("--version")
    assert out.startswith("uprobekit ") and not names & (HEAVY | OURS | {"typer", "click"})


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["explain", "--help"], ["diff", "--help"]])
def test_help(words):
    """Help: the command line alone, not the model."""
    out, names = imported(*words)
    assert "Usage: uprobekit" in out
    assert not names & (HEAVY | OURS) and "generator.model" not in names


def test_two_listings():
    """Two interfaces: neither the model nor what renders or reads C of a tree."""
    out, names = imported("diff", *LISTINGS, "--no-pager")
    assert out.startswith("interface: ")
    assert not names & (HEAVY | OURS - {"generator.report"})
    assert "generator.model.opcodes" not in names and "generator.plan" not in names


def test_two_directories():
    """Patches are compared without what renders them."""
    out, names = imported("diff", *(f"kernel_patches/{b}/review" for b in ("6.1", "6.12")))
    assert "patches: " in out
    assert not names & (HEAVY | OURS - {"generator.report"})
