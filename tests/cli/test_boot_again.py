# SPDX-License-Identifier: GPL-2.0-only
"""A second qemu-test: what was booted, and was well, is not booted again unless told so."""

import json
import re
import shlex
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from guests import DEAD, SKIPPED, boot, guest

from generator.cli import booting, building, commands, main
from generator.cli.ahead import check_tests
from generator.cli.options import Options
from generator.errors import CheckFailed, InfraError, UserError
from generator.guest import boot as stage
from generator.guest import initramfs
from generator.kbuild import estimate
from generator.kbuild.request import IMAGE, state_name
from generator.kbuild.state import BuildState, image_identity, write_state
from generator.report.kept import kept_path
from generator.report.results import key_path, read_boot, result_path, write_boot
from generator.report.status import read_status

VARIANTS = ("baseline", "tip", "peer")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return a function that runs qemu-test and returns what was booted; kernels are files."""
    options = Options(base="6.1", workdir=tmp_path, quiet=True)
    for variant in VARIANTS:
        image = building.build_dir(options, variant) / IMAGE
        image.parent.mkdir(parents=True)
        image.write_text(variant)
    initramfs = tmp_path / "guest-x86_64/initramfs.cpio"
    initramfs.parent.mkdir()
    initramfs.write_text("guest")
    program = initramfs.parent / "root/bin/selftest-64"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho test nop sigtrap\n")
    program.chmod(0o755)
    booted = []
    lines = {"baseline": DEAD, "tip": guest(), "peer": guest()}

    def boot_kernel(request, observer=None):
        booted.append(request.variant)
        result = replace(boot(lines[request.variant], request.variant), base="6.1")
        command = (f"-append {' '.join(request.parameters)}",)
        return replace(
            result,
            flavour=request.flavour,
            asked=request.asked,
            tree=request.tree,
            command=command,
            console=tmp_path / "c",
            results=tmp_path / "r",
        )

    monkeypatch.setattr(stage, "boot_kernel", boot_kernel)
    monkeypatch.setattr(commands, "render_source", lambda options: (None, None))
    monkeypatch.setattr(booting, "guest", lambda *_, **__: initramfs)
    monkeypatch.setattr(building, "build_one", lambda *arguments: None)

    def once(*, peer=False, boot_again=False, verbose=False, **changes):
        booted.clear()
        chosen = replace(options, **changes)
        commands.qemu_test(chosen, peer=peer, boot_again=boot_again, junit=None, verbose=verbose)
        return sorted(booted)

    once.options, once.initramfs, once.lines, once.booted = options, initramfs, lines, booted
    return once


def test_nothing_changed(run, capsys):
    """The second run boots nothing and compares the same; when told to, it boots."""
    assert run() == ["baseline", "tip"]
    assert run() == []
    assert run(boot_again=True) == ["baseline", "tip"]
    assert run(quiet=False) == []
    said = capsys.readouterr()
    assert "6.1/tip: not booted: kernel, guest and QEMU are those of" in said.err
    assert "--boot-again" in said.err


def built_from(options, variant, tree):
    """Note what a kernel is built from, as a build does."""
    image = building.build_dir(options, variant) / IMAGE
    stamp = options.area / options.base / variant / state_name(image.parents[3].name)
    known = BuildState(key="inputs", image=image_identity(image), tree=tree)
    write_state(stamp, known)


def kept_tree(run, variant):
    """Return what the kept result of a boot says that the kernel was built from."""
    return read_boot(result_path(run.options.area, "6.1", variant)).tree


def test_of_which_rendering(run):
    """A boot and the comparison say what the kernel was built from, one that is kept as well."""
    assert run() == ["baseline", "tip"] and kept_tree(run, "tip") == ""
    before = result_path(run.options.area, "6.1", "tip").stat().st_mtime_ns
    for tree in ("one", "two"):
        built_from(run.options, "tip", tree)
        assert run() == [] and kept_tree(run, "tip") == tree
        data = json.loads(result_path(run.options.area, "6.1", "compare").read_bytes())
        assert data["tip"] == tree
        assert result_path(run.options.area, "6.1", "tip").stat().st_mtime_ns == before
    assert run() == [] and kept_tree(run, "baseline") == ""
    built_from(run.options, "tip", "three")
    assert run(boot_again=True) == ["baseline", "tip"] and kept_tree(run, "tip") == "three"
    # an image that was put there afterwards is of nobody knows what
    (building.build_dir(run.options, "tip") / IMAGE).write_text("another")
    assert run() == ["tip"] and kept_tree(run, "tip") == ""


def test_what_a_booted_kernel_was_built_from_is_kept(run):
    """A result is about the kernel that was booted, whatever has been rendered since."""
    source = SimpleNamespace(version="6.1.7")
    for tree in ("one", ""):
        built_from(run.options, "tip", tree)
        run.options.keep("soak", {"rows": []}, source, None, kernel="tip")
        data = json.loads(kept_path(run.options.area, "6.1", "soak").read_bytes())
        assert data["tip"] == tree


def test_another_kernel(run):
    """It alone is booted."""
    run()
    (building.build_dir(run.options, "tip") / IMAGE).write_text("another")
    assert run() == ["tip"]


@pytest.mark.parametrize("change", ["guest", "tests", "accel", "peer", "key", "result", "compare"])
def test_anything_else(run, change):
    """Another guest, other tests, another column, or files that are damaged: booted."""
    run()
    changes = {"tests": {"tests": "nop"}, "accel": {"accel": "tcg"}, "peer": {"peer": True}}
    damaged = {
        "guest": run.initramfs,
        "key": key_path(run.options.area, "6.1", "tip", "plain"),
        "result": result_path(run.options.area, "6.1", "tip"),
        "compare": result_path(run.options.area, "6.1", "compare"),
    }
    if change in damaged:
        damaged[change].write_bytes(b"\xff{")
    wanted = {"peer": sorted(VARIANTS), "key": ["tip"], "result": ["tip"]}
    assert run(**changes.get(change, {})) == wanted.get(change, ["baseline", "tip"])


def test_what_is_said(run, capsys):
    """Before: what will be done; after each boot: what it shows; at the end: what is proved."""
    run(quiet=False, peer=True)
    said = capsys.readouterr()
    before = said.err.index("qemu-test: Linux 6.1 before and after the series, in QEMU; this will")
    assert before < said.err.index("minutes on")
    assert "baseline (plain): 1 of 1 probes end in SIGTRAP, as they must" in said.err
    assert "tip (plain): 1 of 1 self-tests pass" in said.err
    assert "not ok" not in said.err
    assert "proved    1 of 1 self-tests" in said.out
    assert "NOT OK" not in said.out
    table = result_path(run.options.area, "6.1", "compare").with_suffix(".txt")
    assert f"every test, as a table: {table}" in said.out
    assert "ok" in table.read_text()
    run(verbose=True)
    assert table.read_text().splitlines()[1] in capsys.readouterr().out


def test_a_difference_comes_first(run, capsys):
    """With both sides, and the line that runs the test alone."""
    run.lines["tip"] = guest(status="not ok", outcome="outcome=fail hits=0")
    run.lines["tip"].insert(3, "#   hits: expected 1, saw 0")
    with pytest.raises(CheckFailed, match="before/after does not hold"):
        run()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "NOT OK one: fail on the tip (not ok)"
    assert lines[1].split() == ["baseline", "sigtrap"]
    assert lines[2].split() == ["tip", "fail,", "must", "be", "pass"]
    assert "            | hits: expected 1, saw 0" in lines
    alone = next(line for line in lines if line.startswith("  alone"))
    area = shlex.quote(str(run.options.area))
    assert alone.endswith(f" boot --base 6.1 --workdir {area} tip --tests one")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--flavour", "i386"),
        ("--toolchain", "clang"),
        ("--accel", "tcg"),
        ("--flavour", "i386", "--toolchain", "clang", "--accel", "tcg"),
        ("--image", "own image"),
    ],
)
def test_the_line_to_run_it_alone_is_that_of_the_same_kernel(run, capsys, monkeypatch, words):
    """Whatever was asked for: typed again, it boots that kernel, in that way, with that test."""
    chosen = {word.removeprefix("--"): value for word, value in pairwise(words) if "--" in word}
    image = run.options.area / chosen.pop("image") if "image" in chosen else None
    options = replace(run.options, quiet=False, **chosen)
    monkeypatch.setattr(booting, "_check_image", lambda image, base: None)
    monkeypatch.setattr(booting, "_tree", lambda options, variant: "tree")
    run.lines["tip"] = guest(status="not ok", outcome="outcome=fail hits=0")
    for variant in ("baseline", "tip"):
        kernel = image or building.build_dir(options, variant) / IMAGE
        kernel.parent.mkdir(parents=True, exist_ok=True)
        kernel.write_text("kernel")
        with suppress(CheckFailed):
            booting.boot(options, (variant,), image=image)
    with pytest.raises(CheckFailed):
        commands.compare(options, junit=None)
    lines = capsys.readouterr().out.splitlines()
    alone = next(line for line in lines if line.startswith("  alone"))
    assert main([*shlex.split(alone)[2:], "--dry-run"]) == 0
    command = capsys.readouterr().out
    archive = booting.guest_request(options).archive
    request = booting.boot_request(replace(options, tests="one"), "tip", archive, image)
    assert shlex.join(stage.boot_command(request)) in command


@pytest.mark.parametrize(
    ("variant", "lines", "good"),
    [
        ("tip", guest(), True),
        ("tip", DEAD, False),
        ("tip", SKIPPED, False),
        ("baseline", DEAD, True),
        ("baseline", guest(), False),
        ("baseline", SKIPPED, False),
        ("peer", DEAD, True),
    ],
)
def test_the_status_of_a_boot(run, variant, lines, good):
    """It fails when the kernel does not show what it has to; the unmodified base has to nothing."""
    run.lines[variant] = lines
    if good:
        booting.boot(run.options, (variant,))
    else:
        with pytest.raises(CheckFailed, match=f"{variant}: (failed-tests|0 of 1)"):
            booting.boot(run.options, (variant,))


@pytest.mark.parametrize(
    ("change", "junit", "error", "said"),
    [
        ({"accel": "foo"}, None, UserError, "no accelerator 'foo'"),
        ({"tests": "nosuch"}, None, UserError, "no self-test 'nosuch'"),
        ({"tests": "nop,nopp"}, None, UserError, "no self-test 'nopp'; like it: nop"),
        ({"tests": "xx-*"}, None, UserError, "no self-test 'xx-"),
        ({}, Path("/nonexistent/x"), UserError, "no such folder"),
        ({}, Path("/"), UserError, "this is a folder"),
        ({"accel": "bochs"}, None, InfraError, "bochs"),
        ({"accel": "gdb"}, None, InfraError, "gdb is not found"),
        ({}, None, InfraError, "qemu-system-x86_64 is not found"),
    ],
)
def test_wrong_requests_build_nothing(run, monkeypatch, tmp_path, change, junit, error, said):
    """What is wrong is said before the first kernel is built."""

    def build(*arguments):
        raise AssertionError("built")

    monkeypatch.setattr(building, "build_one", build)
    if error is InfraError:
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(error, match=re.escape(said)):
        commands.qemu_test(
            replace(run.options, **change), peer=False, boot_again=False, junit=junit
        )
    if error is UserError:
        monkeypatch.setattr(initramfs, "is_built", lambda request: True)
        dry = replace(run.options, dry_run=True, **change)
        with pytest.raises(error, match=re.escape(said)):
            commands.qemu_test(dry, peer=False, boot_again=False, junit=junit)
    if "tests" in change:
        with pytest.raises(error, match=re.escape(said)):
            booting.boot(dry, ("tip",))


def test_a_program_that_does_not_run_here(run):
    """Names that may be its tests are not called wrong; others are."""
    program = run.initramfs.parent / "root/bin/selftest-x32"
    program.write_text("no program")
    program.chmod(0o755)
    for word in ("x32-nop", "*-nop", "nop"):
        check_tests(replace(run.options, tests=word), run.initramfs.parent / "root")
    for word in ("m32-nop", "nosuch"):
        with pytest.raises(UserError):
            check_tests(replace(run.options, tests=word), run.initramfs.parent / "root")


def test_a_failure_is_not_kept(run):
    """What did not pass is booted again, all of it, until it does."""
    run.lines["tip"] = DEAD
    for _ in range(2):
        with pytest.raises(CheckFailed):
            run()
        assert sorted(run.booted) == ["baseline", "tip"]
    run.lines["tip"] = guest()
    assert run() == ["baseline", "tip"]
    assert run() == []


def test_an_interrupted_boot_is_none(run, monkeypatch):
    """The result that was there is not taken for that of the boot that did not end."""
    run()

    def interrupted(request, observer=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, "boot_kernel", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(boot_again=True)
    assert not key_path(run.options.area, "6.1", "baseline", "plain").exists()


def kept_files(run):
    """Return what is kept of boots with all self-tests, and of their comparison."""
    folder = run.options.area / "6.1/results"
    return {path.name: path.read_bytes() for path in folder.glob("*-plain.*")}


def test_a_boot_of_some_tests_replaces_none_of_all(run, monkeypatch, capsys):
    """Its result is kept apart, and so are its logs; what compares and reports sees the whole."""
    run()
    whole = kept_files(run)
    assert {"tip-plain.json", "tip-plain.key", "compare-plain.json"} <= set(whole)
    run.lines["tip"] = guest(status="not ok", outcome="outcome=fail hits=0")
    some = replace(run.options, tests="nop")
    with pytest.raises(CheckFailed):
        booting.boot(replace(some, quiet=False), ("tip",))
    said = capsys.readouterr()
    assert "compare, report and status look at boots with all self-tests" in said.err
    with pytest.raises(CheckFailed):
        commands.qemu_test(some, peer=False, boot_again=False, junit=None)
    assert kept_files(run) == whole
    assert read_boot(result_path(some.area, "6.1", "tip", "plain-some")).chosen == "nop"
    commands.compare(run.options, junit=None)
    request = booting.boot_request(some, "tip", run.initramfs)
    assert stage.boot_command(request) != stage.boot_command(replace(request, flavour="plain"))


def test_only_some_tests_were_booted(run):
    """Whoever wants all says so, and how to get them; a result of an older version as well."""
    booting.boot(replace(run.options, tests="nop"), ("baseline", "tip"))
    again = "run: uprobekit boot --base 6.1 baseline, without --tests"
    with pytest.raises(UserError, match=f"no boot with all self-tests; {again}"):
        commands.compare(run.options, junit=None)
    found = read_status(run.options.area, "6.1", "plain", ("tip", "peer"))
    assert found.variants["tip"].boot == "not booted: there is no boot with all self-tests"
    assert found.variants["peer"].boot == "not booted"
    for variant in ("baseline", "tip"):
        some = result_path(run.options.area, "6.1", variant, "plain-some")
        some.rename(result_path(run.options.area, "6.1", variant))
    with pytest.raises(UserError, match=f"only the self-tests 'nop' were run; {again}"):
        commands.compare(run.options, junit=None)
    found = read_status(run.options.area, "6.1", "plain", ("tip",))
    assert found.variants["tip"].boot == "not booted: only the self-tests 'nop' were run"


@pytest.fixture
def announced(run, monkeypatch, capsys):
    """Return a function that runs qemu-test with built kernels; returns its words about boots."""
    done = estimate.Estimate(start=estimate.Start.DONE, objects=0, seconds=0.0)
    monkeypatch.setattr(commands, "source_is_there", lambda options: True)
    monkeypatch.setattr(
        initramfs, "is_built", lambda request: request.archive.read_text() == "guest"
    )
    monkeypatch.setattr(building, "build_request", lambda *arguments: None)
    monkeypatch.setattr(estimate, "estimate_build", lambda request, after_another=False: done)

    def words(**changes):
        capsys.readouterr()
        booted = run(quiet=False, **changes)
        said = capsys.readouterr().err.partition("  compare ")[0].splitlines()
        at = next(index for index, line in enumerate(said) if line.startswith("  boot "))
        return booted, [" ".join(line.split()) for line in said[at:]]

    return words


def test_what_is_kept_is_announced_as_such(run, announced):
    """As it is done: what is booted, and what is not."""
    said = "boot baseline, tip, each with all self-tests: about 40 s each, beside the next build"
    assert announced() == (["baseline", "tip"], [said])
    kept = "not again, the kept results are of this kernel"
    assert announced() == ([], [f"boot baseline, tip: {kept}"])
    (building.build_dir(run.options, "tip") / IMAGE).write_text("another")
    booted, said = announced()
    assert booted == ["tip"]
    assert said[0].startswith("boot tip, each with all self-tests: about 10 s each")
    assert said[1:] == [f"baseline: {kept}"]
    assert announced(boot_again=True)[1][0].startswith("boot baseline, tip, each with all")
    run.initramfs.write_text("another")
    booted, said = announced()
    assert booted == ["baseline", "tip"]
    assert said[0].startswith("boot baseline, tip, each with all")


def test_some_tests_are_announced_as_such(run, announced):
    """With their names, and the time that they took when all were run."""
    run()
    for variant in ("baseline", "tip"):
        result = read_boot(result_path(run.options.area, "6.1", variant))
        test = replace(result.ktap.tests[0], name="nop", values={"outcome": "pass", "ms": "12000"})
        slow = replace(test, name="slow", values={"outcome": "pass", "ms": "60000"})
        whole = replace(
            result,
            end=replace(result.end, seconds=80.0),
            ktap=replace(result.ktap, tests=(test, slow)),
        )
        write_boot(whole, run.options.area)
    said = "boot baseline, tip, each with the self-tests nop: about 20 s each"
    assert announced(tests="nop", boot_again=True)[1] == [f"{said}, beside the next build"]
    assert announced(tests="nop", boot_again=True)[1][0].startswith(said.replace("20 s", "10 s"))
    for variant in ("baseline", "tip"):
        path = result_path(run.options.area, "6.1", variant)
        write_boot(
            replace(read_boot(path), end=replace(result.end, seconds=80.0)), run.options.area
        )
    said = announced(boot_again=True)[1]
    assert said[0].startswith("boot baseline, tip, each with all self-tests: about 80 s each")
