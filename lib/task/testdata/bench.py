"""The readers beside Python's json and csv, in turn, on the files of BenchmarkReader.

cd lib/task; python3 testdata/bench.py [ROUNDS]

A round reads 100 MB of JSONL and of CSV five times with Go on all processors, on
one, and with Python (which uses one); figures are MB a second on the wall.
"""
import csv, json, os, re, resource, statistics, subprocess, sys, tempfile, time

rounds, repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5, 5


def with_python(path):
    with open(path, newline="", encoding="utf-8") as f:
        rows = map(json.loads, f) if path.endswith("jsonl") else csv.DictReader(f)
        n = 0
        for row in rows:
            n += len(row["prompt"]) > 0
            if path.endswith("csv"):
                json.loads(row["choices"]), int(row["gold"])
    assert n > 100000, n


def python(path):
    start = time.perf_counter()
    for _ in range(repeats):
        with_python(path)
    return os.path.getsize(path) * repeats / 1e6 / (time.perf_counter() - start)


with tempfile.TemporaryDirectory() as folder:
    program = os.path.join(folder, "task.test")
    subprocess.run(["go", "test", "-c", "-o", program, "."], check=True)

    def go(kind, processors):
        out = subprocess.run([program, "-test.run", "^$", "-test.bench", f"Reader/{kind}$", "-test.cpu", str(processors), "-test.benchtime", f"{repeats}x"],
                             env={**os.environ, "BELLWETHER_BENCH_DIR": folder}, stdout=subprocess.PIPE, check=True, text=True).stdout
        return float(re.search(r"([\d.]+) MB/s", out)[1])

    for kind in "jsonl", "csv":
        path = os.path.join(folder, "big." + kind)
        ratios = {os.cpu_count(): [], 1: []}
        for _ in range(rounds):
            speed = {p: go(kind, p) for p in ratios}
            base = python(path)
            for p in ratios:
                ratios[p].append(speed[p] / base)
            print(f"{kind}: Python {base:.0f} MB/s;", "; ".join(f"{p} processors {speed[p]:.0f} MB/s = {speed[p] / base:.1f} x" for p in ratios), flush=True)
        for p, r in ratios.items():
            print(f"{kind}, {p} processors: {min(r):.1f} to {max(r):.1f} x, median {statistics.median(r):.1f}", flush=True)
print(f"Python {sys.version.split()[0]}, at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")
