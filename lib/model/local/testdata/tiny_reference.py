#!/usr/bin/python3
"""Makes tiny_reference.json: log-probabilities of shipped tiny models in PyTorch.

Reads the float16 weights of data/models/tiny as they are on disk, computes in
float64 (neox.py), and scores the right and the first wrong answer of items
spread over the tasks of data/tasks/tiny. Run from anywhere:
python3 tiny_reference.py > tiny_reference.json (torch 1.13).
"""
import glob
import hashlib
import json
import os
import struct
import sys

import torch

from neox import forward

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../data")
MODELS = sys.argv[1:] or ["tiny-3k-s1", "tiny-14k-s1", "tiny-51k-s1", "tiny-534k-s1"]


def tensors(path):
    with open(path, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
        data = bytearray(f.read())
    out = {}
    for name, t in header.items():
        if name == "__metadata__":
            continue
        assert t["dtype"] == "F16", t
        a, b = t["data_offsets"]
        out[name] = torch.frombuffer(data, dtype=torch.float16, count=(b - a) // 2, offset=a).double().reshape(t["shape"])
    return out


def requests():
    for path in sorted(glob.glob(os.path.join(DATA, "tasks/tiny/*.jsonl"))):
        items = [json.loads(line) for line in open(path)][1:]
        for item in items[len(items) // 3::len(items) // 3][:2]:
            yield item["prompt"], item["choices"][item["gold"]]
            yield item["prompt"], item["choices"][0 if item["gold"] else 1]


result = {"models": []}
for name in MODELS:
    folder = os.path.join(DATA, "models/tiny", name)
    config = json.load(open(os.path.join(folder, "config.json")))
    ids = json.load(open(os.path.join(folder, "tokenizer.json")))["model"]["vocab"]
    path = os.path.join(folder, "model.safetensors")
    p = tensors(path)
    scored = []
    for prompt, answer in requests():
        tokens = [ids[c] for c in prompt + answer]
        with torch.no_grad():
            nats = torch.log_softmax(forward(tokens[:-1], p, config), -1)
        first = len(prompt) - 1
        scored.append({"context": prompt, "continuation": answer,
                       "nats": [round(nats[i, tokens[i + 1]].item(), 7) for i in range(first, len(tokens) - 1)]})
    result["models"].append({"name": name, "sha256": hashlib.sha256(open(path, "rb").read()).hexdigest(), "requests": scored})
print(json.dumps(result, indent=0))
