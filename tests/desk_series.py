# SPDX-License-Identifier: GPL-2.0-only
"""Series of patches for the tests, made by git from whole files."""

import subprocess
from pathlib import Path

from generator.model.bases import BASES
from generator.model.series import REVIEW
from generator.tree.facts import format_interface
from generator.tree.interface import describe_interface

BODY = "".join(f"\tstep_{number}(regs, utask);\n" for number in range(12))
CORE = "kernel/events/uprobes.c"
BASE = {
    CORE: "#include <linux/kernel.h>\n\n"
    + "".join(f"/* line {number} of the base */\n" for number in range(30))
    + "\nvoid exit_of_base(int x)\n{\n\tx++;\n\tfirst(x);\n\n\tsecond(x);\n\n\tthird(x);\n}\n"
    + "\nstruct of_base {\n"
    + "".join(f"\tint\t\tmember_{number};\n" for number in range(9))
    + "};\n",
    "kernel/signal.c": "".join(f"int line_{number};\n" for number in range(40)),
}


def git(place: Path, *arguments: str, data: bytes = b"") -> str:
    """Run git in a folder."""
    identity = ["-c", "user.name=Some One", "-c", "user.email=some@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=place, input=data, capture_output=True, check=True
    )
    return done.stdout.decode()


def make_series(place: Path, *steps: dict[str, str], base: dict[str, str] = BASE) -> Path:
    """Return a folder with a patch for each step, which is whole files; "" removes one."""
    repo = place.with_name(f"{place.name}-repo")
    repo.mkdir(parents=True)
    git(repo, "init", "-q", "--bare", "--template=", "--initial-branch=main")
    stream = ""
    for number, files in enumerate([base, *steps]):
        who = f"Some One <some@example.org> {1_330_516_800 + number} +0000"
        message = f"uprobes: Step {number}\n\nBecause.\n"
        stream += f"commit refs/heads/main\nauthor {who}\ncommitter {who}\n"
        stream += f"data {len(message)}\n{message}"
        for name, text in files.items():
            if text:
                stream += f"M 100644 inline {name}\ndata {len(text.encode())}\n{text}\n"
            else:
                stream += f"D {name}\n"
    git(repo, "fast-import", "--quiet", data=stream.encode())
    place.mkdir()
    git(repo, "format-patch", "-q", "-o", str(place), "--root", "main", f"-{len(steps)}")
    after: dict[str, str] = {}
    for files in (base, *steps):
        after |= files
    facts = describe_interface(base, after, REVIEW.patches, BASES[0])
    (place / "interface.txt").write_bytes(format_interface(facts))
    return place


def function(name="uprobe_do", params="struct pt_regs *regs, int utask", body=BODY) -> str:
    """Return the text of a function."""
    return f"\nstatic int {name}({params})\n{{\n{body}\treturn 0;\n}}\n"


def with_core(*, end="", change=("", "")) -> dict[str, str]:
    """Return the core file with something behind it and something replaced."""
    return {CORE: BASE[CORE].replace(*change) + end}
