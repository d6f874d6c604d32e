# SPDX-License-Identifier: GPL-2.0-only
"""The bare environment: what is hidden in it, and that a test which wants more fails there."""

import ast
import os
import re
import shutil
import subprocess
import sys

import bare
import pytest
from conftest import TESTS, some_of

ROOT = TESTS.parent
STATUS = """\
Package: base
Essential: yes
Status: install ok installed
Architecture: all
Pre-Depends: awk

Package: mawk
Status: install ok installed
Architecture: amd64
Provides: awk

Package: gawk
Status: install ok installed
Architecture: amd64
Provides: awk (= 1), gawk-common
Depends: libsig

Package: tool
Status: install ok installed
Architecture: amd64
Depends: gone | left (>= 2:1.0~), right:any
Recommends: extra

Package: left
Status: install ok installed
Architecture: amd64

Package: right
Status: install ok installed
Architecture: all

Package: extra
Status: install ok installed
Architecture: amd64

Package: tool
Status: install ok installed
Architecture: i386
Depends: extra

Package: libsig
Status: install ok installed
Architecture: amd64

Package: removed
Status: deinstall ok config-files
Architecture: amd64
"""


def closure(*wanted: str, status: str = STATUS) -> set[str]:
    """Return the closure in a status."""
    return bare.find_closure(bare.read_status(status, "amd64"), wanted)


def test_what_is_depended_on_is_there_and_nothing_else():
    """Alternatives, versions, architectures; no recommendation; an essential one without asking."""
    assert closure("tool") == {"base", "gawk", "libsig", "left", "right", "tool"}


def test_of_a_virtual_package_a_required_one_comes_first():
    """As on a system that has no other."""
    required = STATUS.replace("Package: mawk\n", "Package: mawk\nPriority: required\n")
    assert closure("tool", status=required) == {"base", "mawk", "left", "right", "tool"}


@pytest.mark.parametrize("name", ["removed", "nosuch", "gone"])
def test_a_package_that_is_not_installed(name):
    """It is named: the environment would lack what it must have."""
    with pytest.raises(bare.BareError, match=f"not installed: {name}"):
        closure("tool", name)


@pytest.fixture
def disk(tmp_path):
    """Return a made-up /usr and dpkg folder with two packages, one diverted file, and strangers."""
    for name in ("bin", "lib/tool", "lib/python3/__pycache__", "lib/stranger", "local/bin"):
        (tmp_path / "usr" / name).mkdir(parents=True)
    ours = ("bin/tool", "bin/sh", "bin/view.real", "bin/own", "lib/tool/a.so", "lib/python3/a")
    strange = ("bin/stranger", "lib/stranger/x", "local/bin/pip-tool", "lib/tool/stranger.so")
    for name in (*ours, *strange):
        (tmp_path / "usr" / name).write_text("")
    (tmp_path / "usr/bin/cc").symlink_to("tool")
    (tmp_path / "usr/bin/vi").symlink_to("stranger")
    (tmp_path / "usr/bin/lost").symlink_to("nowhere")
    info = tmp_path / "dpkg" / "info"
    info.mkdir(parents=True)
    (info / "tool:amd64.list").write_text(
        "/.\n/usr\n/usr/bin\n/usr/bin/tool\n/bin/sh\n/usr/bin/view\n/usr/lib\n/usr/lib/tool\n"
        "/usr/lib/tool/a.so\n/usr/lib/python3\n/usr/lib/python3/a\n"
    )
    (info / "right.list").write_text("/usr\n/usr/bin\n/usr/bin/own\n")
    (tmp_path / "dpkg" / "diversions").write_text("/usr/bin/view\n/usr/bin/view.real\nright\n")
    return tmp_path


def test_what_is_hidden(disk):
    """Strangers, their folders and links; not an alternative that leads to a file of ours."""
    installed = bare.read_status(STATUS, "amd64")
    known = bare.list_files(installed, ["tool", "right"], disk / "dpkg")
    hidden = bare.find_hidden(disk / "usr", known, str(disk))
    assert [str(path.relative_to(disk / "usr")) for path in hidden] == [
        *("bin/lost", "bin/stranger", "bin/vi", "lib/stranger", "lib/tool/stranger.so", "local"),
    ]


def has_namespaces() -> bool:
    """Tell whether this process may make a mount namespace, and is not in a bare one already."""
    may = ["unshare", "--mount", "--net", "true"]
    return (
        os.geteuid() == 0
        and bare.MARK not in os.environ
        and all(map(shutil.which, ("unshare", "dpkg")))
        and subprocess.run(may, capture_output=True, check=False).returncode == 0
    )


needs_root = pytest.mark.skipif(
    not has_namespaces(),
    reason="NOT TESTED: namespaces are root's, and not made twice: see make test-bare",
)


def run_bare(packages: str, *command: str) -> subprocess.CompletedProcess:
    """Run a command in a bare environment."""
    return subprocess.run(
        [sys.executable, str(TESTS / "bare.py"), "--packages", packages, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
    )


@pytest.fixture
def faulty(tmp_path):
    """Return a test that wants a program, in the clone: what stands there is to be seen."""
    path = ROOT / f"bare_{tmp_path.name}.py"
    path.write_text(
        "import subprocess\n\n\ndef test_it():\n"
        '    subprocess.run(["gcc", "--version"], check=True)\n'
    )
    yield path
    path.unlink()


@needs_root
@pytest.mark.sweep
def test_a_test_that_wants_a_tool_of_nobody_fails(faulty):
    """It passes here and where its package is listed, and fails where that is not: the fault."""
    pytest_words = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(faulty))
    here = subprocess.run(pytest_words, capture_output=True, check=False, cwd=ROOT)
    assert here.returncode == 0
    listed = run_bare("python3 gcc", *pytest_words)
    assert listed.returncode == 0, listed
    missing = run_bare("python3", *pytest_words)
    assert missing.returncode == 1, missing
    assert "No such file or directory: 'gcc'" in missing.stdout


@needs_root
@pytest.mark.sweep
def test_what_is_there(tmp_path):
    """The clone and dpkg's tools are; no home, no network, no KVM, nobody's packages."""
    done = run_bare(
        "python3",
        *("sh", "-c"),
        "test -f Makefile || exit 10; test -x /usr/bin/dpkg || exit 11;"
        "test -e /dev/kvm && exit 12;"
        "mkdir -p $HOME 2>/dev/null && exit 13; dpkg-query -W gcc 2>/dev/null && exit 14;"
        f"test -e {tmp_path} && exit 15; test -e /usr/bin/gcc && exit 16;"
        "test -s /etc/gitconfig && exit 18;"
        "test $(tail -n +3 /proc/net/dev | wc -l) = 1 || exit 17; ls /home /root /opt; exit 0",
    )
    assert done.returncode == 0, done
    assert not re.search(r"^\w", done.stdout, re.M)
    assert "hidden; no home, no network" in done.stderr


@needs_root
@pytest.mark.sweep
@pytest.mark.parametrize("status", [0, 1, 2, 7])
def test_the_status_is_the_commands(status):
    """A gate that loses it says nothing."""
    assert run_bare("python3", "sh", "-c", f"exit {status}").returncode == status


def test_where_it_cannot_it_is_loud(monkeypatch, capsys):
    """No pass without the environment: status 3, and why."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert bare.main(["--packages", "gcc", "true"]) == 3
    assert "wants root" in capsys.readouterr().err


def test_the_gate_has_the_packages_of_setup():
    """One list: what `make setup` installs."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^test-bare:.*\n\t(.*(?:\\\n.*)*)", makefile, re.M)[1]
    assert '--packages "$(PACKAGES)"' in recipe
    typed = "make test && make test-sweep ARGS=--one-of-each=$(TURN)"
    assert recipe.endswith(f'script -qec "{typed}" /dev/null')
    assert "make test-bare" in (ROOT / ".ci/run").read_text()


def test_ci_begins_with_the_two_commands_of_the_readme():
    """Word for word, on whatever is there: before any gate that installs something for itself."""
    readme = (ROOT / "README.md").read_text().partition("## Two commands")[2]
    typed = re.findall(r"^    (make \S+)", readme, re.M)[:2]
    gates = re.findall(r"^gate \S+\t(.*)$", (ROOT / ".ci/run").read_text(), re.M)
    assert gates[:3] == [*typed, "make test-bare TURN=$day"]
    assert typed == ["make qemu-test", "make test"]
    last = ("make test-left-out", "make test-sweep")
    assert gates[-2:] == [f'script -qec "env CI=true {what}" /dev/null' for what in last]
    assert gates.index("make test-tools") < len(gates) - 2


@pytest.mark.parametrize(
    ("turn", "said"),
    some_of([(1, "2 failed, 1 passed"), (0, "3 passed, 3 deselected"), (6, "3 passed")]),
)
def test_one_of_each_is_run_in_the_bare_environment(turn, said, tmp_path):
    """Whether a sweep runs there shows in one case a day, in turn: all take CI too long."""
    shutil.copyfile(ROOT / "tests/conftest.py", tmp_path / "conftest.py")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('a', 'xyz')\n"
        "def test_a(a): assert a == 'x'\n"
        "class TestB:\n"
        "    @pytest.mark.parametrize('a', '12')\n"
        "    def test_a(self, a): assert a == '1'\n"
        "def test_c(): pass\n"
    )
    command = (sys.executable, "-m", "pytest", "-q", "--rootdir=.", f"--one-of-each={turn}")
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert said in done.stdout


@pytest.mark.sweep
def test_what_was_left_out_is_run_alone(tmp_path):
    """A run keeps which tests wanted a tool; --left-out runs these, or all after no such run."""
    shutil.copyfile(ROOT / "tests/conftest.py", tmp_path / "conftest.py")
    (tmp_path / "test_it.py").write_text(
        "import os, pytest\n"
        "def test_a(): pass\n"
        "def test_b():\n"
        "    if 'TOOL' not in os.environ:\n"
        "        pytest.skip('NOT TESTED: no tool')\n"
        "def test_c(): pytest.skip('another reason')\n"
    )

    def run(*arguments, **more):
        environment = {k: v for k, v in os.environ.items() if k != "CI"} | more
        command = (sys.executable, "-m", "pytest", "-q", "--rootdir=.", *arguments)
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
        )
        return done.returncode, done.stdout

    assert "1 passed, 2 skipped" in run("--left-out")[1]
    assert "1 passed, 2 skipped" in run("-n", "1")[1]
    assert "1 failed, 2 deselected" in run("--left-out", CI="true")[1]
    assert "1 passed, 2 deselected" in run("--left-out", CI="true", TOOL="there")[1]
    assert run("-n", "1", TOOL="there")[0] == 0
    assert run("--left-out", CI="true")[0] == 0


def test_packages_of_nobody(tmp_path):
    """What somebody has installed into the environment is found, what the project needs is not."""
    for name, lines in {
        "the_project": ["Requires-Dist: One.Thing[more]", "Requires-Dist: tool; extra == 'dev'"],
        "one-thing": ["Requires-Dist: deep; extra == 'more'", "Requires-Dist: x; extra == 'none'"],
        "deep": ["Requires-Dist: the-project"],
        **dict.fromkeys(("tool", "pip", "x", "Strange_r"), ()),
    }.items():
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        head = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1", "Provides-Extra: dev"]
        (folder / "METADATA").write_text("\n".join([*head, *lines, ""]))
    assert bare.find_strangers("the-project", [str(tmp_path)]) == ["strange-r", "x"]
    assert "pytest" not in bare.find_strangers("uprobekit")


BROKEN = {
    "missing": None,
    "not found": "#!/bin/sh\nexit 127\n",
    "killed": "#!/bin/sh\nkill -9 $$\n",
    "says nothing": "#!/bin/sh\n",
    "says another thing": "#!/bin/sh\necho this system has been minimized\n",
    "no program": "\0\0\0",
    "no interpreter": "#!/none/sh\n",
}


def test_a_tool_that_does_not_work_is_none(tmp_path):
    """A test that needs it is left out, and says so; the file alone is not enough."""
    shutil.copyfile(ROOT / "tests/conftest.py", tmp_path / "conftest.py")
    tools = {f"tool-{number}": body for number, body in enumerate(BROKEN.values())}
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        + "".join(
            f"@pytest.mark.needs('{name}')\ndef test_a{number}(): assert False\n"
            for number, name in enumerate(tools)
        )
        + "@pytest.mark.needs('sh', '-c', 'cat', given='word', says='^word$')\n"
        "def test_b(): pass\n"
    )
    for name, body in tools.items():
        if body is not None:
            tool = tmp_path / name
            tool.write_text(body)
            tool.chmod(0o755)
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-rs", "--rootdir=.", "-p", "no:cacheprovider"),
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "CI"}
        | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        text=True,
        capture_output=True,
        check=False,
    )
    for name, body in tools.items():
        broken = ", or what is there does not work" if body is not None else ""
        said = f"NOT TESTED: no {name} here{broken}; 'make test-tools'"
        assert said in done.stdout, (name, body)
    assert f"1 passed, {len(tools)} skipped" in done.stdout


@pytest.mark.parametrize("place", ["a b", "a:b"])
def test_temporary_files_where_no_kernel_is_built(place, tmp_path):
    """One sentence in place of eighty failures; make takes another place where there is a blank."""
    shutil.copyfile(ROOT / "tests/conftest.py", tmp_path / "conftest.py")
    (tmp_path / place).mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / place), "PYTEST_DEBUG_TEMPROOT": ""}
    words = (sys.executable, "-m", "pytest", "-q", "--rootdir=.", "-p", "no:cacheprovider")
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"{place}': kernels of the tests are built there" in done.stderr
    if " " in place:
        made = subprocess.run(
            ("make", "-n", "-C", str(ROOT), "test"),
            env=environment,
            text=True,
            capture_output=True,
            check=True,
        )
        assert re.search(r"^TMPDIR=/\S+ .*-m pytest", made.stdout, re.M), made.stdout


def test_nothing_of_the_users_git(tmp_path):
    """Neither in a test nor in what is made once for all: his commits may have to be signed."""
    shutil.copyfile(ROOT / "tests/conftest.py", tmp_path / "conftest.py")
    (tmp_path / "git").write_text("[commit]\n\tgpgSign = true\n")
    (tmp_path / "test_it.py").write_text(
        "import os, pytest, subprocess\n"
        "def ask(): return subprocess.run(['git', 'config', 'commit.gpgSign']).returncode\n"
        "@pytest.fixture(scope='session')\n"
        "def made(): return ask(), 'GIT_DIR' in os.environ\n"
        "def test_a(made): assert made == (1, False) and ask() == 1\n"
    )
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "--rootdir=.", "-p", "no:cacheprovider"),
        cwd=tmp_path,
        env={**os.environ, "GIT_CONFIG_GLOBAL": str(tmp_path / "git"), "GIT_DIR": "/none"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_a_file_of_its_name_is_no_tool():
    """No test is left out because of what PATH has: ``needs`` asks whether it works."""
    files = [path for path in TESTS.rglob("*.py") if "skipif" in path.read_text()]
    calls = [
        (path.name, ast.unparse(node))
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.skipif"
    ]
    assert [call for call in calls if "which(" in call[1]] == []
    assert len(calls) > 5


OTHER_REASONS = {
    "test_proof_kernel.py": "the code is the same for all bases",
    "test_proof_unit.py": "the judge reads it as Intel does: no instruction in these bytes",
}
"""Of tests that are left out, but not since something is missing."""


def read_reasons(text: str) -> list[str]:
    """Return why a file's tests are left out: the words of each skip, skipif and importorskip."""
    found = []
    for node in ast.walk(ast.parse(text)) if "skip" in text else ():
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("pytest."):
            continue
        kind = ast.unparse(node.func).rpartition(".")[2]
        if kind in ("skip", "skipif", "importorskip"):
            named = [word.value for word in node.keywords if word.arg == "reason"]
            given = node.args[:1] if kind == "skip" else []
            found += [ast.unparse(word).lstrip("f")[1:-1] for word in named or given] or ["none"]
    return found


def test_whoever_leaves_a_test_out_says_so():
    """NOT TESTED, for whatever is not there: CI's last gates look for these words."""
    files = [*TESTS.rglob("*.py")]
    found = {(path.name, reason) for path in files for reason in read_reasons(path.read_text())}
    quiet = {pair for pair in found if not pair[1].startswith("NOT TESTED: ")}
    assert quiet == set(OTHER_REASONS.items())
    assert len(found) > 15


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("pytest.skip('a b')", ["a b"]),
        ("pytest.skip(f'a {b}')", ["a {b}"]),
        ("x = pytest.mark.skipif(y, reason='r')", ["r"]),
        ("@pytest.mark.skip\ndef f(): pass", []),
        ("@pytest.mark.skip()\ndef f(): pass", ["none"]),
        ("pytest.importorskip('m')", ["none"]),
        ("library.skip('x')", []),
    ],
)
def test_how_reasons_are_read(text, reasons):
    """Each way to leave a test out; a reason that is not given is none."""
    assert read_reasons(text) == reasons


def test_alternatives(tmp_path):
    """What a link can lead to, best first; slaves are of no interest."""
    (tmp_path / "awk").write_text(
        "auto\n/usr/bin/awk\nawk.1.gz\n/usr/share/man/man1/awk.1.gz\nnawk\n/usr/bin/nawk\n\n"
        "/usr/bin/mawk\n5\n/usr/share/man/man1/mawk.1.gz\n/usr/bin/mawk\n"
        "/usr/bin/gawk\n10\n\n/usr/bin/gawk\n\n"
    )
    (tmp_path / "cc").write_text("manual\n/usr/bin/cc\n\n/usr/bin/gcc\n20\n\n")
    assert bare.read_alternatives(tmp_path) == {
        "/usr/bin/awk": ["/usr/bin/gawk", "/usr/bin/mawk"],
        "/usr/bin/cc": ["/usr/bin/gcc"],
    }
    assert bare.read_alternatives(tmp_path / "none") == {}
