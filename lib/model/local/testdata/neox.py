"""A GPT-NeoX forward pass in plain PyTorch, float64: the reference of the Go one.

Written from the published description: parallel residual, rotary positions
with half-split rotation, query/key/value interleaved per head.
"""
import math

import torch


def norm(x, p, name, epsilon):
    x = x - x.mean(-1, keepdim=True)
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * p[name + ".weight"] + p[name + ".bias"]


def rotate(x, rotary, base):
    length, half = x.shape[1], rotary // 2
    angle = torch.arange(length, dtype=torch.float64)[:, None] * base ** (-2 * torch.arange(half, dtype=torch.float64) / rotary)
    cos, sin = angle.cos(), angle.sin()
    a, b, rest = x[..., :half], x[..., half:rotary], x[..., rotary:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], -1)


def forward(tokens, p, c):
    """Logits [position][token] of one sequence, for weights p and a config.json c."""
    width, heads, length = c["hidden_size"], c["num_attention_heads"], len(tokens)
    size, epsilon = width // heads, c["layer_norm_eps"]
    rotary = int(size * c["rotary_pct"])
    x = p["gpt_neox.embed_in.weight"][tokens]
    mask = torch.triu(torch.full((length, length), -math.inf, dtype=torch.float64), 1)
    for i in range(c["num_hidden_layers"]):
        at = f"gpt_neox.layers.{i}."
        h1, h2 = norm(x, p, at + "input_layernorm", epsilon), norm(x, p, at + "post_attention_layernorm", epsilon)
        qkv = h1 @ p[at + "attention.query_key_value.weight"].T + p[at + "attention.query_key_value.bias"]
        q, k, v = qkv.view(length, heads, 3, size).permute(2, 1, 0, 3)
        q, k = rotate(q, rotary, c["rotary_emb_base"]), rotate(k, rotary, c["rotary_emb_base"])
        a = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(size) + mask, -1)
        mixed = (a @ v).transpose(0, 1).reshape(length, width)
        mlp = torch.nn.functional.gelu(h2 @ p[at + "mlp.dense_h_to_4h.weight"].T + p[at + "mlp.dense_h_to_4h.bias"])
        x = (x + mixed @ p[at + "attention.dense.weight"].T + p[at + "attention.dense.bias"]
             + mlp @ p[at + "mlp.dense_4h_to_h.weight"].T + p[at + "mlp.dense_4h_to_h.bias"])
    return norm(x, p, "gpt_neox.final_layer_norm", epsilon) @ p["embed_out.weight"].T
