// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Code is mapped for writing first and made executable later; the probe comes after that.
#include "written.h"

int main(void)
{
	return run_written(true);
}
