# SPDX-License-Identifier: GPL-2.0-only
#
# One target a job; each is what CI calls. `make help` lists them in groups. Checks, measurements
# and ways to boot go by the names that the program has for them: the pattern targets install the
# Debian packages that NEEDS_<target> has, and the program builds the kernels that it needs.

BASE	?= 6.1
TREE	?=
REV	?=
FLAVOUR	?= debug leaks races
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
# and what Python has compiled is kept, whatever a container says: each process would do it again
PYTEST	 = $(MEMORY)env -u PYTHONDONTWRITEBYTECODE $(PYTHON) -m pytest -q

# What a fresh Debian 12 lacks
PACKAGES = python3-venv git make gcc gcc-multilib libc6-dev libc6-dev-i386 \
	   libc6-dev-x32 flex bison bc perl cpio kmod rsync xz-utils libelf-dev \
	   libssl-dev ccache qemu-system-x86

# What a target wants beside these. PostgreSQL's server would be started: soak unpacks it
# (generator/checks/soak), what it loads is installed.
SOAK	 = bash bc binutils bsh clang cvise gawk gcc-12 gcc-multilib gdb git gron \
	   libicu72 libpython3.11-testsuite libxml2 luajit nodejs openjdk-17-jre-headless \
	   openssl postgresql-client-15 qemu-utils ripgrep stress-ng tzdata xz-utils zstd
CSMITH	 = csmith libcsmith-dev
ISOLINUX = isolinux syslinux-common xorriso

NEEDS_check-fuzz	= clang libclang-rt-14-dev
NEEDS_measure-matrix	= clang sparse
NEEDS_measure-clients	= linux-perf bpftrace systemtap
NEEDS_measure-soak	= $(CSMITH) perl-base python3-minimal sqlite3 $(if $(findstring --full,$(ARGS)),$(SOAK))
NEEDS_measure-diff	= patchutils
NEEDS_qemu-test-bochs	= bochs bochs-term bochsbios vgabios $(ISOLINUX)
NEEDS_qemu-test-block	= gdb
NEEDS_picture		= graphviz
NEEDS_picture-report	= chromium
NEEDS_test-browser	= chromium
NEEDS_test-tools	= clang fish git-email groff $(CSMITH) libclang-rt-14-dev libmailtools-perl \
			  man-db zsh $(ISOLINUX) $(SOAK)

# How the main job runs elsewhere: on 32-bit kernels; in Bochs, which has shadow stacks and
# watchpoints; where a processor traps at branches only, for which gdb stands in
WAY_i386	= --flavour i386 --peer
WAY_bochs	= --accel bochs --tests 'shadow-*,watch-*,step-*,tf-*'
WAY_block	= --accel gdb --tests '*ptrace-block*'

# checks that any series has; the others hold the review's against the model
ANY_SERIES	= drift checkpatch patches

# on which base, and from which source; a run of the program with it; packages for this target
ON	 = --base $(BASE) $(SOURCE) $(AREA)
needs	 = $(if $(NEEDS_$@),@$(MAKE) -s tools PACKAGES="$(NEEDS_$@)")

.DEFAULT_GOAL := help

help:
	@sed -n -e 's/^##@ \(.*\)/\n\1:/p' -e 's/^\([a-z0-9%-]*\):.*## \(.*\)/  \1\t\2/p' \
		$(MAKEFILE_LIST) | expand -t 22
	@echo; echo 'BASE=6.12, TREE=dir REV=commit, WORKDIR=dir, ARGS="..." for the command.'

##@ Every day

qemu-test: setup	## the main job: render, build, boot before and after, compare
	$(RUN) qemu-test $(ON) $(ARGS)

series: setup		## render kernel_patches/, every series, of every base unless BASE or TREE names one
	@set -e; $(foreach base,$(EVERY),$(foreach of,$(call OF,$(base)), \
		$(RUN) render --base $(base) --series $(of) $(SOURCE) $(AREA) $(ARGS);))

drift: setup		## fail when kernel_patches/ is not what the model renders, for the same bases
	@set -e; $(foreach base,$(EVERY),$(foreach of,$(call OF,$(base)), \
		$(RUN) render --check --base $(base) --series $(of) $(SOURCE) $(AREA);))

check: lint types test test-sweep	## what to run before a commit

test: setup		## the fast tests: no kernel, no QEMU
	$(PYTEST) -n 3 --dist worksteal -m '$(FAST)'

golden: setup		## rewrite the expected files of the tests, and the pages that the program prints
	$(PYTEST) -m '$(PLAIN)' --update-golden

report: setup		## one page about everything that the results in the work area say
	$(RUN) report --base $(BASE) $(AREA) -o report-$(BASE).html

##@ Prove and measure, by name

check-base: setup	## what needs no kernel: drift, checkpatch, review, states, schedules
	@set -e; $(foreach of,$(call OF,$(BASE)),$(RUN) check --series $(of) $(ON) $(ARGS);)

check-%: setup		## a check, with what it needs: `uprobekit check --help` lists them
	$(needs)
	@set -e; $(foreach of,$(if $(filter $*,$(ANY_SERIES)),$(call OF,$(BASE)),review), \
		$(RUN) check $* --series $(of) $(ON) $(ARGS);)

measure-%: setup	## a measurement, with what it needs: `uprobekit measure` lists them
	$(needs)
	$(RUN) measure $* $(ON) $(ARGS)

qemu-test-%: setup	## the main job with 32-bit kernels (i386), in Bochs (bochs), with gdb (block)
	$(if $(WAY_$*),,$(error there is no qemu-test-$*: i386, bochs, block, debug))
	$(needs)
	$(RUN) qemu-test $(ON) $(WAY_$*) $(ARGS)

qemu-test-debug: setup	## the self-tests on kernels that check: KASAN, lockdep; leaks; races
	@set -e; for flavour in $(FLAVOUR); do \
		$(RUN) build $(ON) --flavour $$flavour tip; \
		$(RUN) boot --base $(BASE) $(AREA) --flavour $$flavour tip $(ARGS); \
	done

check-hunted: setup	## the programs of qemu/hunted, ours and the base: what the base does right counts
	$(RUN) build $(ON) tip peer
	$(PYTHON) tests/run_hunted.py --base $(BASE) $(AREA) $(ARGS)

check-reproducers: setup	## the programs of "uprobekit reproduce", on the unmodified base and on the tip
	$(RUN) build $(ON) tip peer
	$(PYTHON) tests/run_reproducers.py --base $(BASE) $(AREA)

check-debian: setup	## the catalogue on a kernel of Debian's, downloaded: PACKAGE=linux-image-rt-amd64
	$(PYTHON) tests/debian_kernel.py $(AREA) $(if $(PACKAGE),--package $(PACKAGE))

measure-profile: setup	## where the instructions of a hit go, by function (ARGS="--row push")
	$(RUN) measure cost $(ON)
	$(PYTHON) tests/profile_hit.py --base $(BASE) $(AREA) $(ARGS)

measure-diff: setup	## lines and seconds of diff beside git range-diff, b4 diff, interdiff
	$(needs)
	$(RUN) render $(ON)
	$(PYTHON) tests/compare_diff.py --base $(BASE) $(AREA) $(ARGS)

bench: setup		## instructions a hit takes; seconds of the main job, against a plain build
	$(RUN) measure cost $(ON)
	$(PYTHON) tests/bench.py --base $(BASE)

##@ Tests

ci:			## everything, as CI does
	.ci/run

lint: setup		## ruff: lint and format
	$(VENV)/bin/ruff check generator tests
	$(VENV)/bin/ruff format --check generator tests

types: setup		## mypy, strict
	$(VENV)/bin/mypy

test-all: test test-sweep test-browser test-kernel	## every test but those of test-kernel-sweep

test-sweep: setup	## the tests that go through all of a kind: each guard lost, each file damaged
	$(PYTEST) -n 2 --dist worksteal -m '$(PLAIN) and sweep' $(ARGS)

test-browser: setup	## the report in a headless browser
	$(needs)
	$(PYTHON) -m pytest -q -m browser

test-kernel: setup	## the tests that need a kernel source and QEMU
	$(PYTHON) -m pytest -q -n 2 --dist worksteal -m 'kernel and not sweep and not build and not boot' --durations=10
	$(PYTHON) -m pytest -q -m 'build or boot' --durations=20

test-kernel-sweep: setup	## those that go through all of a kind on a kernel source: dearer than CI allows
	$(PYTHON) -m pytest -q -n 2 --dist worksteal -m 'kernel and sweep'

test-left-out: setup	## the fast tests that the last run left out for want of a tool
	$(PYTEST) --left-out -m '$(FAST)'

test-bare: setup	## the fast tests, and the TURN-th of each sweep, where only what setup installs is found (root)
	$(PYTHON) tests/bare.py --packages "$(PACKAGES)" script -qec "make test && make test-sweep ARGS=--one-of-each=$(TURN)" /dev/null

test-tools:		## install what some of the tests try the output with (root)
	$(needs)

##@ The clone

setup: $(STAMP)		## tools and the Python environment

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

picture: setup		## draw the states again: docs/states.svg
	$(needs)
	$(RUN) states --dot > docs/states.dot
	dot -Tsvg docs/states.dot -o docs/states.svg

picture-report: setup	## take the README's pictures of today's report
	$(needs)
	-$(RUN) report --base $(BASE) $(AREA) -o report-$(BASE).html
	$(PYTHON) tests/screenshots.py report-$(BASE).html

clean:			## remove the Python environment and caches; not the work area
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help qemu-test series drift check test golden report check-base qemu-test-debug check-hunted \
	check-reproducers check-debian measure-profile measure-diff bench ci lint types test-all \
	test-sweep test-browser test-kernel test-kernel-sweep test-left-out test-bare test-tools setup \
	tools picture picture-report clean
