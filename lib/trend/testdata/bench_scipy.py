"""The same work as bench_test.go in NumPy: 100 reference forecasts from 7 points.

    OMP_NUM_THREADS=1 python3 lib/trend/testdata/bench_scipy.py
"""
import itertools, time
import numpy as np

ALPHA = [0.0, .05, .1, .15, .2, .3, .4, .5, .7, 1.0, 1.4]
CELLS = list(itertools.product(ALPHA, (.1, .3, .9), (.03, .15, .5, 1.)))


def wiener(p, q):
    m, M = np.minimum(p, q), np.maximum(p, q)
    return m * m * (3 * M - m) / 6


def forecast(x, y, se, xs, ses):
    z, zs = x - x[0], xs - x[0]
    zn = z[-1]
    s2 = max(np.mean((np.diff(y) / np.diff(x)) ** 2), 1e-12)
    dx = np.mean(np.diff(x))
    B, k, kk = wiener(z[:, None], z[None, :]), wiener(z, zs), wiener(zs, zs)
    lw, mean, var = [], [], []
    for a, kappa, tau in CELLS:
        f = z / zn if a == 0 else (1 - 10 ** (-a * z)) / (1 - 10 ** (-a * zn))
        fs = zs / zn if a == 0 else (1 - 10 ** (-a * zs)) / (1 - 10 ** (-a * zn))
        c = kappa ** 2 * s2
        V = c * B + np.diag(se ** 2 + tau ** 2 * s2 * dx ** 2)
        X = np.column_stack([np.ones_like(z), f])
        Vi = np.linalg.inv(V)
        A = X.T @ Vi @ X
        Ai = np.linalg.inv(A)
        b = Ai @ X.T @ Vi @ y
        r = y - X @ b
        lw.append(-.5 * r @ Vi @ r - .5 * np.linalg.slogdet(A)[1] - .5 * np.linalg.slogdet(V)[1])
        d = np.array([1, fs]) - X.T @ Vi @ (c * k)
        mean.append(np.array([1, fs]) @ b + c * k @ Vi @ r)
        var.append(c * kk + ses ** 2 + tau ** 2 * s2 * dx ** 2 - c * k @ Vi @ (c * k) + d @ Ai @ d)
    w = np.exp(np.array(lw) - max(lw))
    w /= w.sum()
    mean, var = np.array(mean), np.array(var)
    m = w @ mean
    return m, np.sqrt(w @ (var + (mean - m) ** 2))


x = 7.8 + 2.4 * np.arange(7) / 6
y = 2 + 10 ** (-.3 * (x - 7)) + .02 * np.random.default_rng(4).standard_normal(7)
se = np.full(7, .01)
forecast(x, y, se, 10.6, .01)
start = time.perf_counter()
for _ in range(100):
    forecast(x, y, se, 10.6, .01)
print(f"100 forecasts from 7 points: {time.perf_counter() - start:.3f} s")
