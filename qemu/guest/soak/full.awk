# SPDX-License-Identifier: GPL-2.0-only
# A workload for gawk: arrays, regular expressions, floating point, a pipe.
function deep(n) { return n ? n + deep(n - 1) : 0 }
BEGIN {
	for (i = 1; i <= 200; i++) {
		n[i] = (i * 7919) % 1009
		total += sin(i) * exp(i / 50)
	}
	printf "%.12g %d\n", total, asort(n)
	for (i = 1; i <= 200; i += 20)
		printf "%d ", n[i]
	print deep(80)
	text = sprintf("%s-%05d-%x", "item", 42, 48879)
	while (length(text) < 400)
		text = text "/" text
	print gsub(/[a-f]+([0-9]|$)/, "<&>", text), substr(text, 1, 70)
	print toupper(substr(text, 10, 20)), split(text, parts, "/"), parts[2]
	print "written" > "awk.out"
	close("awk.out")
	getline line < "awk.out"
	print line
}
