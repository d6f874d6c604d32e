# SPDX-License-Identifier: GPL-2.0-only
"""Hits on several processors: what they share is found, rates are compared, a stub is stepped."""

import socket
import threading
from dataclasses import replace

import pytest

from generator.checks.scaling.count import Symbols, count_hits
from generator.checks.scaling.rates import compare_rates
from generator.checks.scaling.record import REGISTERS, Recording, Step, _connect
from generator.errors import CheckFailed, InfraError
from generator.guest.ktap import parse_ktap
from generator.report.scaling import as_data, as_text, compare_counts

START = 0xFFFFFFFF81000000
CODE = {
    "lock incl (%rdi)": "f0ff07",
    "mov %eax,(%rsi)": "8906",
    "mov %rax,%gs:(%rdi)": "65488907",
    "xchg %eax,(%rdi)": "8707",
    "xchg %eax,%ecx": "87c1",
    "push %rax": "50",
    "mov (%rdi),%rax": "488b07",
    "mov %eax,8(%rdi,%rcx,8)": "8944cf08",
    "rep stosb": "f3aa",
    "nop": "90",
}
TEXT = bytes.fromhex("".join(CODE.values()))
SHARED, OTHER = 0xFFFF888000001000, 0xFFFF888000002000
SYMBOLS = Symbols(
    [
        f"{START:016x} T _stext",
        f"{START:016x} T hot",
        f"{START + 3:016x} T cold.constprop.0",
        f"{START + 9:016x} T kfree",
        f"{START + 23:016x} T kmem_cache_alloc",
        f"{START + len(TEXT):016x} T _etext",
        f"{OTHER:016x} D data",
    ]
)


def packet(**registers):
    """Return what the gdbstub of QEMU 7.2 says of registers."""
    words = [registers.get(name, 0).to_bytes(8, "little") for name in REGISTERS]
    bases = [registers.get(name, 0).to_bytes(8, "little") for name in ("fs_base", "gs_base")]
    return b"".join(words) + bytes(7 * 4) + b"".join(bases)


def step(line, cpu, **registers):
    """Return a step on one of two processors, whose stack and own memory are different."""
    at = START + sum(len(bytes.fromhex(c)) for c in list(CODE.values())[: list(CODE).index(line)])
    own = {"rsp": OTHER + cpu * 0x10000, "gs_base": 0x100000 * cpu, "rip": at}
    return Step(at, packet(**(own | registers)))


def count(*lines, **registers):
    """Count one call of each processor, with the same registers."""
    calls = tuple((tuple(step(line, cpu, **registers) for line in lines),) for cpu in (0, 1))
    recording = Recording(calls=calls, text=TEXT, start=START)
    return count_hits(recording, SYMBOLS, row="x", side="ours")


@pytest.mark.parametrize(
    ("line", "locked", "lines", "writes", "hot"),
    [
        ("lock incl (%rdi)", 1, 1, 1, 1),
        ("mov %eax,(%rsi)", 0, 1, 1, 0),
        ("mov %rax,%gs:(%rdi)", 0, 0, 0, 0),
        ("xchg %eax,(%rdi)", 1, 1, 1, 1),
        ("xchg %eax,%ecx", 0, 0, 0, 0),
        ("push %rax", 0, 0, 0, 0),
        ("mov (%rdi),%rax", 0, 0, 0, 0),
        ("mov %eax,8(%rdi,%rcx,8)", 0, 1, 1, 0),
        ("rep stosb", 0, 1, 1, 0),
        ("nop", 0, 0, 0, 0),
    ],
)
def test_what_is_shared(line, locked, lines, writes, hot):
    """Memory at one address for both is; a stack, a processor's own and what is read is not."""
    found = count(line, rdi=SHARED, rsi=SHARED, rcx=7)
    assert found.instructions == 1 and found.calls == 2
    assert (found.locked, found.shared_lines) == (locked, lines)
    assert (found.shared_writes, found.shared_locked) == (writes, hot)


def test_two_words_of_one_line():
    """A line has 64 bytes: other words of it are shared as well, the next line is not."""
    one = step("mov %eax,(%rsi)", 0, rsi=SHARED)
    for away, shared in ((60, 1), (64, 0)):
        two = step("mov %eax,(%rsi)", 1, rsi=SHARED + away)
        recording = Recording(calls=(((one,),), ((two,),)), text=TEXT, start=START)
        assert count_hits(recording, SYMBOLS, row="x", side="base").shared_lines == shared


def test_memory_of_the_program():
    """What the kernel writes for the program is no memory of the kernel."""
    assert count("mov %eax,(%rsi)", rsi=0x400000).shared_lines == 0


def test_names():
    """Functions that allocate and free are counted where they begin; places have names."""
    found = count(
        *("lock incl (%rdi)", "mov %eax,(%rsi)", "xchg %eax,(%rdi)", "nop"), rdi=SHARED, rsi=SHARED
    )
    assert (found.allocations, found.frees) == (1, 1)
    assert found.places == ("hot: 1", "cold: 1", "kfree: 1")
    text = as_text([found], [])
    assert "hot: 1, cold: 1" in text and "x, ours" in text


def test_calls_that_are_not_alike():
    """Then something came in between."""
    calls = (((step("nop", 0),),), ((step("nop", 1), step("nop", 1)),))
    with pytest.raises(CheckFailed, match=r"calls of \[1, 2\] instructions are not"):
        count_hits(Recording(calls=calls, text=TEXT, start=START), SYMBOLS, row="x", side="ours")


def test_calls_that_are_nearly_alike():
    """One instruction more in twenty is another way through the same; the median is told."""
    calls = tuple(((step("nop", cpu),) * (20 + cpu),) for cpu in (0, 1))
    recording = Recording(calls=calls, text=TEXT, start=START)
    assert count_hits(recording, SYMBOLS, row="x", side="ours").instructions == 20


def test_a_call_that_did_more():
    """It is left out, where the same processor has another one."""
    calls = tuple(((step("nop", n),) * 40, (step("nop", n),) * 20) for n in (0, 1))
    found = count_hits(
        Recording(calls=calls, text=TEXT, start=START), SYMBOLS, row="x", side="ours"
    )
    assert (found.calls, found.instructions) == (2, 20)


def test_code_that_is_not_there():
    """An address outside of the kernel's code is said, not guessed."""
    calls = tuple(((Step(START + 0x100000, packet()),),) for _ in (0, 1))
    with pytest.raises(CheckFailed, match="no instruction"):
        count_hits(Recording(calls=calls, text=TEXT, start=START), SYMBOLS, row="x", side="ours")


class Stub(threading.Thread):
    """A gdbstub whose processor goes from 1 to 5 and begins again."""

    def __init__(self, path, *, deaf=False):
        super().__init__(daemon=True)
        self.place, self.deaf, self.seen = 3, deaf, []
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        self.start()

    def run(self):
        """Answer until the other side has gone."""
        stream, _ = self.server.accept()
        with stream, self.server:
            self.say(stream, "T02thread:01;")
            file = stream.makefile("rb")
            while byte := file.read(1):
                if byte == b"$":
                    words = b"".join(iter(lambda: file.read(1), b"#")).decode()
                    file.read(2)
                    if self.deaf:
                        return
                    stream.sendall(b"+")
                    self.answer(stream, words)

    def say(self, stream, words):
        """Send a packet."""
        stream.sendall(b"$%s#%02x" % (words.encode(), sum(words.encode()) % 256))

    def answer(self, stream, words):
        """Answer a packet as QEMU does."""
        self.seen.append(words)
        if words.startswith("vCont;s"):
            self.place = self.place % 5 + 1
            self.say(stream, "T05thread:01;")
        elif words.startswith("vCont;c"):
            self.place = 5
            self.say(stream, "T05thread:01;")
        elif words == "g":
            self.say(stream, packet(rip=self.place).hex())
        elif words.startswith("m"):
            self.say(stream, "90cc")
        else:
            self.say(stream, "OK")


def test_stub(tmp_path):
    """A call is all instructions between two visits of one address."""
    stub = Stub(tmp_path / "s")
    with _connect(tmp_path / "s") as there:
        assert there.read(START, 2) == b"\x90\xcc"
        there.run_to(1, 5)
        assert [step.pc for step in there.walk(1, 5)] == [5, 1, 2, 3, 4]
        assert [step.pc for step in there.walk(1, 5)] == [5, 1, 2, 3, 4]
        with pytest.raises(InfraError, match="does not come to 0x4"):
            there.run_to(2, 4)
    assert stub.seen.count("Z0,5,1") == stub.seen.count("z0,5,1") == 1


def test_stub_that_does_not_come_there(tmp_path, monkeypatch):
    """A walk has an end."""
    monkeypatch.setattr("generator.checks.scaling.record.STEPS", 20)
    Stub(tmp_path / "s")
    with _connect(tmp_path / "s") as there, pytest.raises(InfraError, match="in 20 instructions"):
        list(there.walk(1, 9))


def test_stub_that_goes(tmp_path):
    """QEMU has ended, or was never there."""
    Stub(tmp_path / "s", deaf=True)
    with pytest.raises(InfraError, match="gdbstub"), _connect(tmp_path / "s") as there:
        there.look(1)
    with pytest.raises(InfraError, match="gdbstub"), _connect(tmp_path / "none"):
        pass


def test_what_ours_shares_beyond_the_base():
    """More lines, writes or locks than the base is a problem; fewer is none."""
    ours = count("lock incl (%rdi)", rdi=SHARED)
    base = replace(ours, side="base")
    assert compare_counts([ours, base]) == ()
    assert compare_counts([ours]) == ()
    assert compare_counts([replace(ours, shared_writes=0.5), base]) == ()
    more = replace(ours, shared_writes=2.0, shared_lines=3)
    assert compare_counts([more, base]) == (
        "x: shared lines 3, the base 1",
        "x: shared writes 2, the base 1",
    )
    assert as_data([more, base], [])["problems"] == compare_counts([more, base])


def guest(*rates, outcome="pass"):
    """Return what a guest has printed."""
    lines = ["KTAP version 1", f"1..{len(rates)}"]
    for number, rate in enumerate(rates, 1):
        lines.append(f"# r{number}: outcome={outcome} errno=0 hits=5 rate={rate} unprobed=9")
        lines.append(f"{'ok' if outcome == 'pass' else 'not ok'} {number} r{number}")
    return parse_ktap([*lines, "# uprobekit: done"])


def test_rates():
    """Ratios are of the boots of one run."""
    runs = [(guest(100, 50), guest(100, 100)), (guest(90, 100), guest(100, 50))]
    runs.append((guest(120, 10), guest(100, 10)))
    one, two = compare_rates(runs)
    assert (one.row, one.ratios, one.minimum, one.median) == ("r1", (1.0, 0.9, 1.2), 0.9, 1.0)
    assert (two.minimum, two.median) == (0.5, 1.0)
    data = as_data([], [one, two])
    assert data["rates"][0]["median"] == 1.0
    assert "r1" in as_text([], [one])


@pytest.mark.parametrize(
    "bad",
    [
        guest(1, outcome="miscounted"),
        guest(0),
        guest(1, 2),
        parse_ktap(["KTAP version 1", "1..2", "ok 1 r1"]),
        parse_ktap([]),
    ],
)
def test_rates_that_say_nothing(bad):
    """Hits that were lost, no hit, other rows, half of a result."""
    with pytest.raises(CheckFailed):
        compare_rates([(guest(1), bad)])
