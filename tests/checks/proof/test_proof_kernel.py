# SPDX-License-Identifier: GPL-2.0-only
"""The proof with the rendered C and a base's decoder; and that it finds what is wrong."""

import ctypes
import json
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.checks.proof.build import FROM_TIP, build_fuzzer, build_proof, load_decoder
from generator.checks.proof.cases import Case, make_cases
from generator.checks.proof.child import failure_in_child
from generator.checks.proof.compare import Prover
from generator.checks.proof.directed import EXECUTED, OTHER_MAPS, REFUSED, TOO_SHORT
from generator.checks.proof.explain import explain
from generator.checks.proof.fuzz import fuzz_analysis
from generator.checks.proof.judge import LEGACY_PREFIXES
from generator.checks.proof.known import NOT_HERE
from generator.checks.proof.library import ENOEXEC, EOPNOTSUPP, Library, Registers
from generator.checks.proof.returns import check_returns
from generator.checks.proof.run import ProofRequest, prove_series
from generator.checks.proof.verdict import Outcome
from generator.cli import main
from generator.errors import CheckFailed, InfraError, UserError
from generator.model.opcodes import OPCODES
from generator.plan import find_base, find_series, plan_series
from generator.report.schema import make_schema
from generator.tree.series import prefix_tree, render_series

pytestmark = pytest.mark.kernel

UPROBES_C = "arch/x86/kernel/uprobes.c"


@pytest.fixture(scope="module", params=["6.1", "6.12"])
def rendered(request, kernel_source, tmp_path_factory):
    """Return a source, the tip's files and a place to build in."""
    source = kernel_source(request.param)
    base = find_base(request.param)
    place = tmp_path_factory.mktemp("proof")
    tip = render_series(plan_series(base, find_series("review")), source, place).tip_files
    return source, dict(tip), place


@pytest.fixture(scope="module")
def made(rendered):
    """Return what was compiled."""
    source, tip, place = rendered
    return build_proof(source.load, tip, place / "tip")


@pytest.fixture(scope="module")
def prover(made):
    """Return a prover."""
    return Prover(Library(made.library), made.native, seed=1)


@pytest.fixture(scope="module")
def checked(made):
    """Return a function that analyses one input with sanitizers."""
    with subprocess.Popen([made.filter], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

        def analyze(bits: int, code: bytes) -> int:
            process.stdin.write(bytes([bits == 64]) + code)
            process.stdin.flush()
            answer = process.stdout.read(4)
            assert len(answer) == 4, "a sanitizer has ended it"
            return int.from_bytes(answer, "little", signed=True)

        yield analyze
        process.stdin.close()


def test_everything_is_equal(rendered):
    """A small run finds nothing, and leaves few opcodes out."""
    source, tip, place = rendered
    request = ProofRequest(load=source.load, tip=tip, place=place / "tip", cases=5000, seed=3)
    summary = prove_series(request).summary
    more = {"format": 1, "base": "", "source": "", "seed": 3, "checked_inputs": 0}
    jsonschema.validate(json.loads(json.dumps({**more, **asdict(summary)})), make_schema("proof"))
    assert summary.failures == ()
    assert summary.instructions == 5000
    left = [row for row in summary.uncovered if NOT_HERE not in row.why]
    assert len(left) < 0.1 * summary.opcodes
    assert [row.form for row in summary.emulated if not row.cases] == []
    assert sum(row.faults for row in summary.emulated) > 10


# Each of these is wrong in a way that a kernel of some time was; the proof has to see it.
MUTATIONS = {
    "the scratch register is not loaded": ("*scratch = utask->vaddr + mode->ilen;", ";"),
    "nor restored": ("*scratch = autask->saved_scratch_register;", ";"),
    "it is rsi even where ModRM.reg is": ("if (!(used & BIT(UPROBE_REG_SI)))", "if (1)"),
    "nor rdi where vvvv is": ("? UPROBE_REG_BX : UPROBE_REG_DI", "? UPROBE_REG_DI : 0"),
    "vvvv is not inverted": ("BIT(~X86_VEX_V(insn->vex_prefix.bytes[2]) & 7)", "0"),
    "VEX.B stays": ("vex[1] |= 0x60;", "vex[1] |= 0;"),
    "rbx is not restored": ("return &regs->bx;", "return NULL;"),
    "REX.B stays": ("*rex &= ~0x01;", "*rex &= ~0x00;"),
    "the return address is that of the slot": (
        "if (mode->fixups & UPROBE_FIX_CALL) {",
        "if (mode->fixups & 0) {",
    ),
    "a 32-bit task gets one of 8 bytes": ("return !user_64bit_mode(regs) ? 4 : 8;", "return 8;"),
    "pushf shows TF": ("~(X86_EFLAGS_TF >> 8)", "~0"),
    "the ip stays in the slot": ("regs->ip += utask->vaddr - utask->xol_vaddr;", ";"),
    "a branch is always taken": ("if (taken)", "if (taken || 1)"),
    "the distance is lost": ("regs->ip += (long)mode->offs;", "regs->ip += 1;"),
    "the distance is not signed": ("(long)mode->offs", "(u32)mode->offs"),
    "32-bit code gets a 64-bit ip": ("regs->ip = (u32)regs->ip;", ";"),
    "an exception leaves the ip in the slot": (
        "	regs->ip = utask->vaddr;\n	if (!utask",
        "	if (!utask",
    ),
    "an exception leaves TF": (
        "regs->flags &= ~X86_EFLAGS_TF;\n\tif (utask",
        ";\n\tif (utask",
    ),
    "popf loses TF": ("if (!(mode->fixups & UPROBE_FIX_SETF))", "if (1)"),
    "a debugger loses its trap": (
        "if (*dr6 & (DR_STEP | DR_TRAP_BITS))",
        "if (*dr6 & DR_TRAP_BITS)",
    ),
    "trap_nr is lost": ("if (current->thread.trap_nr == UPROBE_TRAP_NR)", "if (1)"),
    "block-stepping stays": ("set_task_blockstep(current, false);", ";"),
    "block-stepping ends": ("set_task_blockstep(current, true);", ";"),
    "block-stepping stops everywhere": (
        "(!test_thread_flag(TIF_BLOCKSTEP) ||",
        "(!test_thread_flag(TIF_BLOCKSTEP) || 1 ||",
    ),
    "block-stepping stops behind a copy": (
        "		if (!uprobe_copy_branched(mode, regs))",
        "		if (0)",
    ),
    "block-stepping misses a branch": ("return done && done !=", "return done && 0 &&"),
    "block-stepping misses an emulated one": ("return op->op >= UPROBE_OP_CALL;", "return false;"),
    "block-stepping stops where none is taken": (
        "if (op->op == UPROBE_OP_JCC)",
        "if (op->op == UPROBE_OP_JCC && 0)",
    ),
    "the stack is gone and nothing is undone": ("regs->sp = autask->saved_sp;", ";"),
    "a NOP is skipped by one byte": ("regs->ip + mode->ilen);", "regs->ip + 1);"),
    "xchg %r8,%rax is a NOP": ("!X86_REX_B(insn->rex_prefix.value)", "1"),
    "operands are not seen": (
        "if (uprobe_insn_lacks_operands(insn))",
        "if (uprobe_insn_lacks_operands(insn) && 0)",
    ),
    "a slot is executed without its end": (
        "memcpy(ixol, auprobe->insn, mode->ilen);",
        "memcpy(ixol, auprobe->insn, mode->ilen - 1);",
    ),
    "branches of 16 bits": ("uprobe_insn_has_prefix(insn, 0x66) &&", "0 &&"),
    "VEX is taken for something else": (
        "if (insn_is_avx(insn) ||",
        "if (",
    ),
    "groups are not looked at": (
        "return group->fixups[selected];",
        "return group->fixups[0];",
    ),
    "borrows are carries": ("carries = (~a & b) | ((~a | b) & result);", ""),
    "there is no carry": ("carries = (a & b) | ((a | b) & ~result);", ""),
    "inc sets the carry": ("changed &= ~X86_EFLAGS_CF;", ";"),
    "no overflow": ("flags |= X86_EFLAGS_OF;", ";"),
    "no half carry": ("flags |= X86_EFLAGS_AF;", ";"),
    "parity is that of 64 bits": ("hweight8(result)", "__builtin_popcountl(result)"),
    "zero is that of 64 bits": ("!(result << (BITS_PER_LONG - 1 - top))", "!result"),
    "32 bits leave the upper half": (
        "*(unsigned long *)reg = (u32)value;",
        "*(u32 *)reg = value;",
    ),
    "ah is spl": ("size == 1 && number >= 4 && !insn", "0 && !insn"),
    "adc is add": ("alu == UPROBE_ALU_ADC ? carry : 0", "0"),
    "sbb is sub": ("alu == UPROBE_ALU_SBB ? carry : 0", "0"),
    "conditions are not negated": ("return found != (condition & 1);", "return found;"),
    "less is negative": (
        "!(flags & X86_EFLAGS_SF) != !(flags & X86_EFLAGS_OF)",
        "flags & X86_EFLAGS_SF",
    ),
    "cmov does not cut": (
        "value = uprobe_read_reg(regs, op->dst, op->size);",
        "return 0;",
    ),
    "the operand is relative to the probed address": ("op->disp += insn->length;", ";"),
    "the index has no scale": ("<< op->scale", "<< 0"),
    "no sign": ("if (op->sign)", "if (0)"),
    "pop counts too late": (
        "regs->sp = uprobe_mode_address(mode, sp + op->size);\n\tif (!uprobe_set_operand"
        "(mode, regs, value))\n",
        "if (!uprobe_set_operand(mode, regs, value) &&\n"
        "\t    (regs->sp = uprobe_mode_address(mode, sp + op->size)))\n",
    ),
    "pop keeps what it has undone": ("\tregs->sp = sp;\n\treturn -EFAULT;", "\treturn -EFAULT;"),
    "ret drops nothing": ("(u16)op->imm", "0"),
    "a call fails and has pushed": (
        "if (uprobe_get_operand(mode, regs, op->src, op->size, &target) ||",
        "if (uprobe_push(mode, regs, op->size, regs->ip) ||\n"
        "uprobe_get_operand(mode, regs, op->src, op->size, &target) ||",
    ),
    "lea reads memory": ("op->src = UPROBE_ADDRESS;", ";"),
    "arpl is movsxd": ("if (!insn->x86_64)\n\t\t\treturn false;", ";"),
    "segments are ignored": ("0xf0, 0xf2, 0xf3, 0x64, 0x65 };", "0xf0 };"),
    "what 64-bit code lacks": ("if ((fixups & UPROBE_INSN_32BIT) && insn->x86_64)", "if (0)"),
    "what is not aligned is not stored": (
        "!access_ok(place, size))\n\t\treturn -EFAULT;",
        "!access_ok(place, size))\n\t\treturn 0;",
    ),
    "the last row is not found": (
        "for (i = 0; i < ARRAY_SIZE(uprobe_emulated); i++, row++)",
        "for (i = 1; i < ARRAY_SIZE(uprobe_emulated); i++, row++)",
    ),
    "a debugger is not told": ("if (*dr6 & (DR_STEP | DR_TRAP_BITS))", "if (*dr6 & DR_STEP)"),
    "a debugger sees our step": ("*dr6 &= ~DR_STEP;", ";"),
    "the copy of a branch goes far": (
        "memset(displacement, 0, insn->immediate.nbytes);",
        ";",
    ),
    "a byte in front is changed in the original": (
        "uprobe_move_riprel(mode, ixol, &insn);",
        "uprobe_move_riprel(mode, auprobe->insn, &insn);",
    ),
    "the original is changed": (
        "uprobe_move_branch(mode, ixol, &insn);",
        "uprobe_move_branch(mode, auprobe->insn, &insn);",
    ),
    "the copy is that of the other mode": (
        "(mode - auprobe->modes) * MAX_UINSN_BYTES",
        "(1 - (mode - auprobe->modes)) * MAX_UINSN_BYTES",
    ),
    "jumps to where no code can be": (
        "return !mode->x86_64 || target < TASK_SIZE_MAX;",
        "return mode->x86_64 || target < TASK_SIZE_MAX;",
    ),
    "EVEX is refused in VEX's name": (
        "((vex[1] & 0x08) || !(vex[2] & 0x04))",
        "!((vex[1] & 0x08) || !(vex[2] & 0x04))",
    ),
    "an immediate is missed": ("return !insn->immediate.nbytes;", ";"),
    "a refusal has another error": ("return -EOPNOTSUPP;", "return -ENOEXEC;"),
}


@pytest.fixture(scope="module")
def mutated_cases():
    """Return cases with and without VEX; some faults take many."""
    by_kind = {
        vex: replace(OPCODES, maps=tuple(m for m in OPCODES.maps if bool(m.vex) == vex))
        for vex in (False, True)
    }
    return {vex: make_cases(model, wanted=20_000, seed=1) for vex, model in by_kind.items()}


@pytest.mark.parametrize("what", MUTATIONS)
def test_what_is_wrong_is_found(rendered, mutated_cases, what, tmp_path):
    """A change for the worse makes cases unequal."""
    source, tip, _ = rendered
    if not source.version.startswith("6.1."):
        pytest.skip("the code is the same for all bases")
    before, after = MUTATIONS[what]
    assert tip[UPROBES_C].count(before), f"the C has changed: there is no '{before}'"
    sources = load_decoder(source.load) | {path: tip[path] for path in FROM_TIP}
    sources[UPROBES_C] = tip[UPROBES_C].replace(before, after)
    vex = any(word in what for word in ("vvvv", "VEX", "rbx"))
    found = failure_in_child(sources, tmp_path, mutated_cases[vex])
    assert found
    assert "does not compile" not in found


@pytest.mark.parametrize("directed", EXECUTED, ids=lambda d: f"{d.bits} {d.code}")
@pytest.mark.parametrize("site", [0, 1])
def test_instructions_that_were_wrong_once(prover, directed, site):
    """Each of them has the effect that it has without a probe."""
    code = bytes.fromhex(directed.code)
    result = prover.prove(Case(bits=directed.bits, code=code, site=site, family=0))
    if result.outcome == Outcome.LEFT_OUT and result.reason.startswith(NOT_HERE):
        pytest.skip(f"NOT TESTED: {directed.code}: {result.reason}")
    assert result.outcome in (Outcome.EQUAL, Outcome.SKIPPED, Outcome.FAULTED), result


@pytest.mark.parametrize("directed", TOO_SHORT, ids=lambda d: f"{d.bits} {d.code}")
def test_operands_that_the_decoder_misses(made, directed):
    """Too few bytes would be copied: refused."""
    code = bytes.fromhex(directed.code).ljust(16, b"\xcc")
    found = Library(made.library).analyze(code, bits=directed.bits)
    assert found.ret == -EOPNOTSUPP


@pytest.mark.parametrize("directed", OTHER_MAPS + REFUSED, ids=lambda d: d.code)
def test_what_is_refused(made, directed):
    """REX2: the opcode byte is one of another map; 66 before a near branch: not one meaning."""
    code = bytes.fromhex(directed.code).ljust(16, b"\xcc")
    found = Library(made.library).analyze(code, bits=64)
    assert found.ret == -EOPNOTSUPP


@pytest.mark.parametrize(
    "code", ["0f 31", "0f 77", "0f 84 00 00 00 00", "0f a2", "0f a0", "0f c8", "48 0f cf"]
)
def test_opcodes_without_operands_are_accepted(made, code):
    """They have no ModRM byte to be missed."""
    found = Library(made.library).analyze(bytes.fromhex(code).ljust(16, b"\xcc"), bits=64)
    assert found.ret == 0


prefixed = st.builds(
    lambda front, rest: (bytes(front) + rest)[:16].ljust(16, b"\x66"),
    st.lists(
        st.sampled_from(sorted(LEGACY_PREFIXES | {0xC4, 0xC5, 0x62, 0x8F, 0x0F})), max_size=15
    ),
    st.binary(max_size=16),
)


@settings(max_examples=3000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=prefixed, bits=st.sampled_from([64, 32]))
def test_any_bytes_end_in_a_verdict(checked, code, bits):
    """Whatever stands there: 0 or one of two errors, and no report of a sanitizer."""
    assert checked(bits, code) in (0, -ENOEXEC, -EOPNOTSUPP)


@settings(max_examples=1500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=prefixed, bits=st.sampled_from([64, 32]), site=st.sampled_from([0, 1]))
def test_any_instruction_is_as_without_a_probe(prover, code, bits, site):
    """What is accepted has the effect that it has without a probe."""
    result = prover.prove(Case(bits=bits, code=code, site=site, family=0))
    assert result.outcome != Outcome.UNEQUAL, result


@pytest.mark.parametrize("count", range(16))
def test_many_prefixes(made, checked, count):
    """Up to the longest instruction they count; one more, and it is none."""
    code = (b"\x66" * count + b"\x90").ljust(16, b"\xcc")
    wanted = 0 if count < 15 else -ENOEXEC
    assert checked(64, code) == wanted
    assert Library(made.library).analyze(code, bits=64).ret == wanted


IP = {"UPROBE_FIX_IP": "ip moves on from the slot"}


@pytest.mark.parametrize(
    ("bits", "code", "wanted"),
    [
        (64, "48 8b 05 10 00 00 00", {"accepted": True, "scratch": "rsi", "letter": "X"}),
        (64, "48 8b 35 10 00 00 00", {"accepted": True, "scratch": "rdi"}),
        (64, "e8 10 00 00 00", {"letter": "C", "distance": 16, "copy": "e8 01 00 00 00"}),
        (64, "90", {"skipped": True}),
        (64, "49 90", {"skipped": False, "accepted": True}),
        (64, "0f 05", {"accepted": False, "error": EOPNOTSUPP, "letter": "_"}),
        (64, "06", {"accepted": False, "reason": "invalid in 64-bit code"}),
        (32, "06", {"accepted": True, "reason": ""}),
        (64, "c5 f8 77", {"accepted": True, "letter": "X", "fixups": IP}),
        (64, "c4 e2 f1 f7 05 00 00 00 00", {"scratch": "rsi"}),
        (64, "c4 e2 c9 f7 3d 00 00 00 00", {"scratch": "rbx"}),
        (64, "62 f5 7c 48 58 c1", {"letter": "X", "reason": ""}),
        (64, "62 f7 7c 48 58 c1", {"letter": "", "reason": "not an instruction"}),
        (64, "62 f9 7c 48 58 c1", {"accepted": False, "error": EOPNOTSUPP}),
        (64, "62 f1 78 48 58 c1", {"accepted": False, "error": EOPNOTSUPP}),
        (32, "17", {"accepted": False}),
        (64, "ff 2f", {"accepted": False, "letter": "_"}),
    ],
)
def test_explain(made, bits, code, wanted):
    """The words are about what the C does."""
    found = explain(made.library, OPCODES, bytes.fromhex(code), bits=bits)
    assert {name: getattr(found, name) for name in wanted} == wanted
    jsonschema.validate({"format": 1, **asdict(found)}, make_schema("explain"))
    assert bool(found.reason) != found.accepted


def test_half_an_instruction(made):
    """How many bytes the decoder wants, and how many there are."""
    with pytest.raises(UserError, match="wants 2 bytes, not 1"):
        explain(made.library, OPCODES, b"\xff", bits=64)


def test_explain_makes_nothing_that_nobody_sees(rendered, tmp_path, capsys):
    """The command compiles the tip's C; it makes no commits and no patches for that."""
    source, tip, _ = rendered
    name = ".".join(source.version.split(".")[:2])
    command = ["explain", "90", "--base", name, "--tree", str(source.path), "--json"]
    command += ["--rev", source.commit] if source.commit else []
    assert main([*command, "--workdir", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["skipped"] is True
    assert not list(tmp_path.rglob("*.patch")) and not (tmp_path / name / "repo.git").exists()
    plan = plan_series(find_base(name), find_series("review"))
    files = prefix_tree(plan, source).files
    assert {path: files[path] for path in tip} == tip


def test_a_task_in_the_other_mode_is_not_stepped(made):
    """The instruction was analysed as that of a 32-bit program."""
    library = Library(made.library)
    library.analyze(b"\x40".ljust(16, b"\xcc"), bits=32)
    library.hit(bits=64, vaddr=0x1000, slot=0x2000, trap_nr=0, blockstep=False)
    regs = Registers(ip=0x1000)
    assert library.pre_xol(ctypes.addressof(regs)) == -ENOEXEC
    assert not library.skip(ctypes.addressof(regs))
    assert regs.ip == 0x1000


SITE, SLOT, STACK, TRAMPOLINE = 0x1000, 0x2000, 0x8000, 0x9000
BEHIND_SYSCALL = 15  # the size of uretprobe_trampoline[]


@pytest.fixture
def shadowed(rendered, made):
    """Return the C, a stack of the task, and whether this base has shadow stacks."""
    library = Library(made.library)
    stack = bytearray(16)

    def write(address, data):
        stack[address - STACK : address - STACK + len(data)] = data
        return True

    library.set_memory(lambda a, size: bytes(stack[a - STACK : a - STACK + size]), write)
    yield library, stack, "shstk_update_last_frame" in rendered[1][UPROBES_C]
    library.end_shstk()


@pytest.mark.parametrize("broken", [False, True])
def test_a_shadow_stack_is_told_of_a_stepped_call(shadowed, broken):
    """Call *%rax: the copy has pushed the slot's address to both, and both get the program's."""
    library, stack, has = shadowed
    library.analyze(b"\xff\xd0".ljust(16, b"\xcc"), bits=64)
    library.hit(bits=64, vaddr=SITE, slot=SLOT, trap_nr=0, blockstep=False)
    library.set_shstk(SLOT + 2, broken)
    regs = Registers(ip=SITE, ax=0x5000, sp=STACK + 8)
    assert library.skip(ctypes.addressof(regs)) is not has
    if not has:
        return
    assert library.pre_xol(ctypes.addressof(regs)) == 0
    stack[:8] = (SLOT + 2).to_bytes(8, "little")
    regs.ip, regs.sp = 0x5000, STACK
    assert library.post_xol(ctypes.addressof(regs)) == 0
    if broken:
        assert (regs.ip, regs.sp) == (SITE, STACK + 8)
        assert library.end_shstk() == SLOT + 2
    else:
        assert (regs.ip, regs.sp) == (0x5000, STACK)
        assert int.from_bytes(stack[:8], "little") == library.end_shstk() == SITE + 2


@pytest.mark.parametrize("code", ["c3", "c20800", "e800000000"])
def test_what_a_shadow_stack_sees_is_stepped(shadowed, code):
    """Ret and call are the processor's; without a shadow stack they are emulated."""
    library, _, has = shadowed
    library.analyze(bytes.fromhex(code).ljust(16, b"\xcc"), bits=64)
    library.hit(bits=64, vaddr=SITE, slot=SLOT, trap_nr=0, blockstep=False)
    library.set_shstk(0, False)
    assert library.skip(ctypes.addressof(Registers(ip=SITE, sp=STACK + 8))) is not has
    library.end_shstk()
    assert library.skip(ctypes.addressof(Registers(ip=SITE, sp=STACK + 8)))


@pytest.mark.parametrize("broken", [False, True])
def test_a_return_probe_changes_both_stacks(shadowed, broken):
    """Or neither, and then the return is not probed."""
    library, stack, has = shadowed
    stack[:8] = (0x5002).to_bytes(8, "little")
    library.hit(bits=64, vaddr=SITE, slot=SLOT, trap_nr=0, blockstep=False)
    library.set_shstk(0x5002, broken)
    regs = Registers(ip=SITE, sp=STACK)
    given_up = has and broken
    assert library.hijack(ctypes.addressof(regs), TRAMPOLINE) == (-1 if given_up else 0x5002)
    # where shadow stacks are is a system call as well; this stack has no room for what it pushes
    there = TRAMPOLINE + (BEHIND_SYSCALL if has else 0)
    assert int.from_bytes(stack[:8], "little") == (0x5002 if given_up else there)
    assert library.end_shstk() == (there if has and not broken else 0x5002)


needs_clang = pytest.mark.needs("clang")


@needs_clang
def test_the_fuzzer_finds_nothing(rendered):
    """A few seconds of it."""
    source, tip, place = rendered
    program = build_fuzzer(source.load, tip, place / "fuzz")
    seeds = [
        Case(bits=directed.bits, code=bytes.fromhex(directed.code), site=0, family=0)
        for directed in EXECUTED
    ]
    found = fuzz_analysis(program, seeds, seconds=3, seed=1, place=place / "fuzz-corpus")
    assert found.runs > 1000
    assert found.covered > 100
    assert found.kept >= len(EXECUTED)


@needs_clang
@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (
            "displacement[0] = 1;",
            "ixol[sizeof(struct arch_uprobe)] = 1;",
            "overflow",
        ),
        ("return -EOPNOTSUPP;", "return -EPERM;", "deadly signal"),
    ],
)
def test_the_fuzzer_finds_what_is_wrong(rendered, tmp_path, before, after, what):
    """Memory out of bounds, a verdict that is none: the input is named and kept."""
    source, tip, _ = rendered
    assert before in tip[UPROBES_C]
    broken = {**tip, UPROBES_C: tip[UPROBES_C].replace(before, after)}
    program = build_fuzzer(source.load, broken, tmp_path / "build")
    with pytest.raises(CheckFailed, match=what) as caught:
        fuzz_analysis(program, [], seconds=20, seed=1, place=tmp_path / "fuzz")
    assert "-bit code" in caught.value.where
    assert list((tmp_path / "fuzz").glob("crash-*"))


def test_no_fuzzer(tmp_path):
    """A program that is not there, and one that is none."""
    with pytest.raises(InfraError, match="fuzzer"):
        fuzz_analysis(tmp_path / "none", [], seconds=1, seed=1, place=tmp_path / "a")
    with pytest.raises(InfraError, match="says nothing"):
        fuzz_analysis(Path("/bin/true"), [], seconds=1, seed=1, place=tmp_path / "b")


def test_another_has_given_the_c_its_memory(prover, made):
    """A file that is loaded twice is one C: its memory is that of whoever proves."""
    assert check_returns(Library(made.library)) == []
    result = prover.prove(Case(bits=64, code=bytes.fromhex("66c9"), site=0, family=0))
    assert result.outcome in (Outcome.EQUAL, Outcome.SKIPPED), result


def test_a_word_of_the_kernel_is_noticed(rendered, made, tmp_path):
    """In 32-bit code a return address has four bytes, on a 64-bit kernel too."""
    source, tip, _place = rendered
    assert check_returns(Library(made.library)) == []
    file = tip[UPROBES_C]
    right = "return regs->sp - uprobe_word_size(regs);"
    assert right in file
    broken = {**tip, UPROBES_C: file.replace(right, "return regs->sp - sizeof(regs->sp);")}
    library = Library(build_proof(source.load, broken, tmp_path).library)
    (problem,) = check_returns(library)
    assert problem.startswith("32-bit: the return address is said to have been at")
