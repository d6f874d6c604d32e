# SPDX-License-Identifier: GPL-2.0-only
"""The series fixes on a kernel without 32-bit programs, which has no table of 32-bit code."""

import subprocess

import pytest

from generator.paths import data_dir

_PIECES = data_dir("templates") / "fixes/arch/x86/kernel/uprobes.c"

_KERNEL = """
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
typedef unsigned short u16;
enum { EM_NONE = 0, EM_386 = 3, EM_X86_64 = 62 };
#define FIRST_1			,
#define SECOND(ignored, found, ...)	found
#define SECOND_OF(...)		SECOND(__VA_ARGS__)
#define JOINED(value)		FIRST_##value
#define IS_SET(value)		SECOND_OF(JOINED(value) 1, 0, 0)
#define IS_ENABLED(option)	IS_SET(option)

struct mm_struct { int unused; };
struct pt_regs { bool is_64bit; };
struct arch_uprobe { bool for_other, x86_64; const void *ops; };
static struct mm_struct init_mm;
static struct { struct mm_struct *mm; } task, *current = &task;
static int tables_used;

static bool user_64bit_mode(struct pt_regs *regs)
{
	return regs->is_64bit;
}

static bool is_64bit_mm(struct mm_struct *mm)
{
	return IS_ENABLED(CONFIG_X86_64) && mm;
}

static int
arch_uprobe_analyze_insn(struct arch_uprobe *auprobe, struct mm_struct *mm, unsigned long addr)
{
	auprobe->x86_64 = is_64bit_mm(mm) != auprobe->for_other;
	tables_used |= auprobe->x86_64 ? 64 : 32;
	return -EINVAL;
}
"""

_MAIN = """
int main(void)
{
	static const u16 machines[] = { EM_NONE, EM_386, EM_X86_64 };
	struct arch_uprobe probe = { .ops = NULL };

	arch_uprobe_analyze_insn(&probe, &init_mm, 0);
	arch_uprobe_analyze_other(&probe, &init_mm, 0);
	for (int i = 0; i < 3; i++) {
		struct arch_uprobe read = { .ops = NULL };

		arch_uprobe_check_insn(&read, machines[i]);
	}
	printf("%d", tables_used);
	return 0;
}
"""


@pytest.mark.parametrize(
    ("options", "tables"),
    [
        (("CONFIG_X86_64", "CONFIG_IA32_EMULATION"), 64 | 32),
        (("CONFIG_X86_64",), 64),
        ((), 32),
    ],
)
def test_only_tables_that_are_there_are_used(tmp_path, options, tables):
    """The other one is NULL, on a kernel without 32-bit programs and on i386."""
    pieces = "".join(
        (_PIECES / f"{name}-function.c.j2").read_text() for name in ("mode", "refusal")
    )
    (tmp_path / "one.c").write_text(_KERNEL + pieces + _MAIN)
    defined = [f"-D{option}=1" for option in options]
    flags = ["-std=gnu11", "-Wall", "-Werror", "-Wno-unused-function"]
    subprocess.run(["gcc", *flags, *defined, "-o", "one", "one.c"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "one"], capture_output=True, check=True)
    assert int(done.stdout) == tables
