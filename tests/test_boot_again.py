# SPDX-License-Identifier: GPL-2.0-only
"""A second qemu-test: what was booted, and was well, is not booted again unless told so."""

from dataclasses import replace

import pytest
from test_report_compare import DEAD, boot, guest

from generator.boot import stage
from generator.build.kernel import IMAGE
from generator.cli import commands
from generator.cli.options import Options
from generator.errors import CheckFailed
from generator.report.results import key_path, result_path

VARIANTS = ("baseline", "tip", "peer")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return a function that runs qemu-test and returns what was booted; kernels are files."""
    options = Options(base="6.1", workdir=tmp_path, quiet=True)
    for variant in VARIANTS:
        image = commands.build_dir(options, variant) / IMAGE
        image.parent.mkdir(parents=True)
        image.write_text(variant)
    initramfs = tmp_path / "initramfs.cpio"
    initramfs.write_text("guest")
    booted = []
    lines = {"baseline": DEAD, "tip": guest(), "peer": guest()}

    def boot_kernel(request, observer=None):
        booted.append(request.variant)
        result = replace(boot(lines[request.variant], request.variant), base="6.1")
        return replace(result, console=tmp_path / "c", results=tmp_path / "r")

    monkeypatch.setattr(stage, "boot_kernel", boot_kernel)
    monkeypatch.setattr(commands, "render_source", lambda options: (None, None))
    monkeypatch.setattr(commands, "guest", lambda options, screen: initramfs)
    monkeypatch.setattr(commands, "_build_one", lambda *arguments: None)

    def once(*, peer=False, boot_again=False, **changes):
        booted.clear()
        chosen = replace(options, **changes)
        commands.qemu_test(chosen, peer=peer, boot_again=boot_again, junit=None)
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


def test_another_kernel(run):
    """It alone is booted."""
    run()
    (commands.build_dir(run.options, "tip") / IMAGE).write_text("another")
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
