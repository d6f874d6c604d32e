# SPDX-License-Identifier: GPL-2.0-only
# A workload for git: commits, a branch, a merge, packs, a check.
set -eu
export GIT_AUTHOR_NAME=soak GIT_AUTHOR_EMAIL=soak@example.org
export GIT_COMMITTER_NAME=soak GIT_COMMITTER_EMAIL=soak@example.org
export GIT_AUTHOR_DATE='1330000000 +0000' GIT_COMMITTER_DATE='1330000000 +0000'
export GIT_CONFIG_NOSYSTEM=1 GIT_EXEC_PATH=/usr/bin
git init -q -b main repo
cd repo
for i in {1..5}; do
	for k in {1..30}; do echo "line $k of $((i * k % 7))"; done > file$((i % 4))
	git add .
	git commit -q -m "change $i"
done
git log --format='%H %s'
git checkout -q -b side HEAD~3
echo side > other
git add other
git commit -q -m side
git diff --stat main side
git rev-parse HEAD HEAD^{tree}
git fsck --full --strict
git cat-file --batch-check --batch-all-objects
rm -f .git/index
