# SPDX-License-Identifier: GPL-2.0-only
"""Execute what the series does about instructions, without a kernel.

The rendered ``arch/x86/kernel/uprobes.c`` is compiled for user space with the base's own decoder.
Each case is executed twice in an emulator: in its place, and the way a probe does it. Both must
end in the same state.
"""
