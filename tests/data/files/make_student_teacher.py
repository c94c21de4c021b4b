"""The numbers that student_teacher_test.cc compares with: the student-teacher problem in NumPy.

Philox 4x32-10 is written from Salmon, Moraes, Dror and Shaw (SC 2011); how streams are named and numbered is stated in docs/data.md.
Run it in this folder: python3 make_student_teacher.py
"""
import numpy as np


def philox(counter, key):
    """counter [n, 4], key (2,): random words [n, 4], as uint64 below 2^32."""
    c = [counter[:, i].astype(np.uint64) for i in range(4)]
    k = [np.uint64(key[0]), np.uint64(key[1])]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ k[0], p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ k[1], p0 & low]
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return np.stack(c, 1)


def words(seed, name, n):
    fnv = 0xCBF29CE484222325
    for byte in name.encode():
        fnv = ((fnv ^ byte) * 0x100000001B3) % 2**64
    counter = np.zeros((n, 4), np.uint64)
    counter[:, 0] = np.arange(n)
    counter[:, 2], counter[:, 3] = fnv % 2**32, fnv >> 32
    return philox(counter, (seed % 2**32, seed >> 32))


def uniform(high, low):
    bits = (high << np.uint64(21)) ^ (low >> np.uint64(11))
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def normals(seed, name, n):
    w = words(seed, name, n)
    return np.sqrt(-2 * np.log(uniform(w[:, 0], w[:, 1]))) * np.cos(2 * np.pi * uniform(w[:, 2], w[:, 3]))


def make(inputs, hidden, outputs, slope, gain, seed, part, samples):
    w = words(seed, "teacher inputs " + part, samples * inputs)
    x = (2 * uniform(w[:, 0], w[:, 1]) - 1).reshape(samples, inputs)
    widths = [inputs, *hidden, outputs]
    r = x
    for i in range(1, len(widths)):
        sd = gain * np.sqrt(2 / (widths[i - 1] + widths[i]))
        weights = (sd * normals(seed, f"teacher W{i}", widths[i] * widths[i - 1])).astype(np.float32).astype(np.float64)
        r = r @ weights.reshape(widths[i], widths[i - 1]).T
        if i < len(widths) - 1:
            r = np.where(r > 0, r, slope * r)
    return x, r


# Random123's published answer for a zero counter and key
zero = philox(np.zeros((1, 4), np.uint64), (0, 0))[0]
assert [int(v) for v in zero] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]

for file, settings, counts in [
    ("student_teacher_small.npz", (3, [7, 6], 2, 0.2, 1.5, 7), (21, 10)),
    ("student_teacher.npz", (15, [1000] * 4, 5, 0.0, 3.0, 42), (12, 5)),
]:
    x, y = make(*settings, "train", counts[0])
    x_test, y_test = make(*settings, "test", counts[1])
    np.savez(file, x=x, y=y, x_test=x_test, y_test=y_test)
    print(file, "targets: mean", y.mean(), "deviation", y.std())
