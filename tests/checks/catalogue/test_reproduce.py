# SPDX-License-Identifier: GPL-2.0-only
"""``reproduce``: a fault as one C file and one script; ``make check-reproducers`` runs them."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import run_reproducers
from conftest import wait_until

from generator.checks.catalogue.reproduce import SCRIPT, reproducer, sources
from generator.cli.app import main
from generator.model.catalogue import CATALOGUE, Kind
from generator.render.catalogue_page import catalogue_page

FAULTS = {entry.ident for entry in CATALOGUE if entry.kind is Kind.FAULT}
PROGRAMS = sorted(sources())


def test_programs_are_of_faults():
    """Each has its name from an entry; there are enough of them."""
    assert set(PROGRAMS) <= FAULTS
    assert len(PROGRAMS) >= 15


def test_the_page_says_for_which_there_are_programs():
    """Whoever reads of a fault need not try which names the command takes."""
    page = catalogue_page()
    sections = {part.split("\n", 1)[0]: part for part in page.split("\n### ")[1:]}
    named = [name for name, text in sections.items() if f"reproduce {name} -o" in text]
    assert sorted(named) == PROGRAMS


@pytest.mark.parametrize("ident", PROGRAMS)
def test_two_files_below_a_hundred_lines(ident, tmp_path, capsys):
    """One C file and one script, which is all that is written."""
    place = tmp_path / "new" / "folder"
    assert main(["reproduce", ident, "-o", str(place)]) == 0
    assert sorted(path.name for path in place.iterdir()) == sorted([f"{ident}.c", SCRIPT])
    assert sum(text.count("\n") for text in reproducer(ident).values()) < 100
    assert str(place / f"{ident}.c") in capsys.readouterr().out
    # and again
    assert main(["reproduce", ident, "-o", str(place)]) == 0


@pytest.mark.sweep
@pytest.mark.parametrize("ident", PROGRAMS)
def test_it_compiles_and_says_where(ident, tmp_path):
    """As run.sh compiles it; the place is one of the file."""
    program = tmp_path / ident
    flags = [*run_reproducers.FLAGS, *run_reproducers.flags_of(sources()[ident])]
    command = ["gcc", "-Wall", "-Werror", *flags, "-o", program, sources()[ident]]
    subprocess.run(command, check=True)
    said = subprocess.run([program, "where"], capture_output=True, text=True, check=True).stdout
    match = re.fullmatch(
        r"[pr] (0x[0-9a-f]+)(?:\(0x[0-9a-f]+\))? (runs|refused|unmapped|either)\n", said
    )
    assert 0 < int(match[1], 16) < program.stat().st_size


def test_an_edited_program_is_compiled_again(tmp_path, stand_in):
    """What somebody has changed runs, and not what was compiled before; a program alone is kept."""
    assert main(["reproduce", "pushf", "-o", str(tmp_path)]) == 0
    # stands for a compiler on a machine where nothing may be probed: it makes what fails
    stand_in("gcc", f'echo "$@" >>{tmp_path}/calls; exit 1')
    stand_in("mount", "exit 1")
    program, source = tmp_path / "pushf", tmp_path / "pushf.c"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)

    def run(newer: int) -> str:
        os.utime(source, (1000, 1000))
        os.utime(program, (1000 + newer, 1000 + newer))
        command = ["sh", str(tmp_path / SCRIPT)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    assert "it does not compile" in run(-1)
    for newer in (0, 1):
        assert "it does not compile" not in run(newer)
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("folder", "user", "said"),
    [
        ("with blanks", 0, "cannot tell: the path of a probe has no blanks"),
        ("x", 1000, "cannot tell: only root may define a probe"),
    ],
)
def test_what_the_script_cannot_do(folder, user, said, tmp_path, stand_in):
    """It says why, and not that the kernel is to blame."""
    place = tmp_path / folder
    assert main(["reproduce", "pushf", "-o", str(place)]) == 0
    stand_in("id", f"echo {user}")
    stand_in("mount", "exit 1")
    stand_in("gcc", f"printf '#!/bin/sh\\n' >'{place}/pushf'; chmod +x '{place}/pushf'")
    done = subprocess.run(["sh", place / SCRIPT], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (f"pushf: {said}\n", 2)


PROGRAM = """\
#!/bin/sh
[ "$1" != where ] || echo p 0x1 runs
[ -z "$2" ] || {{ echo $$ >{}/holder; exec sleep 600; }}
"""


@pytest.fixture
def traced(tmp_path, stand_in):
    """Return a script in whose system everything can be written, and its folder of traces."""
    assert main(["reproduce", "pushf", "-o", str(tmp_path)]) == 0
    trace, script = tmp_path / "tracing", tmp_path / SCRIPT
    (trace / "instances").mkdir(parents=True)
    (trace / "uprobe_events").touch()
    script.write_text(script.read_text().replace("/sys/kernel/tracing", str(trace)))
    stand_in("id", "echo 0")
    program = tmp_path / "pushf"
    program.write_text(PROGRAM.format(tmp_path))
    program.chmod(0o755)
    return script, trace


def test_two_runs_at_once(traced):
    """They would take each other's probe: the second says so, and takes nothing away."""
    script, trace = traced
    (trace / "instances/reproduce").mkdir()
    done = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "cannot tell: another run is there" in done.stdout
    assert (trace / "instances/reproduce").is_dir() and not (trace / "uprobe_events").read_text()


def test_a_run_that_is_stopped(traced):
    """Its probe is taken away, and nothing of it goes on."""
    script, trace = traced
    with subprocess.Popen(["sh", script], stdout=subprocess.PIPE, text=True) as run:
        while not (holder := script.with_name("holder")).exists() or not holder.read_text():
            assert run.poll() is None
        run.terminate()
        said = run.communicate()[0]
    assert (run.returncode, said) == (2, "pushf: cannot tell: it was stopped\n")
    assert (trace / "uprobe_events").read_text().endswith("-:reproduce/e\n")
    assert not (trace / "instances/reproduce").exists()
    wait_until(lambda: not Path("/proc", holder.read_text().strip()).exists())


@pytest.mark.parametrize(
    ("word", "error", "said"),
    [
        ("runs", "Unknown error 524", "cannot tell: the probe cannot be armed: Unknown error 524"),
        ("refused", "Unknown error 524", "not affected: it is refused"),
        ("either", "Operation not supported", "not affected: it is refused"),
        ("either", "Input/output error", "cannot tell: the probe cannot be armed: Input/output"),
        ("refused", "", "affected: the probe is not refused"),
        ("either", "", "not affected"),
        ("runs", "", "not affected"),
    ],
)
def test_an_instruction_that_is_refused(word, error, said, traced):
    """That is the fault's end for some, and nothing for those whose program has to run."""
    script, _ = traced
    program = script.with_name("pushf")
    program.write_text(program.read_text().replace("runs", word))
    # stands for what writes to a file that is not there
    script.with_name("echo").write_text(f"echo 'echo: write error: {error}'; [ -z '{error}' ]\n")
    text = script.read_text().replace("/bin/echo", f"sh {script.with_name('echo')}")
    script.write_text(text.replace(">$own/events/reproduce/enable);", ");"))
    done = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert f"pushf: {said}" in done.stdout


def test_a_slow_machine_is_no_fault(traced):
    """How long a program takes says nothing, but for the time that it computes."""
    script, _ = traced
    text = script.read_text()
    seconds = [int(number) for number in re.findall(r"timeout -k 1 (\d+)", text)]
    assert len(seconds) == 2 and min(seconds) >= 60
    program = script.with_name("pushf")
    program.write_text("#!/bin/sh\nwhile :; do :; done\n")
    script.write_text(text.replace("ulimit -t 5", "ulimit -t 1"))
    done = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert "without a probe it ends with status 137" in done.stdout


def test_a_probe_that_cannot_be_armed(traced):
    """Only a refusal of the instruction is a verdict."""
    script = traced[0]
    program = script.with_name("pushf")
    program.write_text(program.read_text().replace("runs", "refused"))
    done = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "cannot tell: the probe cannot be armed" in done.stdout


def test_what_to_run_can_be_pasted(tmp_path, capsys):
    """Whatever the folder is called."""
    assert main(["reproduce", "pushf", "-o", str(tmp_path / "it's mine")]) == 0
    command = shlex.quote(str(tmp_path / "it's mine" / SCRIPT))
    assert f"as root: sh {command};" in " ".join(capsys.readouterr().err.split())


def test_a_place_that_cannot_be_made(tmp_path, capsys):
    """The option that names it is told."""
    (tmp_path / "file").write_text("")
    assert main(["reproduce", "pushf", "-o", str(tmp_path / "file" / "x")]) == 1
    assert "choose another place with -o" in " ".join(capsys.readouterr().err.split())


def test_the_flags_of_the_script():
    """The tests compile as the script does."""
    script = reproducer(PROGRAMS[0])[SCRIPT]
    words = " ".join(script.replace("\\\n", " ").split())
    assert f"${{CC:-gcc}} {' '.join(run_reproducers.FLAGS)} $(sed" in words


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("nonsense", "there is no fault 'nonsense'; there are: call-over-red-zone, far-in-slot"),
        ("gain-nop", "there is no fault 'gain-nop'"),
        ("freezer", "there is no program for freezer"),
        ("../x", "there is no fault '../x'"),
    ],
)
def test_no_program(fault, message, tmp_path, capsys):
    """What there is, or how else it is shown, is told; nothing is written."""
    assert main(["reproduce", fault, "-o", str(tmp_path / "out")]) == 1
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [SCRIPT, "pushf.c"])
def test_a_file_that_is_another_is_kept(name, tmp_path, capsys):
    """A script of one's own, or a program that one has changed, is not written over."""
    mine = tmp_path / name
    mine.write_text("mine\n")
    assert main(["reproduce", "pushf", "-o", str(tmp_path)]) == 1
    assert f"{mine}: there is another file of this name" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine\n")]


def test_a_folder_with_another_program(tmp_path, capsys):
    """The script would not know which is meant."""
    (tmp_path / "mine.c").write_text("int x;")
    assert main(["reproduce", "pushf", "-o", str(tmp_path)]) == 1
    assert "there is another program: mine.c" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.c"]


@pytest.mark.parametrize(
    ("peer", "tip", "problem"),
    [
        ("affected", "not affected", ""),
        ("affected", "affected", "pushf: tip: affected instead of not affected"),
        ("not affected", "not affected", "pushf: peer: not affected instead of affected"),
        ("cannot tell", "not affected", "pushf: peer: cannot tell, and the self-tests can"),
        (None, "not affected", "pushf: peer: it did not run instead of affected"),
    ],
)
def test_what_has_to_be_seen(peer, tip, problem):
    """The unmodified base as the catalogue says, the tip without the fault."""
    seen = {"peer": dict.fromkeys(PROGRAMS, "not affected"), "tip": {}}
    for entry in CATALOGUE:
        if any(release.startswith("6.12.") for release in entry.affected):
            seen["peer"][entry.ident] = "affected"
    seen["tip"] = dict.fromkeys(PROGRAMS, "not affected") | {"pushf": tip}
    seen["tip"] |= dict.fromkeys(run_reproducers.LEFT, "affected")
    seen["peer"]["pushf"] = peer
    if peer is None:
        del seen["peer"]["pushf"]
    assert list(run_reproducers.wrong("6.12", seen)) == ([problem] if problem else [])
