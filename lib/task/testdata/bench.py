"""Reads the benchmark's files with Python's json and csv, item by item.

BELLWETHER_BENCH_DIR=/tmp go test -run - -bench Reader ./lib/task
python3 lib/task/testdata/bench.py /tmp/big.jsonl /tmp/big.csv
"""
import csv, json, os, resource, sys, time

for path in sys.argv[1:]:
    best = 1e9
    for _ in range(3):
        start, n = time.process_time(), 0
        with open(path, newline="", encoding="utf-8") as f:
            rows = map(json.loads, f) if path.endswith("jsonl") else csv.DictReader(f)
            for row in rows:
                n += len(row["prompt"]) > 0
                if path.endswith("csv"):
                    json.loads(row["choices"]), int(row["gold"])
        best = min(best, time.process_time() - start)
    mb = os.path.getsize(path) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{path}: {n} items, {mb / best:.0f} MB a CPU second, peak {peak:.0f} MB")
