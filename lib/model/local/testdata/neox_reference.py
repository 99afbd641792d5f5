#!/usr/bin/python3
"""Makes neox_reference.json: loss and gradients of a small GPT-NeoX in PyTorch.

The network is in neox.py; weights follow a formula that the Go test repeats.
Run: python3 neox_reference.py > neox_reference.json (torch 1.13).
"""
import json
import math

import torch

from neox import forward

V, W, LAYERS, HEADS, INNER, CONTEXT = 11, 12, 2, 2, 20, 16
EPSILON, BASE = 1e-5, 10000.0


def names():
    yield "gpt_neox.embed_in.weight", (V, W)
    for i in range(LAYERS):
        at = f"gpt_neox.layers.{i}."
        yield at + "input_layernorm.weight", (W,)
        yield at + "input_layernorm.bias", (W,)
        yield at + "post_attention_layernorm.weight", (W,)
        yield at + "post_attention_layernorm.bias", (W,)
        yield at + "attention.query_key_value.weight", (3 * W, W)
        yield at + "attention.query_key_value.bias", (3 * W,)
        yield at + "attention.dense.weight", (W, W)
        yield at + "attention.dense.bias", (W,)
        yield at + "mlp.dense_h_to_4h.weight", (INNER, W)
        yield at + "mlp.dense_h_to_4h.bias", (INNER,)
        yield at + "mlp.dense_4h_to_h.weight", (W, INNER)
        yield at + "mlp.dense_4h_to_h.bias", (W,)
    yield "gpt_neox.final_layer_norm.weight", (W,)
    yield "gpt_neox.final_layer_norm.bias", (W,)
    yield "embed_out.weight", (V, W)


def weights():
    out, k = {}, 0
    for name, shape in names():
        n = math.prod(shape)
        # Values that float32 holds exactly: multiples of 2^-12 in [-1/2, 1/2).
        values = [((((k + i) * 2654435761) % 2**32) >> 20) / 4096 - 0.5 for i in range(n)]
        k += n
        t = torch.tensor(values, dtype=torch.float64).reshape(shape)
        if name.endswith("norm.weight"):
            t = t + 1
        out[name] = t.requires_grad_(True)
    return out


def case(fraction, sequences):
    p = weights()
    config = {"hidden_size": W, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "layer_norm_eps": EPSILON,
              "rotary_emb_base": BASE, "rotary_pct": fraction}
    inputs = [s[:-1] for s in sequences]
    logits = torch.cat([forward(s, p, config) for s in inputs])
    targets = torch.tensor([t for s in sequences for t in s[1:]])
    loss = torch.nn.functional.cross_entropy(logits, targets)
    loss.backward()
    return {
        "rotary_pct": fraction,
        "sequences": sequences,
        "loss": loss.item(),
        "last_logits": logits[-1].tolist(),
        "gradients": [{"name": n, "norm": t.grad.norm().item(), "first": t.grad.flatten()[0].item(), "last": t.grad.flatten()[-1].item()}
                      for n, t in p.items()],
    }


long = [(i * i * 3 + 5 * i + 1) % V for i in range(CONTEXT + 1)]
short = [(7 * i + 2) % V for i in range(6)]
print(json.dumps({
    "config": {"vocab_size": V, "hidden_size": W, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
               "intermediate_size": INNER, "max_position_embeddings": CONTEXT},
    "cases": [case(1.0, [long, short]), case(2 / 3, [short, long])],
}, indent=1))
