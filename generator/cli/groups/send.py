# SPDX-License-Identifier: GPL-2.0-only
"""The commands that change and send the series."""

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.declare import ANY, OUTPUT, SOURCE, command
from generator.cli.options import Options


@command(
    *SOURCE,
    *OUTPUT,
    tree=Annotated[
        Path, typer.Option(help="Your git repository of the kernel. Its files stay as they are.")
    ],
    rev=Annotated[
        str | None,
        typer.Option(help="Commit to start from.", show_default="HEAD, without what is changed"),
    ],
    series=ANY,
)
def apply(
    options: Options,
    *,
    branch: Annotated[str, typer.Option(help="The branch to make.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace the branch, unless it is checked out.")
    ] = False,
    checkout: Annotated[
        bool, typer.Option("--checkout", help="Switch to the branch afterwards.")
    ] = False,
) -> None:
    """Make a branch of the baseline and the series in your own repository.

    Neither your files nor your index nor any other branch is touched. Author and Signed-off-by are
    those that git has for you. uprobekit import brings back what you change there.

    Example: uprobekit apply --tree ~/src/linux --branch uprobes
    """
    from generator.cli import maintain

    maintain.apply(
        options,
        branch=branch,
        force=force,
        checkout=checkout,
    )


@command(*SOURCE, *OUTPUT, series=ANY)
def import_(
    options: Options,
    *,
    what: Annotated[
        list[str],
        typer.Argument(
            help="A commit or range; a branch, which is all of it; a file with a diff, a mail or "
            "an mbox; a directory of mails.",
            show_default=False,
        ),
    ],
    repo: Annotated[
        Path | None,
        typer.Option(help="Repository of the commits.", show_default="--tree, or where you are"),
    ] = None,
) -> None:
    """Bring a change of the rendered C or of a message into templates and model.

    Each change is rendered before it is written: it is what you have edited. A range may be the
    whole branch, and have merges, or patches in another order. What does not fit is named and
    kept in uprobekit-import.rej, or -2, -3 beside it; what comes after it is brought in
    nevertheless, and the status is 2.

    Example: uprobekit import --tree ~/src/linux uprobes~3..uprobes
    """
    from generator.cli import maintain

    maintain.import_(
        options,
        what,
        repo=repo,
    )


@command("as_json", "quiet")
def rename(
    options: Options,
    *,
    old: Annotated[
        str,
        typer.Argument(help="A function, structure, enumeration or macro of the series, as in C."),
    ],
    new: Annotated[str, typer.Argument(help="Its new name.")],
) -> None:
    """Rename what the series declares, wherever it is named: templates, model, proofs, prose.

    What speaks of the unmodified kernel stays as it is. make series golden picture then makes
    anew what is rendered and recorded. What is left to do by hand is named; the status is then 2.

    Example: uprobekit rename uprobe_deny_signal uprobe_hold_signal
    """
    from generator.cli import maintain

    maintain.rename(options, old, new)


@command("as_json", "quiet")
def reorder(
    options: Options,
    *,
    function: Annotated[str, typer.Argument(help="A function of the series, as in C.")],
    parameters: Annotated[
        list[str], typer.Argument(help="All of its parameters, in their new order.")
    ],
) -> None:
    """Put the parameters of a function into another order, in its declaration and in all calls.

    As with rename, what is left to do by hand is named; the status is then 2.

    Example: uprobekit reorder handler_chain regs uprobe
    """
    from generator.cli import maintain

    maintain.reorder(options, function, parameters)


@command("series", "as_json", "quiet", series=ANY)
def trailers(
    options: Options,
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Mails: an mbox of the thread, or what b4 am or b4 mbox writes.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Take Reviewed-by and the like from mails into the model; without a file list them.

    They stand in generator/model/trailers.py, by patch, in the kernel's order.

    Example: uprobekit trailers 20260101-uprobes-v2.mbx
    """
    from generator.cli import maintain

    maintain.trailers(options, files or [])


@command(*SOURCE, "flavour", *OUTPUT, series=ANY)
def mbox(
    options: Options,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The directory to write. Default: series-v<N>; series-v<N>.mbox with --mbox.",
            show_default=False,
        ),
    ] = None,
    as_mbox: Annotated[
        bool, typer.Option("--mbox", help="One file, for programs that read an mbox.")
    ] = False,
    with_baseline: Annotated[
        bool,
        typer.Option(
            "--with-baseline", help="Also write the patch below the first one: DIR/baseline/."
        ),
    ] = False,
    version: Annotated[
        int, typer.Option("--reroll-count", "-v", min=1, help="The version of the series.")
    ] = 1,
    since: Annotated[
        str, typer.Option(help="The version before, as a side of diff.", show_default=False)
    ] = "",
    changes: Annotated[
        Path | None,
        typer.Option(
            help="What changed since then, edited. Default: changes-v<N>.txt, written as a draft.",
            show_default=False,
        ),
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="What stands in brackets, such as 'PATCH net-next'.")
    ] = "PATCH",
    rfc: Annotated[bool, typer.Option("--rfc", help="Say RFC in front of it.")] = False,
) -> None:
    """Write a version of the series as mails, a file each; nothing is sent.

    git send-email DIR/*.patch sends them, b4 and get_maintainer.pl read them; git am
    --empty=drop DIR/*.patch applies them. 2: a result that the cover letter names is bad.
    Author and Signed-off-by are git's user.name and user.email.

    Example: uprobekit mbox -v 2 --since v1 --rfc --prefix 'PATCH tip'
    """
    from generator.cli import desk

    desk.mbox(
        options,
        desk.MboxOptions(
            version=version,
            since=since,
            changes=changes,
            output=output or Path(f"series-v{version}{'.mbox' if as_mbox else ''}"),
            as_mbox=as_mbox,
            with_baseline=with_baseline,
            prefix=prefix,
            rfc=rfc,
        ),
    )


@command(*SOURCE, *OUTPUT, series=ANY)
def checkpatch(
    options: Options,
    *,
    sent: Annotated[
        bool,
        typer.Option("--sent", help="The patches as you send them: with your Signed-off-by."),
    ] = False,
) -> None:
    """Run the base's checkpatch.pl --strict on every patch.

    Nobody has signed the patches as they are rendered: the check for that is left out then.

    Example: uprobekit checkpatch --base 6.12 --sent
    """
    from generator.cli import checks

    checks.checkpatch(
        options,
        sent=sent,
    )


@command(*SOURCE, "flavour", "toolchain", *OUTPUT, series=ANY)
def patches_(
    options: Options,
    *,
    code: Annotated[
        bool, typer.Option(help="Compile before and after the preparatory patches.")
    ] = True,
) -> None:
    """Apply each patch, read its mail, compare objects, and say whom the series goes to.

    Example: uprobekit patches --base 6.12 --no-code
    """
    from generator.cli import patches

    patches.check_patches(
        options,
        code=code,
    )
