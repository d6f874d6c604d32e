# SPDX-License-Identifier: GPL-2.0-only
"""A workload for CPython: the interpreter, the standard library, threads, signals, fork.

Writes the same bytes in every run.
"""

from __future__ import annotations

import array
import collections
import decimal
import heapq
import json
import math
import os
import random
import re
import signal
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path


def digest(*parts: object) -> str:
    """Return a checksum of anything that has a repr."""
    text = "\n".join(map(repr, parts)).encode()
    return f"{zlib.crc32(text):08x}{zlib.adler32(text):08x}"


def numbers() -> tuple[object, ...]:
    """Floats by libm, integers, decimals, fractions of them."""
    values = [
        (math.sqrt(x) * math.exp(x / 7), math.sin(x), math.atan2(x, 3), math.log1p(x), x**0.3)
        for x in range(1, 40)
    ]
    decimal.getcontext().prec = 40
    pi = sum(
        (decimal.Decimal(4) if k % 2 == 0 else decimal.Decimal(-4)) / (2 * k + 1) for k in range(60)
    )
    big = 3**200 % 10**50, math.factorial(60), divmod(7**90, 5**33)
    return digest(values), math.sqrt(2) * math.exp(1.5), pi, digest(big), (0.1).hex()


def text() -> tuple[object, ...]:
    """Regular expressions, formats, splitting, sorting."""
    words = re.findall(r"\b(\w)(\w*)\b", " ".join(f"item{n % 13:03d}-{n:x}" for n in range(120)))
    counted = collections.Counter(first for first, _ in words).most_common(5)
    table = sorted(f"{n:>8.3f}|{n:#x}" for n in range(60))
    return counted, digest(table), re.sub(r"(a+)(b*)", r"\2\1", "aabbab" * 9)


def data() -> tuple[object, ...]:
    """Containers, pickled and packed data, compression, checksums."""
    rng = random.Random(7)
    values = [rng.randrange(1 << 20) for _ in range(300)]
    heap = list(values)
    heapq.heapify(heap)
    order = [heapq.heappop(heap) for _ in range(len(heap))]
    assert order == sorted(values)
    tree = {str(value): {"n": value, "l": [value / 3, None, True]} for value in values[:40]}
    back = json.loads(json.dumps(tree, sort_keys=True))
    assert back == tree
    packed = struct.pack("<60I", *values[:60]) + array.array("d", map(float, values)).tobytes()
    squeezed = zlib.compress(packed * 3, 9)
    assert zlib.decompress(squeezed) == packed * 3
    return digest(order), len(squeezed), zlib.crc32(packed), digest(back)


class Node:
    """Something with special methods."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __add__(self, other: Node) -> Node:
        return Node(self.value * 31 + other.value)


def calls() -> tuple[object, ...]:
    """Classes, generators, exceptions, deep recursion."""

    def deep(n: int) -> int:
        return 1 + deep(n - 1) if n else 0

    def items(n: int) -> Iterator[object]:
        for k in range(n):
            try:
                yield 100 // (k % 7)
            except ZeroDivisionError as error:
                yield str(error)

    total = Node(1)
    for n in range(50):
        total = total + Node(n)
    return digest(total.value), digest(list(items(60))), deep(300)


def threads() -> list[tuple[int, int]]:
    """Threads that share a lock."""
    lock = threading.Lock()
    done: list[tuple[int, int]] = []

    def work(number: int) -> None:
        value = sum(k * number for k in range(300))
        with lock:
            done.append((number, value))

    team = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    return sorted(done)


def signals() -> list[object]:
    """A handler that runs a few times, and a timer."""
    seen: list[object] = []
    signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    for _ in range(5):
        os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGALRM, lambda number, frame: seen.append("alarm"))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    while len(seen) < 6:
        pass
    return seen


def processes() -> list[object]:
    """Children that write through pipes."""
    said: list[object] = []
    for number in range(3):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.write(writing, digest([number] * 50).encode())
            os._exit(number)
        os.close(writing)
        said.append(os.read(reading, 64).decode())
        os.close(reading)
        said.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return said


for part in (numbers, text, data, calls, threads, signals, processes):
    print(part.__name__, part())
Path("result.json").write_text(json.dumps({"numbers": [str(x) for x in numbers()]}))
