# SPDX-License-Identifier: GPL-2.0-only
"""The stages import in one direction only; the leaves are for everybody."""

import ast
import re
from pathlib import Path

import pytest
from conftest import TESTS, statements

PACKAGE = TESTS.parent / "generator"
STAGES = (
    *("model", "plan", "render", "csource", "tree", "patches", "kbuild", "guest", "checks"),
    *("report", "cli"),
)
LEAVES = {
    "errors": set(),
    "jsonfile": {"paths"},
    "later": set(),
    "paths": {"errors"},
    "progress": set(),
    "text": set(),
    "tools": {"errors"},
    "workers": set(),
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def stage_of(path: Path) -> str:
    """Return the stage or leaf that a file belongs to; "" for the package itself."""
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if name in ("__init__", "__main__") else name


def imports_of(path: Path) -> set[str]:
    """Return the stages and leaves that a file imports, inside of functions as well."""
    package = ("generator", *path.relative_to(PACKAGE).parts[:-1])
    found: set[str] = set()
    for node in statements(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module or "") if part)
            names = [module]
            if module == "generator":
                names = [f"generator.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("generator.")}
    return found - {"__version__"}


def test_no_import_goes_back():
    """A module imports its own stage, those before it, and leaves."""
    allowed = {stage: {*STAGES[: n + 1], *LEAVES} for n, stage in enumerate(STAGES)} | LEAVES
    used = {path: (stage_of(path), imports_of(path)) for path in MODULES}
    back = {
        str(path.relative_to(PACKAGE)): found - allowed[stage]
        for path, (stage, found) in used.items()
        if stage and found - allowed[stage]
    }
    assert not back and len(used) > 300


def test_every_module_has_a_stage():
    """A new folder has to be put into the order."""
    assert {stage_of(path) for path in MODULES} - {""} == set(STAGES) | set(LEAVES)


def test_tests_stand_where_what_they_test_does():
    """A folder of tests is one of the package; above them stands what is for no one package."""
    root = {"call_at_nop", "ci_examples", "imports", "one_place", "quotations", "sizes"}
    root |= {path.stem for path in [*TESTS.glob("*.py"), *PACKAGE.glob("*.py")]}
    root |= {path.stem.removeprefix("run_") for path in TESTS.glob("run_*.py")}
    names = [path.name for path in TESTS.rglob("test_*.py")]
    assert len(names) == len(set(names)) > 60, "pytest imports each by its name alone"
    for path in TESTS.rglob("test_*.py"):
        folder = PACKAGE / path.parent.relative_to(TESTS)
        assert any(folder.glob("*.py")), path
        assert folder != PACKAGE or path.stem.removeprefix("test_") in root, path


STARTS = {"run", "call", "check_call", "check_output", "getoutput", "getstatusoutput", "Popen"}
DOORS = {
    "tools.py": "all others",
    "guest/vm.py": "QEMU, in asyncio",
    "kbuild/runner.py": "what tuxmake runs, line by line",
    "cli/output.py": "the pager, which has the terminal",
}


def starts_programs(text: str) -> bool:
    """Tell whether a module starts a program, in any of Python's ways."""
    asks = re.search(r"\b(?:subprocess|os|asyncio)\b", text)
    for node in ast.walk(ast.parse(text)) if asks else ():
        if isinstance(node, ast.ImportFrom) and node.module == "subprocess":
            if STARTS & {alias.name for alias in node.names}:
                return True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            name = node.func.attr
            if (of == "subprocess" and name in STARTS) or name.startswith("create_subprocess_"):
                return True
            if of == "os" and name.startswith(("exec", "spawn", "posix_spawn", "popen", "system")):
                return True
    return False


def test_programs_are_started_in_one_place():
    """The exceptions are those that the docstring of the one door names."""
    found = {
        str(path.relative_to(PACKAGE)) for path in MODULES if starts_programs(path.read_text())
    }
    assert found == set(DOORS)
    said = ast.get_docstring(ast.parse((PACKAGE / "tools.py").read_text()))
    assert said and all(word in said for word in ("guest.vm", "kbuild.runner", "pager"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import subprocess\nsubprocess.run(['true'])", True),
        ("from subprocess import Popen", True),
        ("import os\nos.execv('/bin/true', [])", True),
        ("import asyncio\nasyncio.create_subprocess_shell('true')", True),
        ("import subprocess\nsubprocess.PIPE", False),
        ("from generator import tools\ntools.run(['true'])", False),
    ],
)
def test_starts_are_seen(text, found):
    """Every way to start a program is seen."""
    assert starts_programs(text) is found


def test_the_model_is_pure():
    """The model and the plan read no file, start no program and render nothing."""
    allowed = {"__future__", "collections", "dataclasses", "enum", "functools", "typing"}
    allowed |= {"generator"}
    # modules of bases and of series are found by their names, as an import statement finds one
    finding = {f"{of}/__init__.py": {"importlib", "pkgutil"} for of in ("bases", "series")}
    for path in [*(PACKAGE / "model").rglob("*.py"), PACKAGE / "plan.py"]:
        more = finding.get(f"{path.parent.name}/{path.name}", set())
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "generator"]
            assert {name.split(".")[0] for name in names} <= allowed | more, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "eval", "exec", "print"), path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import generator.guest.boot", {"guest"}),
        ("from generator.report import table", {"report"}),
        ("from generator import plan", {"plan"}),
        ("def f():\n    from generator.cli import main", {"cli"}),
        ("from ..kbuild import kernel", {"kbuild"}),
        ("from . import decl", {"model"}),
        ("import json", set()),
    ],
)
def test_the_test_itself(text, found, monkeypatch, tmp_path):
    """Every way to write an import is seen."""
    place = tmp_path / "model" / "x.py"
    place.parent.mkdir()
    place.write_text(text)
    monkeypatch.setattr("test_imports.PACKAGE", tmp_path)
    assert imports_of(place) == found
