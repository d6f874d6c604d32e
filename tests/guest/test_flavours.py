# SPDX-License-Identifier: GPL-2.0-only
"""Flavours of kernels: what is told to their guests, and where they are named."""

import re
import subprocess

import pytest
from conftest import TESTS

from generator.guest.boot import BootRequest
from generator.guest.flavours import FLAVOURS, GUEST_DEADLINE, SLOWER, find_flavour
from generator.guest.gdb import PATIENCE
from generator.kbuild.config import MAKE_VARIABLES, find_fragments, parse_config
from generator.model.bases import BASES

ROOT = TESTS.parent
CHECKING = ("debug", "leaks", "races")


def options(flavour, base="6.1"):
    """Return what the fragments of a flavour ask for."""
    wishes = {}
    for path in find_fragments(base, flavour=flavour):
        wishes |= parse_config(path.read_text())
    return wishes


@pytest.mark.parametrize("name", [*FLAVOURS, *MAKE_VARIABLES])
def test_every_flavour_has_a_configuration(name):
    """What is said about a flavour that does not exist would never be used."""
    assert find_fragments("6.1", flavour=name)[-1].name == f"{name}.config"


def test_a_flavour_without_more_tests_is_told_nothing():
    """As every other kernel."""
    assert find_flavour("i386").parameters == ()
    assert find_flavour("i386").seconds == 600.0


SLOW_CLOCK = r"""
#define main guest_main
#include "init.c"
#undef main

/* Each look at the clock is a thousand seconds after the one before. */
int clock_gettime(clockid_t clock, struct timespec *ts)
{
	static long seconds;

	(void)clock;
	*ts = (struct timespec){ .tv_sec = seconds += 1000 };
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		usleep(200000);
		_exit(7);
	}
	status = wait_runner(pid, argc > 1 ? atol(argv[1]) : RUNNER_TIMEOUT);
	return status == -1 ? 99 : WEXITSTATUS(status);
}
"""


@pytest.mark.parametrize(("words", "status"), [((), 7), (("100000",), 7), (("600",), 99)])
def test_how_long_all_tests_take_is_not_limited_in_the_guest(tmp_path, words, status):
    """Unless it is told to: a slow machine whose tests advance goes on."""
    (tmp_path / "slow.c").write_text(SLOW_CLOCK)
    guest = f"-I{ROOT}/qemu/guest"
    subprocess.run(
        ["gcc", "-D_GNU_SOURCE", guest, "-o", tmp_path / "slow", tmp_path / "slow.c"], check=True
    )
    done = subprocess.run([tmp_path / "slow", *words], check=False, timeout=60)
    assert done.returncode == status


def test_a_flavour_limits_no_whole_run():
    """Neither is the guest told to."""
    for name, flavour in FLAVOURS.items():
        assert not [word for word in flavour.parameters if "timeout" in word], name


def test_the_guest_kills_a_test_before_the_host_gives_up():
    """Its deadline is known here, and what is left is enough for its two seconds and more."""
    runner = (ROOT / "qemu/guest/run-tests.c").read_text()
    assert int(re.search(r"^#define DEADLINE\s+(\d+)$", runner, re.M)[1]) == GUEST_DEADLINE
    assert int(PATIENCE.partition("=")[2]) <= GUEST_DEADLINE * SLOWER["gdb"]
    for name, flavour in {**FLAVOURS, "plain": find_flavour("plain")}.items():
        assert (flavour.deadline or GUEST_DEADLINE) + 20 <= flavour.stall(), name
        assert flavour.stall() < flavour.stall("bochs") < flavour.seconds, name


def test_a_plain_boot_that_hangs_ends_in_a_minute_or_two():
    """From its last test on, and to its first one."""
    assert find_flavour("plain").stall() <= 60
    assert BootRequest.stall == find_flavour("plain").stall()


@pytest.mark.parametrize("name", CHECKING)
def test_the_kernels_that_check_run_everything_at_once(name):
    """The whole list and the stress mix, on each, and `make` has it."""
    assert "stress" in find_flavour(name).also
    makefile = (ROOT / "Makefile").read_text()
    assert name in re.search(r"^FLAVOUR\s+\?= (.*)$", makefile, re.M)[1].split()


@pytest.mark.parametrize(
    ("name", "option"),
    [
        *(("debug", f"CONFIG_{word}") for word in ("KASAN", "PROVE_LOCKING", "PROVE_RCU")),
        *(("debug", f"CONFIG_{word}") for word in ("DEBUG_ATOMIC_SLEEP", "UBSAN", "DEBUG_OBJECTS")),
        ("leaks", "CONFIG_DEBUG_KMEMLEAK"),
        ("leaks", "CONFIG_SLUB_DEBUG_ON"),
        ("races", "CONFIG_KCSAN"),
    ],
)
def test_what_is_checked_is_asked_for(name, option):
    """On some kernel, each."""
    for base in (base.name for base in BASES if base.package):
        assert options(name, base)[option] == "y"
