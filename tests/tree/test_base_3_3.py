# SPDX-License-Identifier: GPL-2.0-only
"""Linux 3.3: what of the series renders for it, on a made-up tree and on a real one.

A real tree is what ``$UPROBEKIT_TREE_3_3`` names, a directory or a git repository; then
``$UPROBEKIT_REV_3_3`` names the commit. Without one those tests say so and are skipped.
"""

import difflib
import os
import re
import shutil
from pathlib import Path

import git
import pytest
from conftest import TESTS

from generator import csource
from generator.checks.port.fit import try_edits
from generator.checks.port.uses import Declarations, check_uses, find_needs
from generator.checks.proof.build import build_proof
from generator.checks.proof.library import Library
from generator.checks.proof.run import ProofRequest, prove_series
from generator.checks.review.run import check_review
from generator.checks.states.correspond import check_correspondence
from generator.errors import UprobekitError, UserError
from generator.model.bases import BASES
from generator.model.bases.v3_3 import BASE
from generator.model.edits import CreateFile
from generator.model.series import REVIEW
from generator.patches.replay import replay_patches
from generator.plan import plan_series
from generator.tree.acquire import find_source
from generator.tree.series import render_series

K33 = TESTS / "trees" / "k33"
PLAN = plan_series(BASE, REVIEW)
PATCHES = tuple(planned.patch.ident for planned in PLAN.patches)


@pytest.fixture
def made_up(tmp_path):
    """Return the source of a copy of the made-up tree."""
    tree = Path(shutil.copytree(K33, tmp_path / "k33"))
    return find_source(BASE, tmp_path, tree=tree, rev=None)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Return the rendering for the made-up tree as it is, made once."""
    place = tmp_path_factory.mktemp("rendered")
    return render_series(PLAN, find_source(BASE, place, tree=K33, rev=None), place)


def baseline_files(rendered):
    """Return the files of the baseline of a rendering."""
    tree = git.Repo(rendered.repo).commit("baseline").tree
    return {
        str(blob.path): blob.data_stream.read().decode("utf-8", "surrogateescape")
        for blob in tree.traverse()
        if blob.type == "blob"
    }


@pytest.fixture(scope="module")
def files(rendered):
    """Return the files of its baseline."""
    return baseline_files(rendered)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Return the source of a real tree, or skip the test."""
    tree, rev = os.environ.get("UPROBEKIT_TREE_3_3"), os.environ.get("UPROBEKIT_REV_3_3")
    if not tree:
        pytest.skip(
            "NOT TESTED: no tree of Linux 3.3: $UPROBEKIT_TREE_3_3 and ..._REV_3_3 name one"
        )
    try:
        return find_source(BASE, tmp_path_factory.mktemp("work"), tree=Path(tree), rev=rev)
    except UprobekitError as error:
        pytest.fail(f"$UPROBEKIT_TREE_3_3 is not usable: {error}")


def changes(patch):
    """Return the lines that a patch takes out and puts in, by file, without white space around."""
    found = {}
    file = ""
    for line in patch.decode().splitlines():
        if line.startswith("+++ b/"):
            file = line.removeprefix("+++ b/")
            found[file] = ([], [])
        elif file and line.startswith(("-", "+")) and not line.startswith("---"):
            found[file][line[0] == "+"].append(line[1:].strip())
    return found


def patch(rendered, number):
    """Return one patch of a rendering."""
    return next(data for name, data in rendered.patches.items() if name.startswith(f"{number:04}"))


def test_it_is_a_base():
    """It is offered, with every patch of the series in its order but for what came later."""
    assert BASE in BASES
    assert tuple(BASE.edits) == PATCHES
    later = ("rseq", "nop_call", "event_siblings", "uprobe_rcu")
    wanted = [patch.ident for patch in REVIEW.patches if patch.needs not in later]
    assert list(PATCHES) == wanted


def test_it_renders(made_up, rendered):
    """Every edit finds its place, and every patch applies to the commit before it."""
    assert not [trial for trial in try_edits(PLAN, made_up) if trial.problem]
    done = replay_patches(rendered.repo, "review", rendered.patches)
    assert [replayed.problem for replayed in done] == [""] * len(PATCHES)


def test_the_member_is_renamed(rendered):
    """x86's own, the comment and the gdb macro; not UML's, not another architecture's."""
    changed = changes(patch(rendered, 1))
    assert changed.keys() == {
        "Documentation/kdump/gdbmacros.txt",
        "arch/x86/include/asm/processor.h",
        "arch/x86/kernel/traps.c",
        "arch/x86/mm/fault.c",
    }
    assert changed["arch/x86/kernel/traps.c"][1] == [
        "/* The handler wants to see trap_nr. */",
        "task->thread.trap_nr = number;",
    ]
    assert changed["arch/x86/mm/fault.c"][1] == ["task->thread.trap_nr\t= 14;"]


def test_the_names_that_the_review_asked_for(rendered):
    """Patch 3 renames: nothing of the old names is left, also in comments; and only that."""
    tip = rendered.tip_files
    ours = [text for path, text in tip.items() if "uprobe" in path]
    assert len(ours) == 5
    for text in ours:
        assert not re.search(r"bkpt|BKPT|\bUPROBES_|arch_uprobes_|swbp", text)
    core = changes(patch(rendered, 3))["kernel/events/uprobes.c"]
    back = {
        "set_bp": "set_bkpt",
        "is_bp_insn": "is_bkpt_insn",
        "UPROBE_BP_INSN": "UPROBES_BKPT_INSN",
        "UPROBE_COPY_INSN": "UPROBES_COPY_INSN",
        "UPROBE_MMAP_LOCKS": "UPROBES_MMAP_LOCKS",
        "uprobe_mmap_mutex": "uprobes_mmap_mutex",
        "arch_uprobe_analyze_insn": "arch_uprobes_analyze_insn",
    }
    pattern = rf"\b(?:{'|'.join(back)})\b"
    assert [re.sub(pattern, lambda m: back[m.group()], line) for line in core[1]] == core[0]


def test_the_order_of_parameters(rendered):
    """Patch 4: the probe first, in prototypes, definitions and calls alike."""
    tip = rendered.tip_files
    for name in ("set_bp", "set_orig_insn", "uprobe_write_opcode", "arch_uprobe_analyze_insn"):
        seen = 0
        for path, text in tip.items():
            for match in re.finditer(rf"\b{name}(\()(?!\))", csource.code(text)):
                spans, _ = csource.call_arguments(text, match.start(1))
                assert re.search(r"auprobe$|&uprobe->arch$", spans[0].of(text)), path
                assert re.search(r"\bmm$", spans[1].of(text)), path
                seen += 1
        assert seen >= 3


def test_who_asks_is_32bit_app(rendered):
    """The tests of TIF_IA32 are gone, those of other questions are as they were."""
    tip = rendered.tip_files
    left = [path for path, text in tip.items() if "TIF_IA32" in text]
    assert left == [
        "arch/x86/include/asm/compat.h",
        "arch/x86/include/asm/thread_info.h",
        "arch/x86/kernel/process_64.c",
    ]
    assert "set_thread_flag(TIF_IA32);" in tip["arch/x86/kernel/process_64.c"]
    assert "made_up_status() & TS_COMPAT" in tip["arch/x86/include/asm/compat.h"]
    guarded = tip["arch/x86/include/asm/compat.h"].split("#ifndef is_compat_task")[1]
    assert guarded.index("is_compat_task(void)") < guarded.index("#endif") < guarded.index("32bit")
    assert tip["arch/x86/kernel/ptrace.c"].count("#ifdef CONFIG_IA32_EMULATION") == 1
    assert "\treturn &made_up_view_64;" in tip["arch/x86/kernel/ptrace.c"]
    assert (
        "\t\tif (is_32bit_app(task))\n\t\t\ttask_pt_regs(task)->ss"
        in (tip["arch/x86/kernel/ptrace.c"])
    )
    for path, text in tip.items():
        uses = "is_32bit_app(" in text and not path.endswith(("/compat.h", "perf_event.c"))
        assert not uses or "#include <asm/compat.h>" in text or "oprofile" in path


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("arch/x86/kernel/sys_x86_64.c", "\treturn !test_thread_flag(TIF_IA32);", "", "2 time(s)"),
        ("arch/x86/include/asm/elf.h", "? 0x7ff", "? 0x7fe", "0 time(s)"),
        ("arch/x86/include/asm/processor.h", "trap_no", "trap_nr", "no member 'trap_no'"),
        ("arch/x86/Kconfig", "### Arch settings", "### Settings", "the line '### Arch settings'"),
        ("kernel/fork.c", "down_write_nested", "down_write_other", "down_write_nested"),
        ("mm/memory.c", "VM_ACCOUNT", "VM_OTHER", "no statement mentions 'VM_ACCOUNT'"),
        ("Documentation/kdump/gdbmacros.txt", "trap_no", "cr2", "not found"),
        ("arch/x86/kernel/traps.c", "trap_no", "trapno", "identifier 'trap_no'"),
    ],
)
def test_another_tree(made_up, tmp_path, file, old, new, words):
    """A place that looks different is an error, never a guess."""
    path = made_up.path / file
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=re.escape(words)) as caught:
        render_series(PLAN, made_up, tmp_path / "work")
    assert file in str(caught.value)


def test_there_is_no_package(tmp_path):
    """Without a tree the user is told to give one."""
    with pytest.raises(UserError, match="no package") as caught:
        find_source(BASE, tmp_path, tree=None, rev=None)
    assert "--tree" in str(caught.value)


# the baseline

CALLS = {
    "kernel/fork.c": {"uprobes_init", "uprobe_dup_mmap", "uprobe_start_dup_mmap"}
    | {"uprobe_end_dup_mmap"},
    "mm/mmap.c": {"uprobe_mmap", "uprobe_munmap"},
    "mm/memory.c": {"uprobe_munmap"},
}


def test_the_baseline_only_adds(rendered, files):
    """No line of the tree goes or changes; what is new calls uprobes, or makes it be built."""
    new = {edit.path for edit in BASE.baseline if isinstance(edit, CreateFile)}
    assert new == files.keys() - rendered.base_files.keys() and len(new) == 5
    for path, before in rendered.base_files.items():
        diff = list(difflib.ndiff(before.splitlines(), files[path].splitlines()))
        assert not [row for row in diff if row.startswith("- ")]


@pytest.mark.parametrize("path", CALLS)
def test_the_calls_of_the_baseline(files, path):
    """Each file has its calls, and each call an empty inline for kernels without uprobes."""
    found = set(re.findall(r"\b(uprobes?_\w+)\(", files[path]))
    assert found == CALLS[path]
    assert "#include <linux/uprobes.h>" in files[path]
    header = files["include/linux/uprobes.h"]
    declared, stubs = header.split("#else /* !CONFIG_UPROBES */")
    for name in found:
        assert csource.find_declaration(declared, name)
        assert csource.find_function(stubs, name)


def test_where_the_calls_stand(files):
    """Around what they are about: locks, the change of a mapping, its end."""
    fork = files["kernel/fork.c"]
    order = ("uprobe_start_dup_mmap", "down_write(", "down_write_nested", "uprobe_dup_mmap")
    order = (*order, "made_up_copy", "out:", "up_write(&oldmm", "uprobe_end_dup_mmap", "return")
    places = [fork.index(word, fork.index("static int dup_mmap")) for word in order]
    assert places == sorted(places)
    mmap = files["mm/mmap.c"]
    order = ("uprobe_munmap(vma", "uprobe_munmap(next", "mutex_lock(", "made_up_move")
    order = (*order, "mutex_unlock(", "uprobe_mmap(vma)", "uprobe_mmap(next)", "made_up_swallowed")
    places = [mmap.index(word) for word in order]
    assert places == sorted(places)
    assert re.search(r"uprobe_munmap\(next, [^;]*;\n\t\t\tfput\(file\);", mmap)
    assert "\tif (insert && file)\n\t\tuprobe_mmap(insert);\n\n\tvalidate_mm" in mmap
    assert "perf_event_mmap(vma);\n\tif (file)\n\t\tuprobe_mmap(vma);" in mmap


def test_the_core_is_whole(files):
    """What the header declares is defined, once; what is static is used."""
    core = files["kernel/events/uprobes.c"]
    text = core + files["arch/x86/kernel/uprobes.c"]
    declared = files["include/linux/uprobes.h"].split("#else /* !CONFIG_UPROBES */")[0]
    names = re.findall(r"^extern (?:int|bool|void) (\w+)\(", declared, re.M)
    assert len(names) == 14
    for name in names:
        assert len(csource.find_functions(text, name)) == 1
    for source in (core, files["kernel/events/uprobe_client.c"]):
        for name in re.findall(r"^static [^;={]*?\b(\w+)\(", source, re.M):
            if csource.find_function(source, name):
                assert len(re.findall(rf"\b{name}\b", csource.code(source))) > 1, name


def test_nothing_of_the_series_is_in_the_baseline(files):
    """A hit, a step, a slot, a task's state: that is what the patches bring."""
    for path, text in files.items():
        for word in ("utask", "xol", "TIF_UPROBE", "register_die_notifier", "ret_instance"):
            assert word not in text, path


@pytest.mark.parametrize("path", ["kernel/events/uprobes.c", "include/linux/uprobes.h"])
def test_a_tree_that_has_uprobes(made_up, tmp_path, path):
    """A later kernel, or one that was patched already, is refused."""
    (made_up.path / path).parent.mkdir(parents=True, exist_ok=True)
    (made_up.path / path).write_text("int there;\n")
    with pytest.raises(UserError, match="there already"):
        render_series(PLAN, made_up, tmp_path / "work")


def test_what_cannot_be_read_is_refused_at_once(rendered):
    """uprobe_register() says EIO for a file of hugetlbfs, as later kernels do; not 0."""
    core = rendered.tip_files["kernel/events/uprobes.c"]
    body = csource.find_function(core, "uprobe_register").body.of(core)
    asked = body.index("!mapping->a_ops->readpage && !mapping_cap_swap_backed(mapping)")
    assert asked < body.index("return -EIO;") < body.index("alloc_uprobe")


def test_no_self_test_asks_perf_for_what_3_3_refuses():
    """PERF_FLAG_FD_CLOEXEC is of 3.14; before it perf_event_open() says EINVAL."""
    for path in (TESTS.parent / "qemu/guest").glob("t-*.c"):
        code = csource.mask(path.read_text())
        assert "PERF_FLAG_FD_CLOEXEC" not in code, path.name


# a real tree

# what the decoder of 3.3 takes for something else, by why
UNCERTAIN = {
    "vcvtph2ps, for which it finds an immediate": (64, "c4 e2 79 13 c1"),
    "EVEX in 32-bit code, which it takes for bound": (32, "62 f1 7c 48 10 c1"),
    "an immediate out of its reach": (64, "66 " * 13 + "81 c0"),
    "half an immediate out of its reach": (64, "66 " * 7 + "48 b8 11 22 33 44 55 66 77"),
    "a shift by an immediate that it does not see": (64, "c5 f9 71 d1 05"),
    "adcx, newer than its table": (64, "66 0f 38 f6 c1"),
}


@pytest.fixture(scope="module")
def analysis(real, tmp_path_factory):
    """Return the analysis, compiled with the decoder of the real tree."""
    place = tmp_path_factory.mktemp("analysis")
    tip = render_series(PLAN, real, place).tip_files
    return Library(build_proof(real.load, tip, place / "proof").library)


@pytest.mark.kernel
@pytest.mark.parametrize("what", UNCERTAIN)
def test_what_the_decoder_is_not_certain_of(analysis, what):
    """It is refused, whatever follows."""
    bits, code = UNCERTAIN[what]
    data = bytes.fromhex(code)
    for follows in (0x00, 0x90, 0xCC):
        assert analysis.analyze(data.ljust(16, bytes([follows])), bits=bits).ret < 0


@pytest.mark.kernel
@pytest.mark.parametrize(
    "code",
    ["66 " * 14 + "90", "c5 fc 10 05 00 00 00 00", "48 b8 " + "11 " * 8, "c5 f8 77", "f3 0f 1e fa"],
)
def test_what_the_decoder_is_certain_of(analysis, code):
    """The longest NOP, VEX with memory, a long immediate, vzeroupper, endbr64: their length."""
    data = bytes.fromhex(code)
    verdict = analysis.analyze(data.ljust(16, b"\xcc"), bits=64)
    assert (verdict.ret, verdict.ilen) == (0, len(data))


@pytest.mark.kernel
def test_the_real_proof(real, tmp_path):
    """Executed unprobed and probed, as the analysis with the old decoder prepares it."""
    tip = render_series(PLAN, real, tmp_path / "work").tip_files
    request = ProofRequest(load=real.load, tip=tip, place=tmp_path / "proof", cases=2000, jobs=2)
    proved = prove_series(request)
    assert not proved.summary.failures
    assert proved.checked_inputs > 2000


@pytest.mark.kernel
def test_the_real_review_and_states(real, tmp_path):
    """Every point of the review is met; steps and guards stand in the C."""
    rendered = render_series(PLAN, real, tmp_path)
    points = check_review(PLAN, rendered.tip_files, rendered.patches)
    assert {point.rule.ident: point.problems for point in points if point.problems} == {}
    for check in check_correspondence(PLAN, rendered.tip_files):
        assert not check.differences, check.what


@pytest.mark.kernel
def test_the_real_tree(real, tmp_path):
    """Everything that is there renders, and what its C uses is in the tree."""
    rendered = render_series(PLAN, real, tmp_path)
    assert not [trial for trial in try_edits(PLAN, real) if trial.problem]
    tree = Declarations(real, find_needs(BASE, REVIEW))
    facts = [use for use in check_uses(tree) if use.problem]
    assert not facts
    done = replay_patches(rendered.repo, "review", rendered.patches)
    assert [replayed.problem for replayed in done] == [""] * len(PATCHES)


@pytest.mark.kernel
def test_the_real_baseline_only_adds(real, tmp_path):
    """As for the made-up tree; the memory management has all its calls."""
    rendered = render_series(PLAN, real, tmp_path)
    files = baseline_files(rendered)
    for path, before in rendered.base_files.items():
        diff = difflib.unified_diff(before.splitlines(), files[path].splitlines(), n=0)
        assert not [row for row in diff if row.startswith("-") and not row.startswith("---")]
    calls = re.findall(r"\buprobe_(?:mmap|munmap)\(", files["mm/mmap.c"] + files["mm/memory.c"])
    assert len(calls) == 8


@pytest.mark.kernel
def test_the_real_rename(real, tmp_path):
    """21 lines of code and one comment in 10 files, and the gdb macro."""
    changed = changes(patch(render_series(PLAN, real, tmp_path), 1))
    macro = changed.pop("Documentation/kdump/gdbmacros.txt")
    assert len(macro[0]) == 1
    assert len(changed) == 10
    assert sum(len(old) for old, _ in changed.values()) == 22
    for old, new in changed.values():
        assert [line.replace("trap_no", "trap_nr") for line in old] == new


@pytest.mark.kernel
def test_the_real_questions(real, tmp_path):
    """The 15 tests of TIF_IA32 that ask this question, and no other line of code."""
    changed = changes(patch(render_series(PLAN, real, tmp_path), 2))
    gone = [line for old, _ in changed.values() for line in old if "TIF_IA32" in line]
    assert len(gone) == 15
    assert "arch/x86/include/asm/processor.h" not in changed
    assert not [path for path in changed if "/um/" in path or path.endswith(".S")]
