# SPDX-License-Identifier: GPL-2.0-only
"""What the tests share: --update-golden, the made-up tree, and nothing of the user's settings."""

import ast
import contextlib
import functools
import gc
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes depends on what else the machine does
settings.register_profile("project", deadline=None)
settings.load_profile("project")

TESTS = Path(__file__).resolve().parent
MINI = TESTS / "trees" / "mini"

LEFT_OUT = "uprobekit/left-out"
_left_out: set[str] = set()


def pytest_configure():
    """Cut off the user's git: what is made for a whole run or module is made before any test."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
    place = os.environ.get("PYTEST_DEBUG_TEMPROOT") or tempfile.gettempdir()
    if set(" :") & set(place):
        raise pytest.UsageError(
            f"'{place}': kernels of the tests are built there, and the kernel's Makefile does not "
            "work in a path with a blank or a colon; run: TMPDIR=/tmp make test"
        )


def pytest_addoption(parser):
    """Add the option that `make golden` uses."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the expected files of the tests"
    )
    parser.addoption(
        "--left-out",
        action="store_true",
        help="only tests that the last run without this option left out for want of a tool; "
        "all when there was no such run",
    )
    parser.addoption(
        "--one-of-each",
        type=int,
        metavar="N",
        help="of a test with many cases only the N-th, counted round: does it run here at all?",
    )


def pytest_collection_modifyitems(config, items):
    """Choose what the last run has left out, or one case of each test, as asked for."""
    turn = config.getoption("--one-of-each")
    if turn is not None:
        cases = {}
        for item in items:
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
        chosen = {some[turn % len(some)] for some in cases.values()}
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = [item for item in items if item in chosen]
    known = config.cache.get(LEFT_OUT, None) if config.getoption("--left-out") else None
    if known is not None:
        left, kept = [], []
        for item in items:
            (kept if item.nodeid in known else left).append(item)
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements of a module, nested ones included, and nothing of their expressions."""
    todo = [tree]
    while todo:
        node = todo.pop()
        for name in ("body", "handlers", "orelse", "finalbody", "cases"):
            children = getattr(node, name, ())
            yield from children
            todo += children


@contextlib.contextmanager
def noted(what: str) -> Iterator[None]:
    """Say of what fails which of many it is."""
    try:
        yield
    except BaseException as error:
        error.add_note(what)
        raise


@functools.cache
def works(*command, given: str = "", says: str = r"\d") -> bool:
    """Tell whether a tool is there and does what it is for, which a file of its name does not show.

    Args:
        command: what is run; only its name: it is asked for its version.
        given: its input.
        says: a regular expression for what it has to print.
    """
    if len(command) == 1:
        command = (*command, "--version")
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and bool(re.search(says, done.stdout))


def pytest_runtest_setup(item):
    """Leave a test out whose tool is missing or broken: ``needs``, with the arguments of works."""
    for mark in item.iter_markers("needs"):
        if not works(*mark.args, **mark.kwargs):
            tool = Path(mark.args[0]).name
            broken = ", or what is there does not work" if shutil.which(mark.args[0]) else ""
            pytest.skip(f"NOT TESTED: no {tool} here{broken}; 'make test-tools' installs it")


def pytest_runtest_logreport(report):
    """Note a test that says NOT TESTED."""
    if report.skipped and "NOT TESTED" in str(report.longrepr):
        _left_out.add(report.nodeid)


def pytest_sessionfinish(session):
    """Keep what was left out, for --left-out."""
    config = session.config
    if config.getoption("--left-out") and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
    if hasattr(config, "workerinput") or not hasattr(config, "cache"):
        return
    if not config.getoption("--left-out"):
        config.cache.set(LEFT_OUT, sorted(_left_out))


def pytest_collection_finish():
    """Keep the garbage collector from looking at the tests themselves, again and again."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Make a test fail in CI that is left out because a tool is not there: it says NOT TESTED."""
    report = (yield).get_result()
    left_out = report.skipped and "NOT TESTED" in str(report.longrepr)
    if left_out and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{report.longrepr[-1]}; CI leaves no test out, see make test-tools"


def some_of(cases, *kept) -> list:
    """Return the cases of a test; those that are not ``kept`` are marked as ``sweep``.

    Args:
        cases: values of one parameter, or of several in a tuple.
        kept: those that stay in the fast tests; the first one when none is named.
    """
    cases = list(cases)
    assert set(kept) <= set(cases), "a case that is kept is one of them"
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=() if case in (kept or cases[:1]) else pytest.mark.sweep,
        )
        for case in cases
    ]


@pytest.fixture(scope="session")
def _homes(tmp_path_factory) -> Iterator[str]:
    """Return folders that are not there yet; mktemp would look at all of the others each time."""
    place = tmp_path_factory.mktemp("homes")
    return (f"{place}/{number}" for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, _homes, _compiled):
    """Cut off the user's configuration and cache, but for templates compiled in this run."""
    home = next(_homes)
    for folder in (home, f"{home}/.cache", f"{home}/.cache/uprobekit"):
        os.mkdir(folder)  # noqa: PTH102 - thousands of times
    Path(f"{home}/.cache/uprobekit/templates").symlink_to(_compiled)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("UPROBEKIT_WORKDIR", f"{home}/workdir")
    # how wide help is does not depend on whose terminal it is
    monkeypatch.delenv("COLUMNS", raising=False)


class _Copy:
    """A copy of the program and its templates, which is as it was again after each test.

    It stays where it is: Jinja and Python know again what they have compiled of it.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        for name in ("generator", "templates"):
            # what Python is just writing has a number behind it
            ignore = shutil.ignore_patterns("*.pyc.*")
            shutil.copytree(TESTS.parent / name, place / name, ignore=ignore)
        self._files = self._look()

    def _look(self) -> dict[str, tuple[int, int]]:
        """Return size and time of each file."""
        found = {}
        for folder, _, names in os.walk(self.place):
            for name in names:
                path = Path(folder, name)
                state = path.lstat()
                found[str(path.relative_to(self.place))] = (state.st_size, state.st_mtime_ns)
        return found

    def mend(self) -> None:
        """Let it be as it was."""
        now = self._look()
        for name in now.keys() - self._files.keys():
            (self.place / name).unlink()
        for name, state in self._files.items():
            if now.get(name) != state:
                (self.place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(TESTS.parent / name, self.place / name)


@pytest.fixture(scope="session")
def _copy(tmp_path_factory) -> _Copy:
    return _Copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture
def copied(_copy, monkeypatch) -> Iterator[Path]:
    """Return a copy of ``generator`` and ``templates`` that the test may change."""
    # a second change in the same second would be taken for the first
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    yield _copy.place
    _copy.mend()


@pytest.fixture(scope="session")
def _compiled(tmp_path_factory) -> Path:
    """Return where compiled templates are kept, for this run and all of its processes."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "compiled"
    place.mkdir(exist_ok=True)
    return place


@pytest.fixture
def mini(tmp_path) -> Path:
    """Return a copy of the made-up tree."""
    return Path(shutil.copytree(MINI, tmp_path / "mini"))


@pytest.fixture
def stand_in(tmp_path, monkeypatch) -> Callable[[str, str], None]:
    """Return a function that installs a shell script as a program: its name, and what it does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def install(program: str, body: str) -> None:
        script = folder / program
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)

    return install


def wait_until(holds):
    """Wait for something, not for ever."""
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("waited for half a minute")


@pytest.fixture
def fake(monkeypatch):
    """Make the program know the made-up base and series only."""
    import fake_base

    from generator.render import env

    fake_base.install(monkeypatch)
    yield fake_base
    env.environment.cache_clear()


@pytest.fixture
def golden(request) -> Callable[[Path, str], None]:
    """Return a function that compares text with an expected file, or rewrites that file."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"{path} is missing: run make golden and look at the result"
        assert text == path.read_bytes().decode()

    return compare


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Path:
    """Return a work area with a result of every command, to be read or copied."""
    from desk_results import make_results

    return make_results(tmp_path_factory.mktemp("results"))


@pytest.fixture
def work(results, tmp_path) -> Path:
    """Return a work area of the test's own, with all results."""
    return Path(shutil.copytree(results, tmp_path / "work"))


@pytest.fixture(scope="session")
def kernel_source(request, tmp_path_factory):
    """Return a function that finds the source of a real base, or skips the test.

    ``$UPROBEKIT_TREE_6_1`` names a tree, and ``$UPROBEKIT_REV_6_1`` a commit of it; Debian's
    package is the other way.
    """
    from generator.errors import UprobekitError
    from generator.plan import find_base
    from generator.tree.acquire import find_source

    work = tmp_path_factory.mktemp("kernel")

    def find(name: str):
        variable = f"UPROBEKIT_TREE_{name.replace('.', '_')}"
        tree, rev = (os.environ.get(each) for each in (variable, variable.replace("TREE", "REV")))
        try:
            return find_source(find_base(name), work, tree=Path(tree) if tree else None, rev=rev)
        except UprobekitError as error:
            pytest.skip(f"NOT TESTED: no source of {name}: {error}; ${variable} can name one")

    return find
