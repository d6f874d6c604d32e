# SPDX-License-Identifier: GPL-2.0-only
"""The faults of the catalogue, the gravest first: wrong results, programs that die, lost data."""

from __future__ import annotations

from generator.model.catalogue.kinds import Entry, Fix

_WRONG_RESULTS = (
    Entry(
        ident="vex-as-branch",
        title="AVX instructions are taken for branches, calls, popf or returns",
        wrong="The last byte of a VEX opcode is looked up among the one-byte opcodes. vzeroupper, "
        "vpcmpeqb, vpshufd and vmovq are executed as conditional jumps, vpor as a jump, vpsubsb as "
        "a call, vfnmadd as popf, vcmpps as a return: the instruction is lost and the program goes "
        "on with wrong values, or dies of SIGTRAP, SIGILL or SIGSEGV.",
        who="Everybody who probes functions or instructions of code compiled for AVX, such as "
        "libm's FMA functions: Python and Perl have computed sqrt(2)*exp(1.5) wrongly.",
        tests=("avx-as-jcc", "avx-as-jmp", "avx-as-call", "avx-as-popf", "avx-as-ret"),
        code=r"^((26|2e|36|3e|6[457]) )*(c4|c5|62) [0-9a-f ]*: (?!trap: )",
    ),
    Entry(
        ident="stale-instruction",
        title="Another instruction is executed than the one that stands there",
        wrong="An instruction is analysed and copied once for each file. Where the file has been "
        "rewritten in place, or the program has changed its own text before, the old copy is "
        "executed in place of what is there now.",
        who="Programs that patch their own functions, and whoever rebuilds a program in place "
        "while a probe is armed: silently wrong results.",
        tests=("code-rewritten", "code-patched"),
    ),
    Entry(
        ident="call-over-red-zone",
        title="A probe on a NOP of five bytes overwrites what a leaf function keeps",
        wrong="From the second hit on the NOP is a call of a trampoline. The call pushes its "
        "return address where a function that calls nobody keeps its locals, in the 128 bytes "
        "below the stack pointer (System V ABI, 3.2.2): the function goes on with another value.",
        who="Whoever probes a USDT marker or another NOP of five bytes in such a function, in "
        "64-bit code: silently wrong results.",
        tests=("nop-red-zone",),
        note="On 6.19 the series leaves these calls to the base, and has them as well.",
    ),
    Entry(
        ident="rseq-lost-update",
        title="Restartable sequences are not restarted",
        wrong="A task that is preempted while it executes the copy of an instruction is judged by "
        "the address of the copy, which is in no sequence: the sequence goes on as if nothing had "
        "happened, perhaps on another processor, and its update is lost or is another's.",
        who="Users of restartable sequences (librseq, tcmalloc) with a probe in a sequence: "
        "per-processor data is corrupted.",
        tests=("rseq-step", "rseq-commit", "rseq-signal", "rseq-wait"),
    ),
    Entry(
        ident="xchg-as-nop",
        title="xchg %r8,%rax is taken for a NOP",
        wrong="49 90 is executed as 90 is: not at all.",
        who="Code with this instruction, a compiler's rarely: silently wrong results.",
        tests=("xchg-r8-rax",),
        code=r"^49 90: ",
        fix=Fix(commit="8a5c6cbfe4a3"),
    ),
    Entry(
        ident="rip-unseen",
        title="cmov or setcc with a prefix that means nothing uses another address",
        wrong="With f2 or f3 before it, 0f 41 is taken for an instruction without operands, and so "
        "are SSE instructions with 67 behind 66. Where the operand is relative to rip, the copy is "
        "executed with the distance as it is: another place is read or written, or the program "
        "dies of SIGSEGV.",
        who="Hand-written code; no compiler puts such a prefix there.",
        code=r"\bf[23] (4[0-9a-f] )?0f (2b|4[0-9a-f]|9[0-9a-f]) [0-9a-f ]*: "
        r"(?!trap: (?!expected 0xe, saw 0xd))",
    ),
    Entry(
        ident="pushf",
        title="pushf pushes the trap flag",
        wrong="The flags that a probed pushf leaves on the stack have TF set, although the program "
        "has not set it. The popf that follows somewhere single-steps the program: SIGTRAP.",
        who="Programs with a probe on pushf, in code that saves and restores flags.",
        tests=("pushf",),
        code=r"\b9c: memory",
    ),
    Entry(
        ident="syscall-in-slot",
        title="syscall and sysenter can be probed, and are executed from their copy",
        wrong="The kernel sees the address of the copy. fork() gives the child an address that it "
        "has not mapped and the parent a wrong one: both die of SIGSEGV; rcx has the copy's "
        "address.",
        who="Whoever probes system calls in a libc or in a static program.",
        tests=("refuse-syscall", "refuse-sysenter"),
    ),
    Entry(
        ident="far-in-slot",
        title="Far calls, jumps and returns can be probed, and are not undone",
        wrong="Operand size and code segment of a far branch are ignored when the address of the "
        "copy is corrected.",
        who="Programs that change between 64-bit and 32-bit code (Wine, tests of emulators).",
        tests=("refuse-far",),
    ),
)

_KILLS = (
    Entry(
        ident="umip-step",
        title="What the kernel executes for the program goes on behind its copy",
        wrong="Where the processor has UMIP, sgdt, sidt, sldt, str and smsw raise an exception and "
        "the kernel does what they do. The step that they are in does not end with that: the "
        "program goes on behind the copy, in the page of copies, and dies of SIGSEGV.",
        who="Old programs under Wine and DOSEMU, and what looks for a hypervisor in this way.",
        tests=("hunted-umip",),
        code=r"\b0f (00 [048c]|01 [048])[0-9a-f]\b.*: (?!trap: )"
        r"|\b0f 01 [26ae][0-7]\b.*: (?!trap: )",
    ),
    Entry(
        ident="other-mode",
        title="Code of the other mode is killed",
        wrong="An instruction is analysed for the mode of the process that was there first. "
        "32-bit code in a 64-bit process is executed as if it were 64-bit code, or from a copy "
        "that it cannot reach: SIGSEGV or SIGILL.",
        who="Programs with code of both modes: Wine's WoW64.",
        tests=("code-mode", "code-mode-first", "code-mode-patched", "hunted-gate"),
    ),
    Entry(
        ident="no-slot-32",
        title="32-bit programs without random addresses hang at their first step",
        wrong="The page for the copies is looked for where a 32-bit task has no addresses. It is "
        "never found, and the instruction is tried again for ever.",
        who="32-bit programs on a 64-bit kernel under a debugger or setarch -R.",
        tests=("task-random-32",),
        hangs=True,
        fix=Fix(commit="40bb50531482"),
    ),
    Entry(
        ident="return-other-stack",
        title="Return probes kill programs with several stacks",
        wrong="A pending return on another stack (a coroutine, an alternate signal stack) is taken "
        "for one that longjmp() has left, and is forgotten. When the function returns, the task "
        "dies of SIGILL.",
        who="Programs with coroutines (ucontext, brpc) or signal handlers on a "
        "stack of their own, under bpftrace, bcc, perf or uftrace with uretprobes.",
        tests=(
            "return-sigaltstack",
            *("return-coroutines", "return-coroutines-below", "return-coroutines-above"),
            *("return-coroutines-chain", "return-autodisarm", "return-autodisarm-above"),
            "hunted-mixed-stacks",
        ),
    ),
    Entry(
        ident="return-moved-stack",
        title="A function on a stack that was moved returns to the wrong caller",
        wrong="Where a stack is copied elsewhere while probed functions on it are pending, returns "
        "are matched with other functions' addresses.",
        who="Runtimes whose stacks grow by moving.",
        tests=("return-moved-up", "return-moved-down", "hunted-stack-moved"),
    ),
    Entry(
        ident="return-swapped-stack",
        title="Return probes kill programs that swap stacks",
        wrong="Where the content of a stack is saved elsewhere and another one is put into its "
        "place, two functions have their return address at one address. The pending return of one "
        "is taken for the other's, or for one that longjmp() has left: SIGILL.",
        who="Programs with greenlets (gevent, eventlet), under uretprobes.",
        tests=("hunted-stack-swapped",),
        note="No patch mends it. Both functions return to one trampoline from one stack "
        "address, and nothing tells which of them does; it would take a trampoline for each "
        "pending return, whose address is then the function's name.",
    ),
    Entry(
        ident="return-by-syscall",
        title="Return probes break programs whose system calls somebody else handles",
        wrong="The return of a probed function is a system call (number 335) since 6.11. System "
        "call dispatch sends SIGSYS for it, PTRACE_SYSEMU swallows it, a tracer sees and may deny "
        "it, and it needs stack that may not be there: the program gets signals that are not its "
        "own, or dies of SIGSEGV.",
        who="Programs under system call user dispatch (Wine), PTRACE_SYSEMU (emulators), or a "
        "tracer that denies what it does not know (sandboxes), with return probes.",
        tests=(
            *("return-dispatch", "return-sysemu", "return-traced", "return-no-room"),
            *("hunted-tracer-denies", "hunted-int80-in-slots"),
        ),
    ),
    Entry(
        ident="move-corrupts-mm",
        title="mremap() of probed code corrupts page tables and counters",
        wrong="Where mremap() joins a mapping with a neighbour, the breakpoint is put in before "
        "the pages are moved, and is then moved over: a page is lost (Bad rss-counter state), or "
        "the kernel warns in move_page_tables().",
        who="Programs that move mappings of probed files: a page leaks each time.",
        tests=("mm-map-join", "mm-map-join-tables"),
        says=r"Bad rss-counter state|\bmove_page_tables\b|\bmove_(normal|huge)_pmd\b",
        fix=Fix(commit="2b12d06c37fd", cve="CVE-2025-38207"),
    ),
)

_SIGNALS = (
    Entry(
        ident="signals-wait",
        title="Signals wait for ever while a step does not end",
        wrong="A task that executes the copy of an instruction gets no signal but SIGKILL until "
        "that is done. A step that faults again and again (userfaultfd, FUSE) never is.",
        who="Programs with userfaultfd: timers, Ctrl-C and debuggers have no effect.",
        tests=("slots-signals",),
    ),
    Entry(
        ident="freezer",
        title="A task in a step is not frozen",
        wrong="A wake-up without a signal, as the freezer of version 1 control groups sends, is "
        "taken back when a step begins or ends, and nobody sends it again.",
        who="Containers that are paused while their programs are probed: the freezer never ends.",
        tests=("slots-frozen",),
    ),
    Entry(
        ident="left-step",
        title="A task that leaves its step is in it for ever",
        wrong="A program that replaces its [uprobes] page and leaves the copy is taken to be "
        "executing it still: it gets no signal but SIGKILL, and the next probe kills it. Where a "
        "return is a system call (since 6.11), si_addr of a fault can be an address of the "
        "kernel's stack.",
        who="Programs that map over [uprobes].",
        tests=("slots-left-signal", "slots-left-hit", "hunted-leave-and-return"),
    ),
    Entry(
        ident="step-warns",
        title="A program makes the kernel warn",
        wrong="WARN_ON_ONCE() in kernel/events/uprobes.c is reached by what a program does in its "
        "[uprobes] page. With panic_on_warn that is a panic.",
        who="Machines with panic_on_warn that let users probe, or let probed programs misbehave.",
        tests=("mm-slots-int3", "slots-left-signal", "slots-left-hit", "hunted-leave-and-return"),
        says=r"^WARNING: .*\buprobe_notify_resume\b|^WARNING: .*\buprobe_free_utask\b",
        silent=False,
    ),
    Entry(
        ident="int3-unreadable",
        title="A program's own breakpoint is executed for ever",
        wrong="An int3 in memory that may be executed and not read (protection keys) is not seen "
        "to be one of the program's: the instruction is tried again and again.",
        who="Programs with execute-only code and breakpoints of their own, once anything in the "
        "process is probed: 100 % of a processor in place of SIGTRAP.",
        tests=("mm-int3-unreadable",),
    ),
    Entry(
        ident="int3-two-bytes",
        title="The two-byte int 3 resumes in its middle",
        wrong="cd 03 raises the exception of cc, and the kernel goes back by one byte: the second "
        "byte is executed as an instruction, and there is no SIGTRAP.",
        who="Programs with this encoding, in a process in which anything is probed.",
        tests=("code-int3-long",),
    ),
    Entry(
        ident="int3-trap-number",
        title="A program's own breakpoint has the wrong trap number",
        wrong="The context of the signal for an int3 of the program does not have trap number 3 "
        "and error code 0, in a process in which anything is probed.",
        who="Handlers of SIGTRAP that look at REG_TRAPNO: debuggers in the process, sanitizers.",
        tests=("mm-int3-trapno",),
    ),
    Entry(
        ident="fault-trap-number",
        title="A fault of a probed instruction has the trap number 0",
        wrong="REG_TRAPNO in the handler of SIGSEGV is 0 and not 14 or 13 where the instruction "
        "that faults is probed.",
        who="Handlers that look at it: managed runtimes, sanitizers, emulators.",
        tests=("fault-trapno", "hunted-noncanonical"),
        code=r": trap: ",
    ),
    Entry(
        ident="step-sicode",
        title="SIGTRAP behind a probed instruction has the wrong si_code",
        wrong="A program that single-steps itself by TF gets SI_USER (0) in place of TRAP_TRACE.",
        who="Debuggers and tracers inside of the process.",
        tests=("tf-self-sicode", "hunted-tf-sigreturn", "hunted-tf-walk"),
    ),
    Entry(
        ident="step-dr6",
        title="A debugger's step over a probe is not told to be one",
        wrong="DR6.BS is clear after PTRACE_SINGLESTEP over an instruction that was emulated.",
        who="Debuggers that tell steps from watchpoints by DR6.",
        tests=("ptrace-dr6",),
    ),
)

_LOST = (
    Entry(
        ident="return-lost",
        title="After a deep recursion that longjmp() leaves, returns are not reported",
        wrong="64 returns of a thread can be pending. Those that longjmp() has left are not given "
        "back when the limit is reached: no return of the thread is reported any more.",
        who="Interpreters and parsers that handle errors by longjmp(): uretprobes count too little "
        "and nobody is told.",
        tests=(
            "return-longjmp-deep",
            "return-longjmp-lost",
            "return-longjmp-full",
            "hunted-overflow",
        ),
    ),
    Entry(
        ident="moved-not-armed",
        title="Code that mremap() moves or makes is not probed",
        wrong="What mremap() grows while it moves, or leaves behind (MREMAP_DONTUNMAP), has no "
        "breakpoints although the probe is armed.",
        who="Whoever counts: hits are missing, and nobody is told.",
        tests=("mm-map-grow-move", "mm-map-stay"),
    ),
    Entry(
        ident="semaphore-leak",
        title="mremap() leaves the reference counter of a probe too high",
        wrong="A mapping that is moved in parts counts its probes once more each time.",
        who="Programs with SDT semaphores: the code that they guard runs for ever.",
        tests=("counter-moved",),
    ),
    Entry(
        ident="silent-refusal",
        title="A probe that cannot work is armed without a word",
        wrong="While no process maps the file, a probe on an instruction that the kernel refuses "
        "is armed; processes that map it later are not probed.",
        who="Whoever arms first and starts the program later: no hits and no error.",
        tests=("refuse-armed",),
    ),
)

_FREED = (
    Entry(
        ident="busy-event-freed",
        title="A probe of an enabled event is freed",
        wrong="An event of several probes that is deleted while it is enabled is said to be busy, "
        "and all its probes but one have been freed, registered as they are. The next program that "
        "maps the file makes the kernel read freed memory: seen as a NULL pointer in "
        "uprobe_perf_filter() from execve().",
        who="Root: tools that delete events which a perf event or another tool still uses.",
        tests=("arm-delete-busy",),
    ),
    Entry(
        ident="joined-event",
        title="An event that perf has open is defined once more",
        wrong="The new probe is not registered until the event is enabled anew. Opening the event "
        "for another task, or closing one of two, hands the uprobe that it has not got to "
        "uprobe_apply(): a NULL pointer, or a warning on kernels that look the uprobe up.",
        who="Root: tools that share the name of an event.",
        tests=("hunted-joined-later",),
        says=r"^WARNING: .*\buprobe_apply\b",
    ),
)

_GENERIC = (
    Entry(
        ident="kernel-dies",
        title="The kernel panics or hangs in a self-test",
        wrong="The kernel, not the program, came to its end while probes were used. It did so "
        "again when that test ran alone.",
        who="Everybody on that machine.",
    ),
    Entry(
        ident="kernel-complains",
        title="The kernel warns in a self-test",
        wrong="The kernel wrote a warning, an oops or a BUG to its log while probes were used, "
        "which belongs to no other entry.",
        who="Everybody on that machine, where panic_on_warn is set.",
    ),
)

FAULTS: tuple[Entry, ...] = (*_WRONG_RESULTS, *_KILLS, *_SIGNALS, *_LOST, *_FREED, *_GENERIC)
