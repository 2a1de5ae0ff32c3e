"""A Qwen2 decoder: RMSNorm, rotary positions (halves), grouped-query attention with bias on Q, K and V,
SwiGLU, tied embeddings. Runs in plain PyTorch (1.13 or newer); trains with torch.compile."""
import math
from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import gguf_io


@dataclass
class Config:
    vocab: int = 8192
    blocks: int = 12
    d: int = 512
    f: int = 1536
    heads: int = 8
    kv_heads: int = 2
    context: int = 512
    rope_base: float = 10000.0
    eps: float = 1e-6

    @property
    def head(self):
        return self.d // self.heads


class Norm(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(config.d)), config.eps

    def forward(self, x):
        y = x.float()
        return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + self.eps)).to(x.dtype) * self.weight.to(x.dtype)


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return (x * cos + torch.cat((-b, a), -1) * sin).to(x.dtype)


def attend(q, k, v):
    """Causal attention of [n, heads, t, head], with as many K/V heads as Q heads."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    t = q.shape[2]
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    scores = scores.masked_fill(torch.ones(t, t, dtype=torch.bool, device=q.device).triu(1), float("-inf"))
    return scores.softmax(-1) @ v


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.attn_norm, self.ffn_norm = Norm(c), Norm(c)
        self.attn_q = nn.Linear(c.d, c.d)
        self.attn_k = nn.Linear(c.d, c.kv_heads * c.head)
        self.attn_v = nn.Linear(c.d, c.kv_heads * c.head)
        self.attn_output = nn.Linear(c.d, c.d, bias=False)
        self.ffn_gate = nn.Linear(c.d, c.f, bias=False)
        self.ffn_up = nn.Linear(c.d, c.f, bias=False)
        self.ffn_down = nn.Linear(c.f, c.d, bias=False)

    def key(self, r):
        """The down-projection's input: a token's key."""
        n = self.ffn_norm(r)
        return F.silu(self.ffn_gate(n)) * self.ffn_up(n)

    def attention(self, r, cos, sin):
        c, (n, t, _) = self.c, r.shape
        x = self.attn_norm(r)
        q = rotate(self.attn_q(x).view(n, t, c.heads, c.head).transpose(1, 2), cos, sin)
        k = rotate(self.attn_k(x).view(n, t, c.kv_heads, c.head).transpose(1, 2), cos, sin)
        v = self.attn_v(x).view(n, t, c.kv_heads, c.head).transpose(1, 2)
        group = c.heads // c.kv_heads
        out = attend(q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1))
        return self.attn_output(out.transpose(1, 2).reshape(n, t, c.d))

    def forward(self, r, cos, sin):
        r = r + self.attention(r, cos, sin)
        return r + self.ffn_down(self.key(r))


class Model(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.token_embd = nn.Embedding(c.vocab, c.d)
        self.blk = nn.ModuleList(Block(c) for _ in range(c.blocks))
        self.output_norm = Norm(c)
        angle = torch.arange(c.context)[:, None] / c.rope_base ** (torch.arange(0, c.head, 2) / c.head)
        angle = torch.cat((angle, angle), -1)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        for name, p in self.named_parameters():
            if p.ndim == 2:
                shrink = math.sqrt(2 * c.blocks) if name.endswith(("attn_output.weight", "ffn_down.weight")) else 1
                nn.init.normal_(p, std=0.02 / shrink)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def hidden(self, ids, dtype=torch.float32):
        """The normalised residual that the vocabulary matrix is applied to."""
        t = ids.shape[1]
        r = self.token_embd(ids).to(dtype)
        cos, sin = self.cos[:t], self.sin[:t]
        for block in self.blk:
            r = block(r, cos, sin)
        return self.output_norm(r)

    def logits(self, hidden):
        return F.linear(hidden, self.token_embd.weight)

    def forward(self, ids):
        return self.logits(self.hidden(ids))


def load_gguf(path):
    """-> (Model in float32 with the file's dequantised weights, metadata)"""
    m, tensors = gguf_io.read(path)
    if m.get("general.architecture") != "qwen2":
        raise SystemExit(f"{path} is not of the qwen2 architecture")
    config = Config(vocab=len(m["tokenizer.ggml.tokens"]), blocks=m["qwen2.block_count"],
                    d=m["qwen2.embedding_length"], f=m["qwen2.feed_forward_length"],
                    heads=m["qwen2.attention.head_count"], kv_heads=m["qwen2.attention.head_count_kv"],
                    context=m["qwen2.context_length"], rope_base=m["qwen2.rope.freq_base"],
                    eps=m["qwen2.attention.layer_norm_rms_epsilon"])
    model = Model(config)
    model.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in tensors.items()})
    return model.eval(), m


def save_gguf(model, tokenizer, path, name):
    c, g = model.config, gguf_io
    if len(tokenizer.tokens) != c.vocab:
        raise SystemExit(f"{len(tokenizer.tokens)} tokens do not fit a model of {c.vocab}")
    kinds = [3 if t.startswith("<|") and t.endswith("|>") else 1 for t in tokenizer.tokens]
    metadata = [
        ("general.architecture", g.STRING, "qwen2"), ("general.type", g.STRING, "model"),
        ("general.name", g.STRING, name), ("general.license", g.STRING, "cc-by-sa-4.0"),
        ("general.file_type", g.U32, 7), ("general.quantization_version", g.U32, 2),
        ("qwen2.block_count", g.U32, c.blocks), ("qwen2.context_length", g.U32, c.context),
        ("qwen2.embedding_length", g.U32, c.d), ("qwen2.feed_forward_length", g.U32, c.f),
        ("qwen2.attention.head_count", g.U32, c.heads), ("qwen2.attention.head_count_kv", g.U32, c.kv_heads),
        ("qwen2.rope.freq_base", g.F32, c.rope_base),
        ("qwen2.attention.layer_norm_rms_epsilon", g.F32, c.eps),
        ("tokenizer.ggml.model", g.STRING, "gpt2"), ("tokenizer.ggml.pre", g.STRING, "qwen2"),
        ("tokenizer.ggml.tokens", g.ARRAY, (g.STRING, tokenizer.tokens)),
        ("tokenizer.ggml.token_type", g.ARRAY, (g.I32, kinds)),
        ("tokenizer.ggml.merges", g.ARRAY, (g.STRING, [" ".join(m) for m in tokenizer.merges])),
        ("tokenizer.ggml.eos_token_id", g.U32, 0), ("tokenizer.ggml.padding_token_id", g.U32, 0),
        ("tokenizer.ggml.add_bos_token", g.BOOL, False)]
    tensors = [(n, p.detach().float().cpu().numpy(), g.TENSOR_Q8_0 if p.ndim == 2 else g.TENSOR_F32)
               for n, p in model.state_dict().items()]
    g.write(path, metadata, tensors)
