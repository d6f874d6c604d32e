# SPDX-License-Identifier: GPL-2.0-only
"""The manual page and the completion: what --help says, in a form that others read."""

import os
import re
import shlex
import subprocess
import sys
import zipfile

import pytest
import typer
from conftest import TESTS

from generator.cli import main
from generator.cli.app import app, command_line
from generator.cli.manual import MANUAL, SHELLS, completion_script, manual_page

ROOT = TESTS.parent
COMMANDS = sorted(command.name or command.callback.__name__ for command in app.registered_commands)


needs_groff = pytest.mark.needs("groff", "-man", "-Tutf8", given=".TH x 1\nprobe\n", says="probe")


@pytest.fixture
def program(tmp_path):
    """Return a folder with the program in it, as it is called after its installation."""
    path = tmp_path / "bin" / "uprobekit"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m generator "$@"\n')
    path.chmod(0o755)
    return path.parent


def run(command, program, **options):
    """Run a shell that finds the program."""
    environment = {**os.environ, "PATH": f"{program}:{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_installed_files_are_current(golden):
    """share/ has what the program prints: after a change of a command, `make golden`."""
    golden(ROOT / "share" / MANUAL, manual_page())
    for shell, place in SHELLS.items():
        golden(ROOT / "share" / place, completion_script(shell))


def test_manual_has_every_command():
    """Every command with every option, in the words of --help."""
    page = manual_page()
    for name in COMMANDS:
        assert f".SS uprobekit {name.replace('-', chr(92) + '-')} " in page, name
    for option in ("color", "no-pager", "accel", "workdir", "dry-run"):
        assert "\\-\\-" + option.replace("-", "\\-") in page
    assert "different" in page and "UPROBEKIT_WORKDIR" in page


def shown(name, capsys):
    """Return what --help prints."""
    assert main([name, "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_everything_is(name, capsys):
    """Each argument and each option is explained, once."""
    text = shown(name, capsys)
    assert len(re.findall("(?i)arguments:", text)) <= 1
    # lines are broken at hyphens, too
    text = "".join(text.split())
    for param in command_line().commands[name].params:
        said = "".join((param.help or "").split())
        assert said, param.name
        once = param.param_type_name == "argument"
        assert text.count(said) == 1 if once else said in text, param.name


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(name, capsys):
    """On one line, to be copied; with arguments that the command takes."""
    found = re.findall(r"^  Example: (.*)$", shown(name, capsys), re.M)
    assert len(found) == 1, found
    line = found[0].partition(" | ")[0].partition(" > ")[0].rpartition(" && ")[2]
    program, command, *words = shlex.split(line)
    assert (program, command) == ("uprobekit", name)
    group = command_line()
    # the names of the help option are the group's, and click keeps them once they were asked for
    parent = typer.Context(group, info_name="uprobekit", **group.context_settings)
    group.commands[name].make_context(name, words, parent=parent)


@needs_groff
def test_manual_without_warnings():
    """Nothing that groff would complain about."""
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"],
        input=manual_page(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and done.stderr == ""


@needs_groff
@pytest.mark.needs("man", "-l", "-", given=".TH x 1\nprobe\n", says="probe")
def test_manual_as_it_is_read(tmp_path):
    """What man shows has the lines of --help."""
    page = tmp_path / "uprobekit.1"
    page.write_text(manual_page())
    environment = {**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["man", "-l", str(page)], capture_output=True, text=True, check=True, env=environment
    )
    text = " ".join(re.sub(".\b", "", done.stdout).split())
    for word in ("NAME", "SYNOPSIS", "uprobekit diff", "--level [interface|patches|tree]"):
        assert word in text
    assert "uprobekit - the 2012 uprobes series as a model" in text


@pytest.mark.parametrize("shell", SHELLS)
def test_command(shell, capsys):
    """The program prints them."""
    assert main(["manual", "--shell", shell]) == 0
    assert capsys.readouterr().out == completion_script(shell)
    assert main(["manual"]) == 0
    assert capsys.readouterr().out == manual_page()


@pytest.mark.parametrize("shell", ["tcsh", "", "bash zsh"])
def test_no_such_shell(shell, capsys):
    """Another shell is an error of the user's."""
    assert main(["manual", "--shell", shell]) == 1
    assert "is not one of" in capsys.readouterr().err


WORDS = [
    (("re",), {"render", "report", "review"}),
    (("diff", "--l"), {"--level"}),
    (("render", "--base", ""), {"6.1", "6.12"}),
    (("build", "--toolchain", ""), {"gcc", "clang"}),
    (("no-such-command", "--x"), set()),
]


@pytest.mark.sweep
@pytest.mark.needs("bash")
@pytest.mark.parametrize(("words", "wanted"), WORDS)
def test_bash(words, wanted, program):
    """A real bash offers them."""
    script = (
        f"source {ROOT / 'share' / SHELLS['bash']}\n"
        f'COMP_WORDS=(uprobekit "$@"); COMP_CWORD={len(words)}\n'
        "_uprobekit_completion uprobekit\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    out = run(["bash", "--norc", "-c", script, "bash", *words], program)
    assert set(out.split()) >= wanted and bool(out.split()) == bool(wanted)


@pytest.mark.sweep
@pytest.mark.needs("fish")
@pytest.mark.parametrize(("words", "wanted"), WORDS)
def test_fish(words, wanted, program):
    """A real fish offers them."""
    line = " ".join(["uprobekit", *words])
    script = f"source {ROOT / 'share' / SHELLS['fish']}; complete -C '{line}'"
    out = run(["fish", "--no-config", "-c", script], program)
    assert {row.split("\t")[0] for row in out.splitlines()} >= wanted


@pytest.mark.sweep
@pytest.mark.needs("zsh")
def test_zsh(program, tmp_path):
    """A real zsh loads it by name, and completes at once."""
    script = f"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=READY; fpath=({ROOT / "share/zsh/site-functions"} $fpath); autoload -Uz compinit'
zpty -w z 'compinit -u -d {tmp_path}/dump'
zpty -w z $'echo DO\'\'NE'
zpty -r z line '*DONE*'
zpty -n -w z $'uprobekit revi\\t'
for i in {{1..100}}; do
  sleep 0.2
  zpty -r -t z piece && line+=$piece
  [[ $line == *revi*ew* ]] && break
done
print -r -- $line
"""
    environment = {**os.environ, "PATH": f"{program}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["zsh", "-f", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert re.search("revi.*ew", done.stdout, re.S), (done.stdout, done.stderr)


def test_the_package_installs_them():
    """What the build is told to install is there."""
    import tomllib

    data = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shared = data["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {"share": "share"}
    assert all((ROOT / "share" / place).is_file() for place in (MANUAL, *SHELLS.values()))


def test_in_the_wheel(tmp_path, monkeypatch):
    """A wheel has them in its data, and the pages of the report beside the code."""
    hatchling = pytest.importorskip("hatchling.build", reason="NOT TESTED: no hatchling here")
    monkeypatch.chdir(ROOT)
    name = hatchling.build_wheel(str(tmp_path))
    names = zipfile.ZipFile(tmp_path / name).namelist()
    for place in (MANUAL, *SHELLS.values()):
        assert any(found.endswith(f".data/data/share/{place}") for found in names), place
    assert "generator/report/pages/report.html.j2" in names
