# SPDX-License-Identifier: GPL-2.0-only
"""Each real program does the same twice with nothing but the files that its guest gets.

It runs in the unpacked archive of its load, as root of it: no probe, no guest, no kernel of ours.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from generator.checks.clients.pack import find_libraries
from generator.checks.soak.pack import Item, Load, pack_load
from generator.checks.soak.programs import all_programs, prepare_program
from generator.errors import InfraError

MAY_MOUNT = not subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode

pytestmark = [
    pytest.mark.sweep,
    pytest.mark.skipif(not MAY_MOUNT, reason="NOT TESTED: a root of its own needs root's rights"),
]

INSIDE = """
mkdir -p {root}/dev {root}/proc && mount --rbind /dev {root}/dev && mount --rbind /proc {root}/proc
exec unshare --root={root} --wd=/tmp/work --setgid {user} --setuid {user} "$@"
"""

SETTINGS = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp/work",
    "TMPDIR": "/tmp/work",
    "LC_ALL": "C",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PERL_HASH_SEED": "0",
}


def run(prepared, root):
    """Run a program in an empty folder of its root; return all that can be seen of it."""
    place = root / "tmp/work"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    user = prepared.program.user
    os.chown(place, user, user)
    outer = ["unshare", "--mount", "sh", "-ec", INSIDE.format(root=root, user=user), "sh"]
    source = root / prepared.input.lstrip("/") if prepared.input else Path("/dev/null")
    with source.open() as stream:
        done = subprocess.run(
            [*outer, *prepared.command],
            stdin=stream,
            capture_output=True,
            env=SETTINGS,
            timeout=1000,
            check=False,
        )
    files = {
        str(path.relative_to(place)): path.read_bytes() if path.is_file() else b""
        for path in sorted(place.rglob("*"))
    }
    return done.returncode, done.stdout, done.stderr, files


@pytest.mark.parametrize("program", all_programs(), ids=lambda program: program.name)
def test_a_program_in_its_root(program, tmp_path):
    """It ends well, says something, and says the same again."""
    try:
        prepared = prepare_program(program, find_libraries, tmp_path)
    except InfraError as error:
        pytest.skip(f"NOT TESTED: {error}")
    item = Item(name=program.name, command=prepared.command, rounds=(), files=())
    load = Load(items=(item,), sites={}, files={**prepared.files, **prepared.code})
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["cpio", "-id", "--quiet"], input=pack_load(load), cwd=root, check=True)
    first, second = run(prepared, root), run(prepared, root)
    assert first[0] == 0, first[2].decode()
    assert first[1] or first[3]
    assert first == second
