#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Has this kernel the fault? As root: sh run.sh
# Exit status: 0 it has not, 1 it has, 2 it cannot be told here.
# The program beside this runs without a probe, then with one of a trace event.
cd "$(dirname "$0")" || exit 2
set -- *.c; program=$PWD/${1%.c}
trace=/sys/kernel/tracing; own=$trace/instances/reproduce

say() { status=$1; shift; echo "${program##*/}: $*"; exit "$status"; }
disarm() {
	[ -z "$holder" ] || kill "$holder"
	echo 0 >$own/events/reproduce/enable
	echo -:reproduce/e >>$trace/uprobe_events
	rmdir $own
} 2>/dev/null
{ [ -x "$program" ] && [ ! "$1" -nt "$program" ]; } ||
	${CC:-gcc} -O1 -static -no-pie -fno-pie -fcf-protection=none \
	$(sed -n 's,^// flags: ,,p' "$1") -o "$program" "$1" ||
	say 2 "cannot tell: it does not compile"
ulimit -t 5; timeout -k 1 60 "$program" || say 2 "cannot tell: without a probe it ends with status $?"
set -- $("$program" where)
[ "$(id -u)" = 0 ] || say 2 "cannot tell: only root may define a probe"
case $program in *[[:space:]]*) say 2 "cannot tell: the path of a probe has no blanks" ;; esac
[ -e $trace/uprobe_events ] || mount -t tracefs tracefs $trace
[ -e $trace/uprobe_events ] || say 2 "cannot tell: this kernel has no uprobe events"
mkdir $own || say 2 "cannot tell: another run is there; if it was killed: rmdir $own"
trap disarm EXIT
trap 'say 2 "cannot tell: it was stopped"' HUP INT TERM
echo -:reproduce/e 2>/dev/null >>$trace/uprobe_events
echo "$1:reproduce/e $program:$2" >>$trace/uprobe_events || say 2 "cannot tell: no such event"
# an instruction is looked at when somebody has mapped it
[ "$3" = unmapped ] || { "$program" map it >/dev/null & holder=$!; sleep 1; }
if said=$(LC_ALL=C /bin/echo 1 2>&1 >$own/events/reproduce/enable); then
	case $3 in refused | unmapped) say 1 "affected: the probe is not refused" ;; esac
	timeout -k 1 60 "$program" && say 0 "not affected"
	say 1 "affected: with a probe it ends with status $?"
fi
[ "$3" = runs ] || case $said in *supported* | *524*) say 0 "not affected: it is refused" ;; esac
say 2 "cannot tell: the probe cannot be armed: ${said##*: }"
