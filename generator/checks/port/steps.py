# SPDX-License-Identifier: GPL-2.0-only
"""The steps that make a new base: CONTRIBUTING.md has this list, and ``port`` prints it."""

from __future__ import annotations

STEPS: tuple[tuple[str, str], ...] = (
    (
        "uprobekit port --tree {tree} --like {like}",
        "What of the nearest base holds in the new version and what does not, by the work it "
        "makes, each with file and line. `--like-tree DIR` names a source of {like}, whose types "
        "and callers are compared; a package that was unpacked is found. Nothing is written. "
        "Between two bases, take the one whose list is shorter; without `--like` it is the last "
        "one that is not newer.",
    ),
    (
        "uprobekit port --tree {tree} --like {like} --start {base}",
        "Writes the module `generator/model/bases/v{module}.py`: edits that hold in another place, "
        "parameters, spellings and facts of the tree, functions that belong out with the "
        "baseline. What was guessed and what a person has to decide are the sentences of its "
        "`UNDECIDED`. The base can be named from now on, and nothing offers it.",
    ),
    (
        "",
        "Go through `UNDECIDED` from the top, and take out each sentence that is done; with the "
        "last one `UNDECIDED` goes itself, and the base is offered like the others. `edit ...: "
        "now in F`: look whether that is the place. `edit ...: left out`: write an edit into "
        "`CHANGED` behind it, or leave it out where the thing has gone from the kernel. `F() is "
        "...; the model says ...`: the parameters are in `params` already, see that no C calls it "
        "as before. `is ...; there: ...`, `is not declared`, `is not defined`: a name in `names`, "
        "a template in `spelled`, or a condition on `base.has` in the template; a new word of "
        "`has` needs its line in `bases/facts.py`. `uses X, which the baseline takes out`: take "
        "the function out as well, or replace the use. `is to be N, which X is`: an edit in "
        "`CHANGED` with a number that is free. `is new`, `calls X()`: decide whether the "
        "series has to know it; a caller that only has another name than there needs "
        "nothing. A fact that is not shown: has the thing gone, or is it called otherwise now?",
    ),
    (
        "uprobekit port --tree {tree} --like {base}",
        "Again, with the data of the new base, until the list is empty. Types of the kernel's own "
        "functions are compared only with `--like-tree` now: they have been looked at. The last "
        "lines say how far the base is.",
    ),
    (
        "uprobekit render --base {base} --tree {tree}",
        "The patches are in `kernel_patches/{base}/`, which git ignores: they hold lines of a "
        "tree that is not the project's. An edit that loses its place is an error with its file.",
    ),
    (
        "uprobekit review --base {base} --tree {tree}",
        "Then `states` and `proof`: they need no kernel either.",
    ),
    (
        "uprobekit port --tree {tree} --like {base} --compile",
        "Compiles what the series touches, the baseline and each prefix, with all warnings: some "
        "minutes, and no kernel. An option that does not survive is named: "
        "`qemu/config/{base}.config` has what this version calls otherwise.",
    ),
    (
        "uprobekit build --base {base} --tree {tree} baseline tip",
        "Whole kernels. An unused function in the baseline belongs out as well.",
    ),
    (
        "uprobekit qemu-test --base {base} --tree {tree} --peer",
        "Before and after, and the kernel's own uprobes beside.",
    ),
    (
        "UPROBEKIT_TREE_{variable}={directory} make test-kernel",
        "All tests that need a source, one of them whether {base} fits its own; without the "
        "variable they say that there is no source of {base}. `$UPROBEKIT_REV_{variable}` names a "
        "commit, `$UPROBEKIT_TREE_{other}` a source of {like}.",
    ),
    (
        "uprobekit render --all --tree {tree}",
        "Every base, this one from its tree, and how much C the new one has for itself alone: "
        "common C stands once.",
    ),
    (
        "",
        "A base with a Debian package gets its name in `package=`, its patches a line in "
        "`.gitignore` that lets them in, and itself a word in the Makefile's `COMMITTED` and a "
        "line in `.ci/run`.",
    ),
)
"""A command, "" where there is none, and what it is for."""


def fill_steps(*, base: str, like: str, tree: str, rev: str = "") -> tuple[tuple[str, str], ...]:
    """Return the steps for one base.

    Args:
        base: its name.
        like: the base that it is made of.
        tree: its source.
        rev: the commit, "" for a directory.
    """
    facts = {
        "base": base,
        "like": like,
        "tree": f"{tree} --rev {rev}" if rev else tree,
        "directory": tree,
        "other": like.replace(".", "_"),
        "module": base.replace(".", "_"),
        "variable": base.replace(".", "_"),
    }
    return tuple((command.format(**facts), text.format(**facts)) for command, text in STEPS)
