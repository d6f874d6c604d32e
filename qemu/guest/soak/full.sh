# SPDX-License-Identifier: GPL-2.0-only
# A workload for bash: functions, subshells, pipes, background jobs, traps.
set -u
fib() { if (($1 < 2)); then echo "$1"; else echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); fi; }
fib 6
declare -A count
for word in the quick brown fox jumps over the lazy dog the end; do
	count[$word]=$((${count[$word]:-0} + 1))
done
echo "${count[the]} ${#count[@]}"
for i in {1..40}; do printf '%03d %x\n' "$i" $((i * i * 7919)); done > table
while read -r a b; do [[ $b =~ ([a-f])([0-9]) ]] && echo "$a ${BASH_REMATCH[2]}"; done < table
trap 'echo trapped' USR1
kill -USR1 $$
(exit 3) | true
echo "${PIPESTATUS[0]}"
for i in 1 2 3; do (exit "$i") & pids[i]=$!; done
for i in 1 2 3; do wait "${pids[i]}"; echo "job $?"; done
text=$(printf 'abc%.0s' {1..50})
echo "${text//b/XY}" "${text:10:20}" "${text^^}"
