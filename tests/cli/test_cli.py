# SPDX-License-Identifier: GPL-2.0-only
"""The command line: exit status, what goes to stdout, and what is never done."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from conftest import MINI, TESTS
from desk_results import make_results

from generator import __version__
from generator.cli import main, output
from generator.cli.app import app, command_line
from generator.cli.groups import GROUPS
from generator.errors import UserError
from generator.kbuild.config import all_flavours
from generator.model.bases import BASES
from generator.model.series import SERIES
from generator.patches.change import sides

COMMANDS = sorted(command.name or command.callback.__name__ for command in app.registered_commands)
ROOT = TESTS.parent


def run(*arguments, env=None, **options):
    """Run the program as a user does, its output in a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "generator", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        timeout=60,
        check=False,
        **options,
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command, capsys):
    """Every command explains itself and its options, and ends well."""
    assert main([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert f"Usage: uprobekit {command}" in out and "--help" in out
    assert not err


def test_help_of_the_program():
    """The top lists every command and says what the exit status means."""
    done = run("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)
    assert "Exit status" in done.stdout
    assert "\x1b" not in done.stdout


def test_every_command_is_in_one_group():
    """The list has each command once, with the first words of its own help."""
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(COMMANDS)
    rows = run("--help").stdout.splitlines()
    for name in COMMANDS:
        (row,) = (row for row in rows if row.split()[:1] == [name])
        said = command_line().commands[name].help.split()
        assert row.split()[1:5] == said[:4], name


def test_every_flavour_is_told():
    """In the help and to the shell: each that has a configuration."""
    said = " ".join(run("build", "--help").stdout.split())
    assert f"{', '.join(all_flavours()[:-1])} or {all_flavours()[-1]}." in said
    (option,) = (p for p in command_line().commands["build"].params if p.name == "flavour")
    offered = option.shell_complete(typer.Context(command_line()), "")
    assert [item.value for item in offered] == list(all_flavours())


def test_version():
    """The version alone, on stdout."""
    assert run("--version").stdout == f"uprobekit {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "nonsense"),
        (["render", "--nonsense"], "--nonsense"),
        (["render", "--base", "9.9"], "there is no base '9.9'; the bases are: 6.1"),
        (["render", "--series", "other", "--tree", MINI], "there is no series 'other'"),
        (["render", "--flavour", "nope"], "no configuration 'nope'; there are: plain"),
        (["status", "--flavour", "base"], "there is no configuration 'base'"),
        (["render", "--tree", "/nonexistent"], "/nonexistent: there is no such directory"),
        (["render", "--rev", "v6.1"], "--rev needs --tree"),
        (["render", "--base", "6.12", "--tree", MINI], "this is Linux 6.1.7"),
        (["render", "--tree", MINI, "--jobs", "3"], "--jobs"),
        (["build", "--jobs", "many"], "'--jobs'"),
        (["render", "--tree", ROOT / "tests"], "git repository"),
        (["boot", "--base", "9.9"], "there is no base '9.9'"),
        (["status", "--base", "9.9"], "there is no base '9.9'"),
        (["checkpatch", "--tree", MINI], "kernel/events/uprobes.c"),
    ],
)
def test_wrong_input(arguments, words, capsys):
    """What the user got wrong is said on stderr, in one place, with status 1."""
    status = main([str(word) for word in arguments])
    out, err = capsys.readouterr()
    assert status == 1, err
    assert words in " ".join(err.split())
    assert not out


def test_no_arguments():
    """Nothing asked for: the help, and not success."""
    done = run()
    assert done.returncode == 1
    assert "Usage: uprobekit" in done.stdout + done.stderr


def test_render(fake, tmp_path, capsys, monkeypatch):
    """Patches are written where they belong, and a second run finds nothing to do."""
    monkeypatch.chdir(tmp_path)
    arguments = ["render", "--tree", str(MINI), "--json"]
    assert main(arguments) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["source"] == "6.1.7"
    assert len(first["patches"]) == 4 and len(first["written"]) == 6
    assert sorted(contents(tmp_path / "kernel_patches/6.1/review")) == sorted(first["written"])
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["written"] == []


def test_drift(fake, tmp_path, capsys):
    """A patch that was edited by hand is named, with status 2, and stays as it is."""
    output = ["--tree", str(MINI), "--output", str(tmp_path / "out")]
    assert main(["render", *output]) == 0
    assert main(["render", "--check", *output]) == 0
    patch = tmp_path / "out" / "0002-mini-Add-added_shape.patch"
    patch.write_text(patch.read_text().replace("return 0;", "return 1;"))
    before = contents(tmp_path / "out")
    capsys.readouterr()
    assert main(["render", "--check", "--json", *output]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["changed"] == [patch.name]
    assert json.loads(out)["clean"] is False
    assert f"differs: {patch.name}" in err and "make series" in err
    assert contents(tmp_path / "out") == before


def test_a_file_in_the_place_of_the_patches(fake, tmp_path, capsys):
    """The option that says where they go is the one to change."""
    (tmp_path / "out").write_text("mine\n")
    assert main(["render", "--tree", str(MINI), "-o", str(tmp_path / "out")]) == 1
    assert "out: cannot create the directory: File exists; choose another place with --output" in (
        capsys.readouterr().err
    )


def test_quiet(fake, tmp_path, capsys):
    """With --quiet stderr is empty and the result is still there."""
    arguments = ["render", "--tree", str(MINI), "-o", str(tmp_path / "out"), "--quiet"]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "3 patches for Linux 6.1.7" in out
    assert err == ""


@pytest.mark.parametrize("command", ["build", "boot", "qemu-test"])
def test_dry_run(command, fake, tmp_path, capsys, monkeypatch):
    """Commands are printed as one JSON document; nothing runs, the work area is not even made."""
    import generator.kbuild.kernel as kernel

    monkeypatch.setattr(kernel.toolchain, "find_compiler", lambda name: kernel_compiler())
    work = tmp_path / "work"
    tree = [] if command == "boot" else ["--tree", str(MINI)]
    arguments = [command, "--dry-run", "--json", "--workdir", str(work), *tree]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    commands = json.loads(out)["commands"]
    assert err == ""
    wanted = {"build": 2, "boot": 3, "qemu-test": 5}[command]
    assert len(commands) == wanted
    assert sum("qemu-system-x86_64" in row for row in commands) == (command != "build") * 2
    assert not work.exists()


@pytest.mark.parametrize("command", ["build", "boot"])
def test_each_series_has_a_place_of_its_own(command, fake, tmp_path, capsys, monkeypatch):
    """Two that are built at the same time do not take each other's source, however it is asked."""
    monkeypatch.setattr("generator.plan.SERIES", (fake.SERIES, fake.SMALL))
    monkeypatch.setattr("generator.render.env.SERIES", (*SERIES, fake.SERIES, fake.SMALL))
    find = "generator.kbuild.kernel.toolchain.find_compiler"
    monkeypatch.setattr(find, lambda name: kernel_compiler())
    tree = [] if command == "boot" else ["--tree", str(MINI)]
    places = []
    for words in ([], ["tip"], ["tip", "--series", "small"], ["--series", "small"]):
        work = ["--workdir", str(tmp_path / "work")]
        assert main([command, "--dry-run", "--json", *work, *tree, *words]) == 0
        said = json.dumps(json.loads(capsys.readouterr().out)["commands"])
        places.append(set(re.findall(rf"{tmp_path}/work/6\.1/(\w+)/", said)))
    assert places == [{"baseline", "tip"}, {"tip"}, {"small"}, {"small"}]


def kernel_compiler():
    """Return a compiler without looking for one."""
    from types import SimpleNamespace

    return SimpleNamespace(name="gcc", version="12")


def test_what_the_main_job_does_can_be_asked_first(tmp_path, capsys):
    """On a machine that has nothing yet, where somebody would ask."""
    assert main(["qemu-test", "--dry-run", "--workdir", str(tmp_path / "work")]) == 0
    said = capsys.readouterr().out
    assert "get       linux-source-6.1" in said
    assert "on 2 cores" in said or " cores; files go to" in said
    assert "give one with --tree" in said
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--base", "6.19"], "the base 6.19 names no package of Debian; give a source with --tree"),
        (["--workdir", "/dev/null/work"], "/dev/null/work/6.1: cannot create the directory"),
    ],
)
def test_what_cannot_begin_is_not_announced(words, said, stand_in, tmp_path, monkeypatch, capsys):
    """Before the lines about what will be done, which would not be true."""
    stand_in("qemu-system-x86_64", "exit 9")
    monkeypatch.setenv("UPROBEKIT_WORKDIR", str(tmp_path / "work"))
    assert main(["qemu-test", *words]) == 1
    error = capsys.readouterr().err
    assert error.startswith("uprobekit: error: ") and said in error


def test_dry_run_without_a_source(tmp_path, capsys):
    """Debian's package is not unpacked for a dry run."""
    assert main(["build", "--dry-run", "--workdir", str(tmp_path / "work")]) == 1
    assert "before it is unpacked" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def test_status_of_nothing(tmp_path, capsys):
    """An empty work area is no error, and is not made."""
    assert main(["status", "--json", "--workdir", str(tmp_path / "work")]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["before_after"] == "not compared"
    assert data["variants"]["tip"] == {"kernel": "not built", "boot": "not booted"}
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("typed", "said"), [("a b/uprobekit", "'a b/uprobekit'"), ("-c", "uprobekit")]
)
def test_a_hint_works_as_it_is_printed(typed, said, monkeypatch, capsys):
    """As the user has started us: in a clone our name alone is not found."""
    monkeypatch.setattr(sys, "argv", [typed])
    monkeypatch.setattr(output.shutil, "which", lambda name: None)
    output.Screen().error(UserError("not built", hint="run: uprobekit build"))
    assert f"run: {said} build\n" in capsys.readouterr().err
    monkeypatch.setattr(output.shutil, "which", lambda name: typed)
    assert output.program() == "uprobekit"


def test_a_baseline_that_fails_as_it_must(tmp_path, capsys):
    """Its status does not sound like a fault."""
    work = make_results(tmp_path / "work")
    assert main(["status", "--json", "--workdir", str(work)]) == 0
    assert json.loads(capsys.readouterr().out)["variants"]["baseline"]["boot"] == "as announced"


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"passed": "perhaps"}', "\xff"])
def test_status_of_garbage(tmp_path, capsys, text):
    """Files that cannot be read count as not there."""
    results = tmp_path / "6.1" / "results"
    results.mkdir(parents=True)
    (results / "compare-plain.json").write_bytes(text.encode("latin-1"))
    (tmp_path / "6.1" / "source.json").write_bytes(text.encode("latin-1"))
    assert main(["status", "--json", "--workdir", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["before_after"] == "not compared"


def test_boot_without_a_kernel(tmp_path, capsys, monkeypatch):
    """The message says which command builds it."""
    monkeypatch.setattr("generator.cli.booting.guest", lambda *_, **__: tmp_path / "x")
    assert main(["boot", "--workdir", str(tmp_path), "tip"]) == 1
    assert "run: uprobekit build --base 6.1 tip" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("tree", ["directory", "git"])
def test_without_git(tree, tmp_path):
    """A missing tool is named, with status 3, whatever kind the source is."""
    empty = tmp_path / "bin"
    empty.mkdir()
    options = ["--rev", "HEAD"] if tree == "git" else []
    done = run(
        *("render", "--tree", MINI, *options, "--workdir", tmp_path / "work"),
        *("--output", tmp_path / "out"),
        env={"PATH": str(empty)},
    )
    # the real base does not fit the made-up tree; only its first file needs no git
    assert done.returncode == (3 if tree == "git" else 1), done.stderr
    assert "Traceback" not in done.stderr
    if tree == "git":
        assert "git cannot be run" in done.stderr and "apt-get install git" in done.stderr


def test_without_git_for_the_series(fake, tmp_path, monkeypatch, capsys):
    """The same where only the commits need git."""
    monkeypatch.setenv("PATH", str(tmp_path))
    arguments = ["render", "--tree", str(MINI), "--output", str(tmp_path / "out")]
    assert main(arguments) == 3
    assert "git" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_error_of_the_machine(fake, tmp_path, monkeypatch, capsys):
    """A full disk is no traceback."""
    import errno

    def fail(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/some/file")

    monkeypatch.setattr("generator.tree.series.tempfile.TemporaryDirectory", fail)
    assert main(["render", "--tree", str(MINI), "--output", str(tmp_path / "out")]) == 3
    assert "/some/file: No space left on device" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_interrupted(fake, tmp_path, monkeypatch, capsys):
    """Control-C says how to go on; nothing is written."""

    def interrupt(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("generator.tree.series._make_commits", interrupt)
    assert main(["render", "--tree", str(MINI), "--output", str(tmp_path / "out")]) == 3
    assert "interrupted" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_reader_goes_away():
    """A closed pipe, as of head, is no error and no traceback."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "generator", "status"],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=60,
            check=False,
        )
    finally:
        os.close(write)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("force", [{}, {"TERM": "xterm-256color"}, {"NO_COLOR": "1"}])
def test_no_escape_codes_in_a_pipe(force):
    """Output that is no terminal's is plain text, errors included."""
    done = run("render", "--base", "9.9", env=force)
    names = ", ".join(base.name for base in BASES)
    assert done.stderr == f"uprobekit: error: there is no base '9.9'; the bases are: {names}\n"


def test_what_takes_long_says_so(monkeypatch, capsys):
    """After a while, once, on stderr; what is done at once says nothing."""
    screen = output.Screen(as_json=True)
    with screen.patience("never"):
        pass
    monkeypatch.setattr(output, "PATIENCE", 0.01)
    with screen.patience("reading"):
        time.sleep(0.5)
    assert capsys.readouterr() == ("", "reading\n")
    with output.Screen(quiet=True).patience("reading"):
        time.sleep(0.3)
    assert capsys.readouterr() == ("", "")


def test_a_comparison_is_not_silent(monkeypatch, capsys):
    """A side that has to be rendered first is named while that is done."""

    def slow(name, request):
        time.sleep(0.5)
        raise UserError("no side", where=name)

    monkeypatch.setattr(sides, "read_side", slow)
    monkeypatch.setattr(output, "PATIENCE", 0.01)
    assert main(["diff", "6.1", "6.12"]) == 2
    assert "6.1: reading" in capsys.readouterr().err
