"""Trains the model on one GPU and writes it as GGUF.

    python3 train.py DATA tokenizer.json OUT.gguf [--steps 10000] [--batch 65536] [--seed N]
"""
import argparse
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import corpus as corpora
import model as models
import sources
from tokenizer import Tokenizer

LR, WARM_UP, WEIGHT_DECAY, CLIP, FLOOR = 2e-3, 100, 0.1, 1.0, 0.02


class Muon:
    """Momentum, made orthogonal (Newton-Schulz), for the matrices inside the blocks. Matrices of one shape are
    worked on together. The update is scaled to the size of Adam's, so one learning rate serves both."""

    def __init__(self, matrices, momentum=0.95):
        self.groups, self.momentum = {}, momentum
        for p in matrices:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.buffers = {s: torch.zeros(len(ps), *s, device=ps[0].device) for s, ps in self.groups.items()}
        self.orthogonal = torch.compile(self._orthogonal) if matrices[0].is_cuda else self._orthogonal

    @staticmethod
    def _orthogonal(x):
        tall = x.shape[-2] > x.shape[-1]
        x = x.bfloat16() if x.is_cuda else x                # slow on a CPU
        x = x.mT if tall else x
        x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
        for _ in range(5):
            a = x @ x.mT
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
        return x.mT if tall else x

    @torch.no_grad()
    def step(self, lr):
        for shape, ps in self.groups.items():
            buffer, grad = self.buffers[shape], torch.stack([p.grad for p in ps])
            buffer.lerp_(grad, 1 - self.momentum)
            update = self.orthogonal(grad.lerp(buffer, self.momentum)).float()
            torch._foreach_mul_(ps, 1 - lr * WEIGHT_DECAY)
            torch._foreach_add_(ps, list((update * (-lr * 0.2 * max(shape) ** 0.5)).unbind()))


def loss_of(model, ids, targets, weights):
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=ids.is_cuda):
        logits = model.logits(model.hidden(ids, torch.bfloat16 if ids.is_cuda else torch.float32))
    loss = F.cross_entropy(logits.float().view(-1, logits.shape[-1]), targets.view(-1), reduction="none")
    return (loss * weights.view(-1)).sum() / weights.sum()


def batches(shards, rows, device):
    """-> ids, targets, weights of `rows` rows each, shard after shard."""
    kept = None
    while True:
        ids, weights = next(shards)
        if kept is not None:
            ids, weights = np.concatenate((kept[0], ids)), np.concatenate((kept[1], weights))
        for i in range(0, len(ids) - rows + 1, rows):
            x = torch.from_numpy(ids[i:i + rows].astype(np.int64))
            w = torch.from_numpy(weights[i:i + rows, 1:].copy())
            if device.type == "cuda":
                x, w = x.pin_memory().to(device, non_blocking=True), w.pin_memory().to(device, non_blocking=True)
            yield x[:, :-1].contiguous(), x[:, 1:].contiguous(), w.float() / 100
        done = len(ids) // rows * rows
        kept = ids[done:], weights[done:]


def rate(step, steps):
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / max(1, steps - WARM_UP)))


def train(net, stream, steps, optimizer, log):
    device = next(net.parameters()).device
    matrices = [p for n, p in net.named_parameters() if p.ndim == 2 and n.startswith("blk")]
    others = [p for n, p in net.named_parameters() if not (p.ndim == 2 and n.startswith("blk"))]
    decayed, plain = [p for p in others if p.ndim == 2], [p for p in others if p.ndim != 2]
    if optimizer == "adamw":
        decayed, muon = decayed + matrices, None
    else:
        muon = Muon(matrices)
    adam = torch.optim.AdamW([{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}],
                             lr=LR, betas=(0.9, 0.95), **({"fused": True} if device.type == "cuda" else {}))
    loss_fn = torch.compile(loss_of) if device.type == "cuda" else loss_of
    began, seen, reported, sums = None, 0, 0, torch.zeros((), device=device)
    for step in range(steps):
        ids, targets, weights = next(stream)
        loss = loss_fn(net, ids, targets, weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        lr = LR * rate(step, steps)
        for group in adam.param_groups:
            group["lr"] = lr
        adam.step()
        if muon:
            muon.step(lr)
        net.zero_grad(set_to_none=True)
        sums += loss.detach()
        if step == min(20, steps - 1):
            if device.type == "cuda":
                torch.cuda.synchronize()
            began, seen = time.time(), 0
        seen += ids.numel()
        if (step + 1) % 100 == 0 or step + 1 == steps:
            mean = sums.item() / (step + 1 - reported)
            reported, sums = step + 1, torch.zeros((), device=device)
            if not math.isfinite(mean):
                raise SystemExit(f"the loss is no number at step {step + 1}")
            log(f"step {step + 1}/{steps} loss {mean:.4f} lr {lr:.2e} "
                f"{seen / max(1e-9, time.time() - began) / 1e6:.3f} M tokens/s")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("data")
    p.add_argument("tokenizer")
    p.add_argument("out")
    p.add_argument("--steps", type=int, default=10000)
    p.add_argument("--batch", type=int, default=65536, help="tokens a step")
    p.add_argument("--optimizer", choices=["muon", "adamw"], default="muon")
    p.add_argument("--seed", type=int, default=corpora.SEED)
    p.add_argument("--cpu", action="store_true", help="a slow trial without a GPU")
    a = p.parse_args()
    sources.check(a.data)
    tokenizer = Tokenizer.load(a.tokenizer)
    config = models.Config()
    if len(tokenizer.tokens) != config.vocab:
        raise SystemExit(f"{len(tokenizer.tokens)} tokens do not fit a model of {config.vocab}")
    folder = os.path.dirname(os.path.abspath(a.out))
    if not os.access(folder, os.W_OK):
        raise SystemExit(f"cannot write into {folder}")
    # looks for a GPU without starting CUDA, which the corpus's worker processes would not survive
    if not a.cpu and torch.cuda.device_count() == 0:
        raise SystemExit("no GPU here: training needs one (--cpu for a slow trial)")
    began = time.time()
    lines = []

    def log(text):
        lines.append(f"[{time.time() - began:6.1f} s] {text}")
        print(lines[-1], flush=True)

    workers = max(1, (os.cpu_count() or 2) - 2)
    corpus = corpora.Corpus(a.data, tokenizer, workers, a.seed, text_limit=3000 if a.cpu else None)
    log(f"corpus: {len(corpus.facts.facts)} facts, {corpus.n} sentences, {sum(map(len, corpus.texts))} tokens of text; "
        f"left out: {dict(corpus.facts.dropped)}")
    shards, stop = corpora.shards(corpus, workers, ahead=1 if a.cpu else None)
    torch.manual_seed(a.seed)
    torch.set_float32_matmul_precision("high")
    device = torch.device("cpu" if a.cpu else "cuda")
    net = models.Model(config).to(device)
    log(f"{sum(p.numel() for p in net.parameters())} parameters on "
        f"{'the CPU' if a.cpu else torch.cuda.get_device_name()}")
    train(net, batches(shards, a.batch // corpora.ROW, device), a.steps, a.optimizer, log)
    stop()
    models.save_gguf(net, tokenizer, a.out, "facts-40m")
    log(f"wrote {a.out}: {a.steps * (a.batch // corpora.ROW) * corpora.ROW / 1e6:.0f} M tokens")
    json.dump({"log": lines, "arguments": {k: v for k, v in vars(a).items() if k not in ("data", "tokenizer", "out")}},
              open(os.path.splitext(a.out)[0] + "-training.json", "w"), indent=1)


if __name__ == "__main__":
    main()
