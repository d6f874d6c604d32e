# SPDX-License-Identifier: GPL-2.0-only
# A workload for stress-ng: classes that verify what they compute, a fixed number of rounds each.
set -eu
for class in cpu vecmath sigfpe sigsegv qsort matrix bsearch context; do
	stress-ng --quiet --no-rand-seed --verify --temp-path . --$class 1 --$class-ops 3 && echo "$class good"
done
