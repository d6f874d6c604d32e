# SPDX-License-Identifier: GPL-2.0-only
"""What machines read: schemas that results fulfil, workflow files that a linter accepts."""

import json
import re
import subprocess
import sys

import jsonschema
import pytest
from conftest import MINI, TESTS
from desk_results import make_results
from makefile import targets as targets_of_make

from generator.cli import main, output
from generator.report import results
from generator.report.schema import RESULTS, _schema, make_schema

ROOT = TESTS.parent
PATCHES = ROOT / "kernel_patches"


@pytest.mark.parametrize("name", RESULTS)
def test_committed(name, golden):
    """docs/schema/ is what the types say: after a change of a result, `make golden`."""
    schema = make_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    golden(ROOT / "docs/schema" / f"{name}.json", json.dumps(schema, indent=1) + "\n")


def validate(name, text):
    """Compare what was printed with the schema."""
    jsonschema.validate(json.loads(text), make_schema(name))


def test_diff(capsys):
    """A comparison that has everything."""
    assert main(["diff", *(str(PATCHES / b / "review") for b in ("6.1", "6.12")), "--json"]) == 1
    validate("diff", capsys.readouterr().out)


@pytest.mark.sweep
def test_report_compare_and_boot(work, tmp_path, capsys, monkeypatch):
    """The report, the comparison, and the boots that are kept."""
    monkeypatch.chdir(ROOT)
    page = str(tmp_path / "x.html")
    assert main(["report", "-o", page, "--workdir", str(work), "--json"]) == 0
    validate("report", capsys.readouterr().out)
    assert main(["compare", "--workdir", str(work), "--json"]) in (0, 2)
    validate("compare", capsys.readouterr().out)
    boots = [json.loads(p.read_text()) for p in (work / "6.1/results").glob("*-plain.json")]
    boots = [data for data in boots if "ktap" in data]
    assert len(boots) == 3
    validate("boot", json.dumps({"format": 1, "boots": boots}))


KEPT = [
    "census",
    "checkpatch",
    "clients",
    "corpus",
    "cost",
    "coverage",
    "mutate",
    "patches",
    "review",
    "scaling",
    "schedules",
    "soak",
    "states",
]
KEPT += ["verdicts", "verify"]


@pytest.fixture(scope="module")
def talkative(tmp_path_factory):
    """Return a work area in which every tool has said something."""
    return make_results(tmp_path_factory.mktemp("talkative"), said="words")


@pytest.mark.parametrize("name", KEPT)
def test_kept_results(name, talkative):
    """What is kept is what --json prints, and more."""
    validate(name, (talkative / f"6.1/results/{name}.json").read_text())


def test_status(results, tmp_path, capsys):
    """A work area with results, and one without."""
    for area in (results, tmp_path / "none"):
        assert main(["status", "--workdir", str(area), "--json"]) == 0
        validate("status", capsys.readouterr().out)


def test_drift(fake, tmp_path, capsys):
    """The check of committed patches."""
    arguments = ["render", "--tree", str(MINI), "-o", str(tmp_path / "out")]
    assert main(arguments) == 0
    capsys.readouterr()
    assert main([*arguments, "--check", "--json"]) == 0
    validate("drift", capsys.readouterr().out)


@pytest.mark.parametrize("change", [{"format": 2}, {"rows": 3}, {"rows": [{}]}, {"passed": "x"}])
def test_a_schema_refuses(change, results):
    """What is of another version or of another type is no result."""
    data = json.loads((results / "6.1/results/compare-plain.json").read_text())
    jsonschema.validate(data, make_schema("compare"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, **change}, make_schema("compare"))


@pytest.mark.parametrize("hint", [object, complex, bytes, list])
def test_a_type_without_a_form(hint):
    """A result that JSON cannot hold is noticed when its schema is made."""
    with pytest.raises(TypeError, match="has no form in JSON"):
        _schema(hint, {})


def test_every_result_has_a_version(capsys, tmp_path):
    """One number for all."""
    assert output.FORMAT == results.FORMAT
    assert main(["status", "--json", "--workdir", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == results.FORMAT


WORKFLOWS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}


def lint(name, path):
    """Return what the linter says about a workflow file; it asks no network."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", WORKFLOWS[name]]
    command += ["--data-transform", "gitlab-ci"] if name == "gitlab" else []
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow(name):
    """The linter accepts it, and it runs targets that are there."""
    path = ROOT / "examples/ci" / f"{name}.yml"
    done = lint(name, path)
    assert done.returncode == 0, done.stdout + done.stderr
    targets = {
        target
        for line in re.findall(r"make ((?:[a-z-]+ )+)BASE=", path.read_text())
        for target in line.split()
    }
    assert {"qemu-test", "report"} <= targets
    assert targets <= targets_of_make()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("github", "runs-on:", "runs_on:"),
        ("github", "steps:", "step:"),
        ("github", "timeout-minutes: 120", "timeout-minutes: [1]"),
        ("gitlab", "script:\n    - make", "script:\n    make: x\n    - make"),
        ("gitlab", "when: always", "when: perhaps"),
        ("gitlab", "  script:\n", "  scripts:\n"),
    ],
)
def test_the_linter_notices(name, old, new, tmp_path):
    """A mistake in a workflow file is one for the linter."""
    text = (ROOT / "examples/ci" / f"{name}.yml").read_text()
    assert old in text
    path = tmp_path / "x.yml"
    path.write_text(text.replace(old, new, 1))
    assert lint(name, path).returncode != 0
