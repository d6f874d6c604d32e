# SPDX-License-Identifier: GPL-2.0-only
"""Kernel images that the user has built: what is read from them, and what boot does with them."""

import os

import pytest
from conftest import MINI
from guests import make_image

from generator.cli.app import main
from generator.errors import UserError
from generator.guest.image import read_version


def test_the_version(tmp_path):
    """The first word of the text that the header points to."""
    assert read_version(make_image(tmp_path / "bzImage", b"3.3.8+ (a@b) #1")) == "3.3.8+"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"signature": b"HdrX"}, "this is no kernel image for x86"),
        ({"offset": 0}, "does not say its version"),
        ({"offset": 0xFFFF, "version": b""}, "does not say its version"),
        ({"version": b""}, "does not say its version"),
        ({"version": b"   "}, "does not say its version"),
    ],
)
def test_no_image(options, message, tmp_path):
    """What is not one is not booted."""
    with pytest.raises(UserError, match=message):
        read_version(make_image(tmp_path / "bzImage", **options))


@pytest.mark.parametrize("size", [0, 1, 0x201, 0x206, 0x20F])
def test_a_short_file(size, tmp_path):
    """Nor is a file that ends before its header does."""
    image = make_image(tmp_path / "bzImage")
    image.write_bytes(image.read_bytes()[:size])
    with pytest.raises(UserError, match="no kernel image"):
        read_version(image)
    image.write_bytes(b"MZ" + image.read_bytes())
    with pytest.raises(UserError, match=f"cut off: {size + 2} bytes are there"):
        read_version(image)


def test_an_image_that_is_cut_off(tmp_path):
    """It says how long it is; what is signed behind that is no part of it."""
    image = make_image(tmp_path / "bzImage", b"3.3.8+ (a@b) #1")
    data = bytearray(image.read_bytes())
    data[0x1F1], data[0x1F4:0x1F8] = 4, (1000).to_bytes(4, "little")
    whole = 5 * 512 + 16 * 1000
    for size in (whole + 1472, whole, whole - 15):
        image.write_bytes(data.ljust(size, b"\0")[:size])
        assert read_version(image) == "3.3.8+"
    image.write_bytes(data.ljust(whole - 16, b"\0"))
    with pytest.raises(UserError, match=f"cut off: {whole - 16} bytes of {whole} are there"):
        read_version(image)


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        (b"MZ".ljust(0x38, b"\0") + b"ARM\x64", "a kernel for arm64"),
        (b"MZ@\xfa", "another architecture, or one in an EFI program"),
        (b"\x1f\x8b\x08", "something compressed"),
        (b"\xfd7zXZ\0", "something compressed"),
        (b"\x28\xb5\x2f\xfd", "something compressed"),
        (b"070701", "an initrd"),
        (b"\x7fELF", "an uncompressed kernel"),
    ],
)
def test_what_people_take_for_one(begin, message, tmp_path):
    """It is told what it is, and what to name in its place."""
    (tmp_path / "x").write_bytes(begin.ljust(4096, b"\0"))
    with pytest.raises(UserError, match=message) as caught:
        read_version(tmp_path / "x")
    assert caught.value.hint


def test_a_pipe_is_not_waited_for(tmp_path):
    """Nobody may ever write into it."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="this is a pipe"):
        read_version(tmp_path / "pipe")


@pytest.fixture
def area(fake, tmp_path, capsys):
    """Return a work area with the rendered made-up series."""
    work = tmp_path / "work"
    options = ["--workdir", str(work), "--tree", str(MINI), "-o", str(tmp_path / "patches")]
    assert main(["render", "--quiet", *options]) == 0
    capsys.readouterr()
    return work


def try_boot(area, image, *more):
    """Boot an image, as far as nothing has to run."""
    return main(["boot", "--workdir", str(area), "--image", str(image), *more])


@pytest.mark.parametrize(
    ("make", "variants", "message"),
    [
        (lambda path: path, ["tip"], "No such file or directory"),
        (lambda path: path.parent, ["tip"], "Is a directory"),
        (lambda path: path.write_text("x") and path, ["tip"], "no kernel image for x86"),
        (make_image, [], "--image is one kernel"),
        (make_image, ["baseline", "tip"], "--image is one kernel"),
        (make_image, ["review-99"], "review-99"),
        (
            lambda path: make_image(path, b"6.12.3"),
            ["tip"],
            "this is a kernel of Linux 6.12.3, not 6.1",
        ),
    ],
)
def test_wrong_input(make, variants, message, area, tmp_path, capsys):
    """Each is said before anything is built or booted."""
    assert try_boot(area, make(tmp_path / "bzImage"), *variants) == 1
    assert message in " ".join(capsys.readouterr().err.split())


def test_what_was_it_built_from(fake, tmp_path, capsys):
    """Without a rendered series nobody can say what the image is of."""
    assert try_boot(tmp_path, make_image(tmp_path / "bzImage"), "tip") == 1
    assert "run: uprobekit render --base 6.1" in " ".join(capsys.readouterr().err.split())


def test_dry_run(area, tmp_path, capsys):
    """The image is what QEMU gets."""
    image = make_image(tmp_path / "mine")
    assert try_boot(area, image, "--dry-run", "tip") == 0
    command = capsys.readouterr().out.splitlines()[-1]
    assert f"-kernel {image}" in command


@pytest.fixture
def no_guest(monkeypatch):
    """Make the build of the guest's programs, which takes a minute, a failure of the test."""

    def build(*arguments):
        raise AssertionError("the guest is built")

    monkeypatch.setattr("generator.guest.initramfs.build_guest", build)


def test_a_kernel_that_cannot_be_built_here(area, no_guest, capsys):
    """Of a base without a package, the hint names the option."""
    assert main(["boot", "--workdir", str(area), "tip"]) == 1
    assert "--image" in capsys.readouterr().err


def test_a_kernel_of_another_series(tmp_path, no_guest, stand_in, capsys):
    """The hint builds that kernel, and no other series' one."""
    stand_in("qemu-system-x86_64", "exit 1")
    assert main(["boot", "--workdir", str(tmp_path), "--series", "fixes", "tip"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "the kernel of 6.1/fixes is not built" in said
    assert "run: uprobekit build --base 6.1 --series fixes fixes" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("boot", "--workdir", "."), "the kernel of 6.1/baseline is not built"),
        (("corpus", "--tree", str(MINI)), "the kernel of 6.1/tip is not built"),
        (("cost", "--tree", str(MINI)), "the kernel of 6.1/tip is not built"),
        (("soak", "--tree", str(MINI)), "the kernel of 6.1/tip is not built"),
        (("soak", "--program", "postgresql", "--count", "0"), "build-plain-gcc"),
        (("soak", "--source", str(MINI / "Makefile")), "the kernel of 6.1/tip is not built"),
        (("corpus", "--tree", "nowhere"), "nowhere: there is no such directory"),
    ],
)
def test_what_is_wrong_is_said_before_the_guest_is_built(
    words, said, area, no_guest, capsys, monkeypatch, stand_in
):
    """A kernel that is not there, a source that is none: at once."""
    stand_in("qemu-system-x86_64", "exit 1")
    monkeypatch.chdir(area)
    monkeypatch.setenv("UPROBEKIT_WORKDIR", str(area))
    assert main([*words, "--quiet"]) == 1
    assert said in " ".join(capsys.readouterr().err.split())
