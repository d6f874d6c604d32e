# SPDX-License-Identifier: GPL-2.0-only
"""What the emulator at hand cannot be asked, by name and with the evidence.

Unicorn 2.1.4 is made from QEMU 5.0.1. A case is only left out for a reason that is written here; an
instruction that the emulator refuses without one is a failure. The evidence is in
``tests/checks/proof/test_proof_unit.py``: it asks the emulator.
"""

from __future__ import annotations

from generator.checks.proof.judge import Decoded, split_prefixes

# two executions need not give the same result
NOT_DETERMINISTIC = {
    "rdtsc": "reads the time",
    "rdrand": "reads random numbers",
    "rdseed": "reads random numbers",
    "rdpid": "reads the number of the processor",
    "rdtscp": "reads the time",
    "rdpmc": "reads a counter of events",
    "rdpru": "reads a counter of cycles",
}

# neither the emulator nor the processor at hand is asked
NOT_ASKED = {
    **dict.fromkeys(("vmcall", "vmmcall", "vmgexit", "vmfunc"), "a hypervisor answers"),
    "wrpkru": "takes memory away from the process that executes it",
}

# The emulator runs at CPL 0, where these do something. In user mode they raise an exception, which
# a probe reports as it would be without it.
ALWAYS_TRAPS = {
    **dict.fromkeys(("vmptrld", "vmptrst", "vmclear", "vmxon"), "VMX: #UD or #GP in user mode"),
    "setssbsy": "shadow stacks of the supervisor: #UD or #GP in user mode",
    "clrssbsy": "shadow stacks of the supervisor: #UD or #GP in user mode",
    "rmpquery": "about encrypted guests, privileged: #UD or #GP in user mode",
    "loadiwkey": "Key Locker, privileged: #UD or #GP in user mode",
}

# instructions whose effect it is
ALWAYS_UD = frozenset({"ud0", "ud1", "ud2"})

_SHA = "no SHA in Unicorn: #UD"
_GFNI = "no GFNI in Unicorn: #UD"
_CET = "no shadow stacks in Unicorn: #UD"
_RTM = "no transactions in Unicorn: #UD"
_AMD = "what only AMD has, or VIA: #UD in Unicorn"
_KEY_LOCKER = "no Key Locker in Unicorn: #UD"

# valid, and Unicorn raises #UD: the processor at hand is asked
LACKING = {
    **dict.fromkeys(("sha1rnds4", "sha1nexte", "sha1msg1", "sha1msg2"), _SHA),
    **dict.fromkeys(("sha256rnds2", "sha256msg1", "sha256msg2"), _SHA),
    **dict.fromkeys(("gf2p8mulb", "gf2p8affineqb", "gf2p8affineinvqb"), _GFNI),
    **dict.fromkeys(("wrssd", "wrssq", "incsspd", "incsspq"), _CET),
    **dict.fromkeys(("aesenc128kl", "aesdec128kl", "aesenc256kl", "aesdec256kl"), _KEY_LOCKER),
    **dict.fromkeys(("aesencwide128kl", "aesdecwide128kl"), _KEY_LOCKER),
    **dict.fromkeys(("aesencwide256kl", "aesdecwide256kl"), _KEY_LOCKER),
    **dict.fromkeys(("encodekey128", "encodekey256"), _KEY_LOCKER),
    "ptwrite": "no Processor Trace in Unicorn: #UD",
    **dict.fromkeys(("senduipi", "clui", "stui", "testui"), "no user interrupts in Unicorn: #UD"),
    **dict.fromkeys(("xend", "xtest", "xsusldtrk", "xresldtrk"), _RTM),
    **dict.fromkeys(("saveprevssp", "rstorssp"), _CET),
    **dict.fromkeys(("xsavec", "xsavec64"), "no XSAVEC in Unicorn: #UD"),
    "serialize": "no SERIALIZE in Unicorn: #UD",
    "rdpkru": "no protection keys in Unicorn: #UD",
    **dict.fromkeys(
        (
            *("xstore", "xstore_alt", "xcryptecb", "xcryptcbc", "xcryptctr", "xcryptcfb"),
            *("xcryptofb", "montmul", "xsha1", "xsha256", "xsha512", "xsha512_alt"),
            *("ccs_hash", "ccs_encrypt", "undoc"),
        ),
        _AMD,
    ),
    **dict.fromkeys(("monitorx", "mwaitx", "clzero", "mcommit", "femms"), _AMD),
    **dict.fromkeys(
        ("movdiri", "movdir64b", "enqcmd", "enqcmds"), "no direct stores in Unicorn: #UD"
    ),
    **dict.fromkeys(("aadd", "aand", "aor", "axor"), "no RAO-INT in Unicorn: #UD"),
    **dict.fromkeys(("umonitor", "umwait", "tpause"), "no WAITPKG in Unicorn: #UD"),
}

# valid, and the processor at hand raises #UD
NOT_HERE = "not on this processor, proved up to decode and copy"

# not in the corpus for the guest: what QEMU 7.2 itself cannot be asked
WRONG_IN_QEMU = {
    **dict.fromkeys(
        ("vroundss", "vroundsd"), "VEX.L, which they ignore: gen_VROUNDSD asserts that it is 0"
    ),
    "retf": "helper_lret_protected() reads the stack of a program as if the kernel did: it oopses",
    **dict.fromkeys(("adcx", "adox"), "leave any bits in eflags, IOPL and NT among them"),
    **dict.fromkeys(
        ("fnstenv", "fstenv", "fnsave", "fsave"),
        "where the last x87 instruction was is not restored with a task's registers",
    ),
    **dict.fromkeys(
        (
            *("vgatherdps", "vgatherdpd", "vgatherqps", "vgatherqpd"),
            *("vpgatherdd", "vpgatherdq", "vpgatherqd", "vpgatherqq"),
        ),
        "a non-canonical address raises #GP in one run and is read in the next, without a probe",
    ),
}

NO_INSTRUCTION = "no instruction to the judge, and something is executed in place of #UD"

LOCKED = "lock where it is not allowed: Unicorn executes most of it, and aborts at bt"

_PREDICATES = frozenset({"cmpps", "cmppd", "cmpss", "cmpsd"})
_MANDATORY = frozenset({0x66, 0xF2, 0xF3})
_DOUBLE_SHIFTS = frozenset({"shld", "shrd"})


def runs_natively(decoded: Decoded) -> bool:
    """Tell whether the processor at hand executes an instruction, and not the emulator."""
    return bool(decoded.insn) and (decoded.has_vex or decoded.mnemonic in LACKING)


def raises_ud(decoded: Decoded) -> str:
    """Return why Unicorn does not know a valid instruction, "" when it should."""
    if decoded.mnemonic in _PREDICATES and decoded.bytes[-1] > 7:
        return "a predicate above 7, which the processor masks (SDM, CMPPS): #UD in Unicorn"
    prefixes, rex = split_prefixes(decoded.bytes, bits=decoded.bits)
    if len(_MANDATORY & set(prefixes)) > 1:
        return "two prefixes that choose an instruction, of which one counts: #UD in Unicorn"
    if decoded.mnemonic == "mov" and rex & 4:
        return "REX.R in front of c6 or c7, which ignore it: #UD in Unicorn"
    if decoded.mnemonic == "reservednop":
        return "a reserved NOP: #UD in Unicorn"
    return LACKING.get(decoded.mnemonic, "")


def goes_wrong(decoded: Decoded) -> str:
    """Return why Unicorn must not be asked to execute something, "" when it can be."""
    prefixes, _ = split_prefixes(decoded.bytes, bits=decoded.bits)
    if not decoded.valid:
        return LOCKED if 0xF0 in prefixes else ""
    insn = decoded.insn
    immediate = decoded.constants.has_immediate
    if decoded.mnemonic == "ret" and immediate and insn.immediate(0) >= 1 << 15:
        return "Unicorn takes the immediate of ret for a signed number (SDM, RET: it is not)"
    if decoded.mnemonic in _DOUBLE_SHIFTS and immediate and insn.is_ip_rel_memory_operand:
        return "Unicorn does not count the immediate byte when it adds the displacement to rip"
    return ""
