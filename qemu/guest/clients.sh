#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The clients of uprobes as a distribution has them, in a guest that has their
# packages' files beside ours.  Each of them counts the calls of a function of
# the C library, or its returns.  Prints KTAP, see qemu/README.md.

export HOME=/tmp PATH=/usr/bin:/bin LC_ALL=C
LIBC=/lib/x86_64-linux-gnu/libc.so.6
HITS=10000
DEADLINE=150

# Called with the name of the event; prints how often perf stat has seen it.
stat_event()
{
	perf stat -x, -o /tmp/stat -e "$1" -- client $HITS
	sed -n "s/^\([0-9]*\),.*$1.*/\1/p" /tmp/stat
}

# The same with perf record and perf script.
record_event()
{
	perf record -q -m 1024 -o /tmp/perf.data -e "$1" -- client $HITS
	perf script -i /tmp/perf.data -F event | grep -c "$1"
}

# Called with what counts, what is to be probed, and the event's name.
perf_client()
{
	perf probe -q -x $LIBC "$2" && $1 "probe_libc:$3"
	perf probe -q -d 'probe_libc:*'
}

# Called with a program for bpftrace that ends with one value in @.
bpf_client()
{
	bpftrace -e "$1" -c "/bin/client $HITS" >/tmp/bpf
	cat /tmp/bpf >&2
	sed -n 's/^@: //p' /tmp/bpf
}

# Called with what the script of systemtap has counted: calls or returns.
stap_client()
{
	stapbpf -c "/bin/client $HITS" /client.bo >/tmp/stap
	cat /tmp/stap >&2
	sed -n "s/^$1: //p" /tmp/stap
}

# Called with one of the base's own tests of ftrace; prints 1 if it passes.
ftrace_client()
{
	(cd /ftrace && ./ftracetest -vv -l /tmp/ftrace "$1") >/tmp/ftrace.log
	cat /tmp/ftrace.log >&2
	sed -n 's/^# of passed: *//p' /tmp/ftrace.log
}

# Called with a test's name; prints what it has counted.
client()
{
	case $1 in
	perf-stat)		perf_client stat_event a64l a64l ;;
	perf-stat-stepped)	perf_client stat_event copysign copysign ;;
	perf-stat-return)
		perf_client stat_event a64l%return a64l__return ;;
	perf-record)		perf_client record_event a64l a64l ;;
	perf-record-stepped)	perf_client record_event copysign copysign ;;
	perf-record-return)
		perf_client record_event a64l%return a64l__return ;;
	bpftrace-uprobe)
		bpf_client "uprobe:$LIBC:a64l { @ = count(); }" ;;
	bpftrace-uprobe-stepped)
		bpf_client "uprobe:$LIBC:copysign { @ = count(); }" ;;
	bpftrace-uretprobe)
		bpf_client "uretprobe:$LIBC:a64l { @ = count(); }" ;;
	bpftrace-retval)
		bpf_client "uretprobe:$LIBC:a64l { @ = sum(retval); }" ;;
	systemtap-call)		stap_client calls ;;
	systemtap-return)	stap_client returns ;;
	ftrace-*)
		ftrace_client "$(ftrace_tests | grep "/${1#ftrace-}\.tc")" ;;
	esac
}

ftrace_tests()
{
	grep -rl uprobe /ftrace/test.d --include='*.tc' | sort
}

# What a test must count.
expected()
{
	case $1 in
	bpftrace-retval)	echo $((63 * HITS)) ;;
	ftrace-*)		echo 1 ;;
	*)			echo $HITS ;;
	esac
}

run_test()
{
	seen=$(timeout $DEADLINE "$0" --only "$1" 2>/tmp/log)
	want=$(expected "$1")
	outcome=pass
	if [ "$seen" != "$want" ]; then
		outcome=fail
		tail -n 40 /tmp/log | sed 's/^/#   /'
	fi
	echo "# $1: outcome=$outcome hits=${seen:-none} expected=$want"
}

if [ "$1" = --only ]; then
	client "$2"
	exit
fi

tests="perf-stat perf-stat-stepped perf-stat-return
	perf-record perf-record-stepped perf-record-return
	bpftrace-uprobe bpftrace-uprobe-stepped bpftrace-uretprobe
	bpftrace-retval systemtap-call systemtap-return"
for file in $(ftrace_tests); do
	tests="$tests ftrace-$(basename "$file" .tc)"
done

set -- $tests
echo 1 >/sys/kernel/rcu_expedited
mount -t debugfs debugfs /sys/kernel/debug
echo "KTAP version 1"
echo "1..$#"
number=0
failed=0
for name; do
	number=$((number + 1))
	not=
	run_test "$name"
	if [ $outcome != pass ]; then
		not="not "
		failed=$((failed + 1))
	fi
	echo "${not}ok $number $name"
done
echo "# uprobekit: $# tests, $failed failed"
echo "# uprobekit: done"
