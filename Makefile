# SPDX-License-Identifier: GPL-2.0-only
#
# One target a job; each is what CI calls. `make help` lists them.

BASE	?= 6.1
TREE	?=
REV	?=
FLAVOUR	?= debug leaks races
TESTS	?= shadow-*,watch-*,step-*,tf-*
VENV	?= .venv
WORKDIR	?=
TURN	?= 0
PYTHON3	?= python3

# the bases whose patches are committed
COMMITTED = 6.1 6.12
EVERY	 = $(if $(filter file,$(origin BASE)),$(if $(TREE),$(BASE),$(COMMITTED)),$(BASE))

# the series that kernel_patches/ has of a base: a new one is there once it was rendered
OF	 = $(or $(notdir $(wildcard kernel_patches/$(1)/*)),review)

PYTHON	 = $(VENV)/bin/python
STAMP	 = $(VENV)/.installed
SOURCE	 = $(if $(TREE),--tree $(TREE)) $(if $(REV),--rev $(REV))
AREA	 = $(if $(WORKDIR),--workdir $(WORKDIR))
RUN	 = $(VENV)/bin/uprobekit

PLAIN	 = not kernel and not build and not boot and not browser
FAST	 = $(PLAIN) and not sweep

# thousands of small files, gone after each test: in memory where the machine has a place; and never
# in a path with a blank, in which no kernel can be built
MEMORY	 = $(if $(filter 1,$(words $(TMPDIR))),,TMPDIR=$(if $(wildcard /dev/shm/.),/dev/shm,/tmp) )
PYTEST	 = $(MEMORY)$(PYTHON) -m pytest -q

# What a fresh Debian 12 lacks
PACKAGES = python3-venv git make gcc gcc-multilib libc6-dev libc6-dev-i386 \
	   libc6-dev-x32 flex bison bc perl cpio kmod rsync xz-utils libelf-dev \
	   libssl-dev ccache qemu-system-x86

# What the full mode of soak runs beside what is there anyway. PostgreSQL's server would be
# started: it is unpacked (generator/checks/soak), what it loads is installed
SOAK	 = bash bc binutils clang cvise gawk gcc-12 gcc-multilib gdb git gron \
	   libicu72 libpython3.11-testsuite libxml2 luajit nodejs openssl postgresql-client-15 \
	   qemu-utils ripgrep stress-ng tzdata xz-utils zstd

.DEFAULT_GOAL := help

help:			## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# The tools are there, or root installs them, or the command is shown.
tools:			## install what Debian packages (root), or say the command
	@command -v dpkg-query >/dev/null || exec sh .ci/tools $(PACKAGES); \
	missing=; for p in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || \
		missing="$$missing $$p"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing:$$missing"; \
		apt-get update -qq -o DPkg::Lock::Timeout=300 && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			-o DPkg::Lock::Timeout=300 \
			--no-install-recommends $$missing >/dev/null; \
	else \
		echo "missing; run: sudo apt-get install --no-install-recommends$$missing" >&2; \
		exit 3; \
	fi

$(STAMP): pyproject.toml | tools
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON3) -m venv --clear $(VENV)
	@$(PYTHON) -m pip install -q --disable-pip-version-check --use-pep517 -e '.[dev]'
	@touch $@

setup: $(STAMP)		## tools and the Python environment

qemu-test: setup	## the main job: render, build, boot before and after, compare
	$(RUN) qemu-test --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

series: setup		## render kernel_patches/, every series, of every base unless BASE or TREE names one
	@set -e; $(foreach base,$(EVERY),$(foreach of,$(call OF,$(base)), \
		$(RUN) render --base $(base) --series $(of) $(SOURCE) $(AREA) $(ARGS);))

opcodes: setup		## write docs/opcodes.md: what may be probed, from the model
	$(RUN) opcodes > docs/opcodes.md

catalogue: setup	## write docs/catalogue.md: the faults that check-kernel looks for
	$(RUN) catalogue > docs/catalogue.md

check-kernel: setup	## which faults of the catalogue a kernel has: IMAGE=/boot/vmlinuz-...
	$(RUN) check-kernel $(AREA) $(ARGS) $(IMAGE)

check-debian: setup	## the same for a kernel of Debian's, downloaded: PACKAGE=linux-image-rt-amd64
	$(PYTHON) tests/debian_kernel.py $(AREA) $(if $(PACKAGE),--package $(PACKAGE))

reproducers: setup	## the programs of "uprobekit reproduce" on the unmodified base and on the tip (builds both)
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA) tip peer
	$(PYTHON) tests/run_reproducers.py --base $(BASE) $(AREA)

mended: setup		## each prefix of the series fixes against the catalogue, self-tests included (builds and boots each)
	$(RUN) mended --series fixes --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

drift: setup		## fail when kernel_patches/ is not what the model renders, for the same bases
	@set -e; $(foreach base,$(EVERY),$(foreach of,$(call OF,$(base)), \
		$(RUN) render --check --base $(base) --series $(of) $(SOURCE) $(AREA);))

check-base: setup	## what needs no kernel build, in one table: drift, checkpatch, review, states, schedules
	$(RUN) check --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

check-%: setup
	$(RUN) check $* --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

# by the name that `uprobekit measure` has; the targets below install what they need as well
measure-%: setup
	$(RUN) measure $* --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

checkpatch: setup	## checkpatch.pl --strict on every patch
	@set -e; $(foreach of,$(call OF,$(BASE)), \
		$(RUN) checkpatch --base $(BASE) --series $(of) $(SOURCE) $(AREA);)

matrix: setup		## compile what each patch reaches, every configuration; ARGS="--full" builds and boots
	@$(MAKE) -s tools PACKAGES="clang sparse"
	$(RUN) matrix --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

review: setup		## the points of the review, with evidence
	$(RUN) review --base $(BASE) $(SOURCE) $(AREA)

verify: setup		## compare the tip with the model by libclang (after a build)
	$(RUN) verify --base $(BASE) $(SOURCE) $(AREA)

patches: setup		## apply each patch, read its mail, compare objects, list recipients (after a build)
	@set -e; $(foreach of,$(call OF,$(BASE)), \
		$(RUN) patches --base $(BASE) --series $(of) $(SOURCE) $(AREA) $(ARGS);)

states: setup		## explore the states of a probed task, with and without each guard
	$(RUN) states --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

picture: setup		## draw the states again: docs/states.svg (needs graphviz)
	$(RUN) states --dot > docs/states.dot
	dot -Tsvg docs/states.dot -o docs/states.svg

proof: setup		## execute instructions unprobed and probed in an emulator
	$(RUN) proof --base $(BASE) $(SOURCE) $(AREA)

proof-full: setup	## the same with ten times as many
	$(RUN) proof --base $(BASE) $(SOURCE) $(AREA) --cases 200000

schedules: setup	## execute the core with a few threads in every order, in user space
	$(RUN) schedules --base $(BASE) $(SOURCE) $(AREA)

fuzz: setup		## fuzz the analysis with libFuzzer (installs clang)
	@$(MAKE) -s tools PACKAGES="clang libclang-rt-14-dev"
	$(RUN) fuzz --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

mutate: setup		## put small faults into the C and count what notices them (after a build)
	$(RUN) mutate --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

faults: setup		## the faults that people wrote, tests/faults: what notices them (after a build)
	$(RUN) mutate --base $(BASE) $(SOURCE) $(AREA) --by-hand tests/faults --count 1000 --boots 1000 $(ARGS)

census: setup		## what programs of this machine begin with, ours and the base's verdicts
	$(RUN) census --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

cost: setup		## instructions a probe hit takes, ours and the base's (builds both)
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA) tip peer
	$(RUN) cost --base $(BASE) $(SOURCE) $(AREA)

scaling: setup		## hits on several processors: what they share, and how many (builds both; ARGS=--quick)
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA) tip peer
	$(RUN) scaling --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

profile: cost		## where the instructions of a hit go, by function (ARGS="--row push")
	$(PYTHON) tests/profile_hit.py --base $(BASE) $(AREA) $(ARGS)

coverage: setup		## lines of the series that the self-tests execute in the kernel, by gcov (builds it)
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA) --flavour gcov tip
	$(RUN) coverage --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

corpus: setup		## thousands of instructions in a guest, without and with a probe (builds both)
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA) tip peer
	$(RUN) corpus --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

soak: setup		## real programs under thousands of probes, ours and the base (ARGS="--full": all; installs them)
	@$(MAKE) -s tools PACKAGES="csmith libcsmith-dev perl-base python3-minimal sqlite3 $(if $(findstring --full,$(ARGS)),$(SOAK))"
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA) tip peer
	$(RUN) soak --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

hunted: setup		## the programs of qemu/hunted, ours and the base: what the base does right counts (builds both)
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA) tip peer
	$(PYTHON) tests/run_hunted.py --base $(BASE) $(AREA) $(ARGS)

clients: setup		## perf, bpftrace, systemtap, ftrace's tests in guests, ours and the base (installs them)
	@$(MAKE) -s tools PACKAGES="linux-perf bpftrace systemtap"
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA) --flavour clients tip peer
	$(RUN) clients --base $(BASE) $(SOURCE) $(AREA) $(ARGS)

qemu-test-debug: setup	## the self-tests and more on kernels that check: KASAN, lockdep; leaks; races
	@set -e; for flavour in $(FLAVOUR); do \
		$(RUN) build --base $(BASE) $(SOURCE) $(AREA) --flavour $$flavour tip; \
		$(RUN) boot --base $(BASE) $(AREA) --flavour $$flavour tip $(ARGS); \
	done

qemu-test-i386: setup	## the main job with 32-bit kernels, and with the unmodified base
	$(RUN) qemu-test --base $(BASE) $(SOURCE) $(AREA) --flavour i386 --peer $(ARGS)

bochs-test: setup	## before and after in Bochs: shadow stacks, watchpoints, steps (installs it)
	@$(MAKE) -s tools PACKAGES="bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso"
	$(RUN) qemu-test --base $(BASE) $(SOURCE) $(AREA) --accel bochs --tests '$(TESTS)' $(ARGS)

block-test: setup	## before and after where processors trap at branches only, by gdb (installs it)
	@$(MAKE) -s tools PACKAGES="gdb"
	$(RUN) qemu-test --base $(BASE) $(SOURCE) $(AREA) --accel gdb --tests '*ptrace-block*' $(ARGS)

verdicts: setup		## every opcode: what our C does about it, and the base's own
	$(RUN) verdicts --base $(BASE) $(SOURCE) $(AREA)

report: setup		## one page about everything that the results in the work area say
	$(RUN) report --base $(BASE) $(AREA) -o report-$(BASE).html

pictures: setup		## take the README's pictures of today's report (installs chromium)
	@$(MAKE) -s tools PACKAGES=chromium
	-$(RUN) report --base $(BASE) $(AREA) -o report-$(BASE).html
	$(PYTHON) tests/screenshots.py report-$(BASE).html

build: setup		## build the kernels
	$(RUN) build --base $(BASE) $(SOURCE) $(AREA)

boot: setup		## boot the kernels that were built
	$(RUN) boot --base $(BASE) $(AREA)

lint: setup		## ruff: lint and format
	$(VENV)/bin/ruff check generator tests
	$(VENV)/bin/ruff format --check generator tests

types: setup		## mypy, strict
	$(VENV)/bin/mypy

test-tools:		## install what some of the tests try the output with (root)
	@$(MAKE) -s tools PACKAGES="clang fish git-email groff isolinux libclang-rt-14-dev \
		csmith libcsmith-dev libmailtools-perl man-db syslinux-common xorriso zsh $(SOAK)"

test: setup		## the fast tests: no kernel, no QEMU
	$(PYTEST) -n 2 --dist worksteal -m '$(FAST)'

test-left-out: setup	## the fast tests that the last run left out for want of a tool
	$(PYTEST) --left-out -m '$(FAST)'

test-bare: setup	## the fast tests, and the TURN-th of each sweep, where only what setup installs is found (root)
	$(PYTHON) tests/bare.py --packages "$(PACKAGES)" script -qec "make test && make test-sweep ARGS=--one-of-each=$(TURN)" /dev/null

test-sweep: setup	## the tests that go through all of a kind: each guard lost, each file damaged
	$(PYTEST) -n 2 --dist worksteal -m '$(PLAIN) and sweep' $(ARGS)

test-browser: setup	## the report in a headless browser (installs chromium)
	@$(MAKE) -s tools PACKAGES=chromium
	$(PYTHON) -m pytest -q -m browser

test-kernel: setup	## the tests that need a kernel source and QEMU
	$(PYTHON) -m pytest -q -n 2 --dist worksteal -m 'kernel and not sweep and not build and not boot' --durations=10
	$(PYTHON) -m pytest -q -m 'build or boot' --durations=20

test-kernel-sweep: setup	## those that go through all of a kind on a kernel source: dearer than CI allows
	$(PYTHON) -m pytest -q -n 2 --dist worksteal -m 'kernel and sweep'

golden: setup		## rewrite the expected files of the tests
	$(PYTEST) -m '$(PLAIN)' --update-golden

check: lint types test test-sweep	## what to run before a commit

bench: cost		## instructions a hit takes; seconds of the main job, against a plain build
	$(PYTHON) tests/bench.py --base $(BASE)

bench-diff: setup	## lines and seconds of diff beside git range-diff, b4 diff, interdiff (installs it)
	@$(MAKE) -s tools PACKAGES=patchutils
	$(RUN) render --base $(BASE) $(SOURCE) $(AREA)
	$(PYTHON) tests/compare_diff.py --base $(BASE) $(AREA) $(ARGS)

clean:			## remove the Python environment and caches; not the work area
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help tools setup qemu-test series opcodes mended drift checkpatch matrix review verify patches \
	states picture proof proof-full schedules fuzz mutate faults census cost scaling profile coverage corpus soak clients \
	qemu-test-debug qemu-test-i386 bochs-test block-test build boot lint types test-tools test test-left-out test-bare test-sweep \
	test-browser test-kernel test-kernel-sweep golden check bench bench-diff clean

.PHONY: check-base verdicts report pictures hunted
