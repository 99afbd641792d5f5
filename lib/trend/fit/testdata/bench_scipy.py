"""The work of bench_test.go in SciPy, one thread; prints processor milliseconds.

/usr/bin/python3 lib/trend/fit/testdata/bench_scipy.py [starts of Chinchilla, of 4500]

With fewer starts the time of Chinchilla is scaled up to 4500.
"""
import os
import sys
import time
import warnings

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[v] = "1"
import numpy as np
from scipy.optimize import curve_fit, least_squares, minimize
from scipy.special import logsumexp

warnings.simplefilter("ignore")


def wave(n):
    return np.sqrt(2) * np.sin(78.233 * np.arange(1, n + 1))


def timed(name, work, scale=1.0):
    t = time.process_time()
    result = work()
    print(f"{name:36s} {1e3 * scale * (time.process_time() - t):12.1f} cpu-ms   {result}", flush=True)


sizes = np.array([70e6, 160e6, 410e6, 1e9, 1.4e9, 2.8e9, 6.9e9, 12e9])
ys = 1.9 + 80 * sizes**-0.26 + 0.01 * wave(8)


def power_offset():
    f = lambda x, e, a, al: e + np.exp(a - al * x)
    x = np.log(sizes / 1e9)
    p, _ = curve_fit(f, x, ys, p0=[1.5, -1, 0.3])
    fitted = f(x, *p)
    pool = (ys - fitted) * np.sqrt(8 / 5)
    rng = np.random.default_rng(1)
    out = []
    for _ in range(1000):
        try:
            out.append(curve_fit(f, x, fitted + rng.choice(pool, 8), p0=p)[0])
        except RuntimeError:
            pass
    return np.std(out, axis=0).round(4)


def chinchilla(count):
    i = np.arange(1, 241)
    ln = np.log(6e7) + np.modf(0.6180339887498949 * i)[0] * np.log(250)
    lc = np.log(6e18) + np.modf(0.7548776662466927 * i)[0] * np.log(500)
    ld = lc - ln - np.log(6)
    loss = 1.82 + 480 * np.exp(-0.348 * ln) + 2100 * np.exp(-0.366 * ld)
    ly = np.log(loss) + 0.006 * wave(240)
    delta = 1e-3

    def objective(p):
        a, b, e, alpha, beta = p
        u = np.stack([a - alpha * ln, b - beta * ld, np.full(240, e)])
        f = logsumexp(u, axis=0)
        w = np.exp(u - f)
        r = f - ly
        psi = np.clip(r, -delta, delta)
        value = np.sum(np.where(np.abs(r) <= delta, r * r / 2, delta * (np.abs(r) - delta / 2)))
        g = w * psi
        return value, np.array([g[0].sum(), g[1].sum(), g[2].sum(), -(g[0] * ln).sum(), -(g[1] * ld).sum()])

    grid = [
        (a, b, e, al, be)
        for al in (0, 0.5, 1, 1.5, 2)
        for be in (0, 0.5, 1, 1.5, 2)
        for e in (-1, -0.5, 0, 0.5, 1)
        for a in (0, 5, 10, 15, 20, 25)
        for b in (0, 5, 10, 15, 20, 25)
    ]
    pick = np.random.default_rng(1).permutation(len(grid))[:count]
    ends = [minimize(objective, grid[j], jac=True, method="L-BFGS-B").fun for j in pick]
    return f"best of {count}: {min(ends):.9g}"


def broken():
    x = 10 ** (np.arange(25) / 4)
    lx = np.log(x)

    def f(p):
        a, b, c0, c1, ld, lf = p
        fi = np.exp(lf)
        return a + b * np.exp(-c0 * lx - c1 * fi * np.logaddexp(0, (lx - ld) / fi))

    y = f([0.2, 3, 0.08, 0.5, np.log(3000), np.log(0.3)]) * np.exp(0.003 * wave(25))
    rng = np.random.default_rng(1)
    best = np.inf
    for _ in range(100):
        p = [rng.uniform(0, 1), rng.uniform(1, 4), rng.uniform(-0.3, 1), rng.uniform(-1.5, 3), rng.uniform(0, lx[-1]), rng.uniform(-2, 2)]
        try:
            best = min(best, 2 * least_squares(lambda q: f(q) - y, p, method="lm").cost)
        except ValueError:
            pass
    return f"best sum of squares {best:.9g}"


count = int(sys.argv[1]) if len(sys.argv) > 1 else 4500
timed("power law + offset, 1000 refits", power_offset)
timed("broken power law, 100 starts", broken)
timed("Chinchilla, 4500 starts", lambda: chinchilla(count), 4500 / count)
