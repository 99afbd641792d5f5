# PyTorch's speed on the shapes of bench_test.go: 16 texts of 64 tokens, the
# log-probabilities of all tokens, float32, inference mode; and 16 questions of
# 4 choices (58 + 6 tokens), every choice a text of its own, its logits only
# where they are needed. Tokens a CPU-second, best of several runs.
#
#   OPENBLAS_CORETYPE=SKYLAKEX OMP_NUM_THREADS=1 python3 bench.py [threads]
import math, sys, time
import torch
import torch.nn.functional as F

threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
torch.set_num_threads(threads)
torch.manual_seed(0)


def network(layers, width, heads, inner, vocab):
    r = lambda *s: torch.randn(*s) * 0.05
    w = {"in": r(vocab, width), "out": r(vocab, width), "g": torch.ones(width), "b": torch.zeros(width)}
    w["layers"] = [dict(qkv=r(3 * width, width), qkvb=r(3 * width), o=r(width, width), ob=r(width), u=r(inner, width), ub=r(inner), d=r(width, inner), db=r(width)) for _ in range(layers)]
    size = width // heads
    n = size // 4
    inv = 10000.0 ** (-torch.arange(0, n, 2).float() / n)

    def run(ids, last):
        b, t = ids.shape
        a = torch.outer(torch.arange(t).float(), inv)
        cos, sin = torch.cos(a), torch.sin(a)
        mask = torch.triu(torch.full((t, t), -math.inf), 1)

        def turn(x):
            k = n // 2
            u, v, rest = x[..., :k], x[..., k:n], x[..., n:]
            return torch.cat([u * cos - v * sin, v * cos + u * sin, rest], -1)

        x = w["in"][ids]
        for l in w["layers"]:
            h = F.layer_norm(x, (width,), w["g"], w["b"])
            qkv = F.linear(h, l["qkv"], l["qkvb"]).view(b, t, heads, 3 * size).transpose(1, 2)
            q, k, v = qkv.chunk(3, -1)
            s = torch.baddbmm(mask.expand(b * heads, t, t), turn(q).reshape(b * heads, t, size), turn(k).reshape(b * heads, t, size).transpose(1, 2), alpha=1 / math.sqrt(size))
            o = torch.bmm(torch.softmax(s, -1), v.reshape(b * heads, t, size)).view(b, heads, t, size).transpose(1, 2).reshape(b, t, width)
            h2 = F.layer_norm(x, (width,), w["g"], w["b"])
            x = x + F.linear(o, l["o"], l["ob"]) + F.linear(F.gelu(F.linear(h2, l["u"], l["ub"])), l["d"], l["db"])
        x = F.layer_norm(x[:, -last:], (width,), w["g"], w["b"])
        return torch.log_softmax(F.linear(x, w["out"]), -1)

    return run


shapes = [("1M", 6, 128, 4, 512, 46), ("14M", 6, 128, 4, 512, 50304), ("70M", 6, 512, 8, 2048, 50304), ("160M", 12, 768, 12, 3072, 50304)]
for name, layers, width, heads, inner, vocab in shapes:
    run = network(layers, width, heads, inner, vocab)
    for what, texts, last in (("Text", 16, 64), ("Choices", 64, 6)):
        best, best_wall = math.inf, math.inf
        ids = torch.randint(0, min(vocab, 46), (texts, 65))
        with torch.inference_mode():
            for i in range(4 if width > 500 else 8):
                cpu, wall = time.process_time(), time.perf_counter()
                lp = run(ids[:, :-1], last)
                lp.gather(-1, ids[:, -last:, None])
                if i:
                    best, best_wall = min(best, time.process_time() - cpu), min(best_wall, time.perf_counter() - wall)
        print(f"{what}/{name}: {texts * 64 / best:.0f} tokens/cpu-s, {texts * 64 / best_wall:.0f} tokens/s with {threads} thread(s)", flush=True)
