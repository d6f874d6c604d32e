#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Has this kernel the fault? As root: sh run.sh
# Exit status: 0 it has not, 1 it has, 2 it cannot be told here.
# The program beside this runs without a probe, then with one of a trace event.
cd "$(dirname "$0")" || exit 2
set -- *.c
program=$PWD/${1%.c}
trace=/sys/kernel/tracing

say() { status=$1; shift; echo "${program##*/}: $*"; exit "$status"; }
disarm() {
	[ -z "$holder" ] || kill "$holder"
	echo 0 >$trace/events/reproduce/enable
	echo -:reproduce/e >>$trace/uprobe_events
} 2>/dev/null
{ [ -x "$program" ] && [ ! "$1" -nt "$program" ]; } ||
	${CC:-gcc} -O1 -static -no-pie -fno-pie -fcf-protection=none \
	$(sed -n 's,^// flags: ,,p' "$1") -o "$program" "$1" ||
	say 2 "cannot tell: it does not compile"
[ -e $trace/uprobe_events ] || mount -t tracefs tracefs $trace
timeout 5 "$program"; plain=$?
[ $plain = 0 ] || say 2 "cannot tell: without a probe it ends with status $plain"

set -- $("$program" where)
trap disarm EXIT
[ "$(id -u)" = 0 ] || say 2 "cannot tell: only root may define a probe"
case $program in *[[:space:]]*) say 2 "cannot tell: the path of a probe has no blanks" ;; esac
echo "$1:reproduce/e $program:$2" >>$trace/uprobe_events || say 2 "cannot tell: no uprobe events"
# an instruction is looked at when somebody has mapped it
[ "$3" = unmapped ] || { "$program" map it >/dev/null & holder=$!; sleep 1; }
if ! echo 1 2>/dev/null >$trace/events/reproduce/enable; then
	[ "$3" = runs ] && say 2 "cannot tell: the probe is refused"
	say 0 "not affected: the probe is refused"
fi
[ "$3" = runs ] || say 1 "affected: the probe is not refused"
timeout 5 "$program"; probed=$?
[ $probed = 0 ] && say 0 "not affected"
say 1 "affected: with a probe it ends with status $probed"
