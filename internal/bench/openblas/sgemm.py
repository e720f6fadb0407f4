"""Multiplies matrices with OpenBLAS, for main.go.

Usage: sgemm.py THREADS ROWS IN OUT
Writes the kernels' name, then for each number n read from a line the seconds that n products of x [rows, in] and W took. W is held as
[out, in] or as [in, out], whichever is faster.
"""

import array
import ctypes
import random
import sys
import time

LIBRARY = "libopenblas.so.0"

threads, rows, inputs, outputs = map(int, sys.argv[1:])
try:
    blas = ctypes.CDLL(LIBRARY)
except OSError:
    sys.exit(f"{LIBRARY} is not installed (Debian: apt-get install libopenblas0-pthread)")
blas.openblas_get_corename.restype = ctypes.c_char_p
blas.openblas_set_num_threads(threads)


def matrix(count):
    few = array.array("f", (random.uniform(-1, 1) for _ in range(1000)))
    values = array.array("f")
    while len(values) < count:
        values.extend(few)
    return values, (ctypes.c_float * count).from_buffer(values)


_x, x = matrix(rows * inputs)
_w, w = matrix(outputs * inputs)
_y, y = matrix(rows * outputs)
ROW_MAJOR, NO_TRANS, TRANS = 101, 111, 112
one, zero = ctypes.c_float(1), ctypes.c_float(0)



def products(n, order):
    start = time.perf_counter()
    for _ in range(n):
        blas.cblas_sgemm(ROW_MAJOR, NO_TRANS, order, rows, outputs, inputs, one, x, inputs, w, inputs if order == TRANS else outputs, zero, y, outputs)
    return time.perf_counter() - start


products(1, TRANS)
order = min((NO_TRANS, TRANS), key=lambda order: min(products(2, order) for _ in range(5)))

print(blas.openblas_get_corename().decode(), flush=True)
for line in sys.stdin:
    print(products(int(line), order), flush=True)
