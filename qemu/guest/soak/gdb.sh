# SPDX-License-Identifier: GPL-2.0-only
# A workload for gdb: it runs a program, breaks, steps, watches, and lets it end.  Where it breaks
# is what programs.toml calls breaks.
set -eu
echo 'text to be compressed' > text
gdb -nx -batch -iex 'set debuginfod enabled off' -iex 'set startup-with-shell off' \
	-ex 'break lzma_code' -ex 'run' -ex 'info breakpoints' -ex 'info sharedlibrary' \
	-ex 'stepi' -ex 'stepi' -ex 'watch -l *(long *)($rsp - 8)' -ex 'continue' -ex 'delete' \
	-ex 'break write' -ex 'continue' -ex 'finish' -ex 'delete' -ex 'continue' \
	--args /usr/bin/xz -1 -k text 2>&1 | sed 's/process [0-9]*/process N/; s/LWP [0-9]*/LWP N/'
rm -f text
