// SPDX-License-Identifier: GPL-2.0-only
// gcc-O1-32: csmith-377. "lea rows, %ebx" has an address alone, which 64-bit code would have relative to rip.
struct {
	unsigned int : 7;
	int last;
} volatile rows[4];
int row;

int main(void)
{
	for (; row < 4; row++)
		rows[row].last;
	return 0;
}
