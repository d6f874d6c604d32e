// SPDX-License-Identifier: GPL-2.0-only
// 64: What an event says of registers, stack and memory, at entry and at return, stepped and emulated.
#include "hunted.h"

STEPPED(stepped);
EMULATED(emulated);

int main(void)
{
	char line[512], *at;
	long di, ip, si, ret;
	int good = 0;
	FILE *trace;

	begin();
	if (define('p', "a", SELF, file_offset(stepped), " di=%di:s64 ip=%ip:x64 si=@0x0:x8 str=+0(%si):string") ||
	    define('p', "b", SELF, file_offset(emulated), " di=%di:s64 ip=%ip:x64 fl=%flags:x64 top=$stack0:x64") ||
	    define('r', "c", SELF, file_offset(emulated), " ret=$retval:s64 ip=%ip:x64"))
		return say("skip", "cannot define");
	put(TRACE "trace", "");
	empty_trace();
	put(TRACE "events/hunted/enable", "1");
	for (int i = 0; i < 4; i++) {
		long x = 100 + i;

		asm volatile("call stepped" : "+D" (x) : "S" ("text") : "rax", "memory", "cc");
		if (emulated(i) != 3 * i)
			return say("not ok", "wrong");
	}
	trace = fopen(TRACE "trace", "re");
	while (trace && fgets(line, sizeof(line), trace)) {
		at = strstr(line, " a: (");
		if (at && (at = strstr(line, "di=")) && sscanf(at, "di=%ld ip=0x%lx si=0x%lx", &di, &ip, &si) == 3)
			good += di >= 100 && di < 104 && ip == (long)stepped && strstr(line, "\"text\"");
		at = strstr(line, " b: (");
		if (at && (at = strstr(line, "di=")) && sscanf(at, "di=%ld ip=0x%lx", &di, &ip) == 2)
			good += di >= 0 && di < 4 && ip == (long)emulated;
		at = strstr(line, " c: (");
		if (at && (at = strstr(line, "ret=")) && sscanf(at, "ret=%ld ip=0x%lx", &ret, &ip) == 2)
			good += ret % 3 == 0 && ret < 12 && (ip & ~0xffffL) == ((long)main & ~0xffffL);
	}
	return say(good == 12 ? "ok" : "not ok", "%d of 12 are right", good);
}
