// SPDX-License-Identifier: GPL-2.0-only
/* A workload for a compiler: loops to unroll, a switch, floating point. */
static unsigned int table[256];

static void fill(void)
{
	unsigned int i, k, crc;

	for (i = 0; i < 256; i++) {
		for (crc = i, k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
		table[i] = crc;
	}
}

unsigned int sum(const unsigned char *data, unsigned long size)
{
	unsigned int crc = ~0U;

	fill();
	while (size--)
		crc = crc >> 8 ^ table[(crc ^ *data++) & 0xff];
	return ~crc;
}

double mean(const double *values, int n)
{
	double total = 0;
	int i;

	for (i = 0; i < n; i++)
		total += values[i] * values[i];
	return n ? total / n : 0;
}

int kind(int c)
{
	switch (c) {
	case '0' ... '9':
		return 1;
	case 'a' ... 'z':
	case 'A' ... 'Z':
		return 2;
	case ' ':
	case '\t':
		return 3;
	default:
		return c < 32 ? 4 : 5;
	}
}
