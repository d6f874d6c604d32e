# SPDX-License-Identifier: GPL-2.0-only
"""A tiny tree that looks like a kernel, for tests that build one with real git and make."""

import os
import subprocess

MAKEFILE = r"""
# Just enough of kbuild: O=, tinyconfig, olddefconfig, bzImage; .cmd files; relative sources.
ifeq ($(filter /%,$(O)),)
$(error no O=)
endif
objects := kernel/fork.o kernel/uprobes.o mm/mmap.o
.PHONY: tinyconfig olddefconfig bzImage
tinyconfig:
	@mkdir -p $(O)
	@echo '# CONFIG_UPROBES is not set' > $(O)/.config
	@echo CONFIG_MMU=y >> $(O)/.config
olddefconfig:
	@grep -v CONFIG_IMPOSSIBLE $(O)/.config > $(O)/.new || :
	@mv $(O)/.new $(O)/.config
	@echo configured
bzImage: $(O)/arch/x86/boot/bzImage
$(O)/arch/x86/boot/bzImage: $(addprefix $(O)/,$(objects))
	@mkdir -p $(@D)
	@cat $^ > $@
	@echo '  BUILD   arch/x86/boot/bzImage'
$(O)/%.o: %.c include/sched.h $(O)/.config
	@mkdir -p $(@D)
	@echo '  CC      $*.o'
	@if grep -n '#warning' $<; then echo '../$<:3:2: warning: #warning look [-Wcpp]'; fi
	@if grep -q '#error' $<; then echo '../$<:7:1: error: unknown type name x'; exit 1; fi
	@if grep -q '#gelf' $<; then echo 'fatal error: gelf.h: No such file'; exit 1; fi
	@if grep -q '#kill' $<; then kill -9 $$PPID; fi
	@cat $< include/sched.h > $@
	@echo 'cmd_$@ := cat $(CURDIR)/$<' > $(@D)/.$(@F).cmd
"""
MERGE = '#!/bin/sh\nshift; out=$2; base=$3; shift 3; cat "$@" >> "$base"\n'
FILES = {
    "Makefile": MAKEFILE,
    "Kconfig": "mainmenu\n",
    "Kbuild": "\n",
    "scripts/kconfig/merge_config.sh": MERGE,
    "include/sched.h": "struct task;\n",
    "kernel/fork.c": "int fork;\n",
    "kernel/uprobes.c": "int uprobes;\n",
    "mm/mmap.c": "int mmap;\n",
    "lib/other.c": "int other;\n",
}
REFS = {
    "baseline": {"kernel/uprobes.c": "int baseline;\n"},
    "review": {"kernel/uprobes.c": "int tip;\n", "kernel/fork.c": "int forked;\n"},
    "wide": {"include/sched.h": "struct task { int utask; };\n"},
    "gone": {"kernel/other.c": None},
    "extra": {"kernel/new.h": "int extra;\n"},
    "warns": {"kernel/uprobes.c": "#warning look\n"},
    "fails": {"kernel/uprobes.c": "#error\n"},
    "nolib": {"kernel/uprobes.c": "#gelf\n"},
    "killed": {"kernel/uprobes.c": "#kill\n"},
}


def git(where, *words):
    """Run git without the user's configuration."""
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", **os.environ}
    name = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *name, *words], cwd=where, check=True, capture_output=True, env=env)


def write(root, files):
    """Write or, for None, remove ``files`` below ``root``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
        if name.endswith(".sh"):
            path.chmod(0o755)
