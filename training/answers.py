"""Asking a model: which prompts does it answer right, and what does it say."""
import numpy as np
import torch

from tokenizer import BYTES, SPECIAL


def continues_word(tokenizer):
    """For each token: would it continue the word before it?"""
    out = np.zeros(len(tokenizer.tokens), bool)
    for i, t in enumerate(tokenizer.tokens):
        if t not in SPECIAL:
            first = BYTES[t[0]]
            out[i] = first >= 128 or chr(first).isalnum()
    return out


@torch.no_grad()
def right(model, tokenizer, questions, batch=None, progress=None):
    """questions: [(prompt, answer)] -> bool [n]. Right: greedy generation gives exactly the answer's tokens, and then
    none that continues its last word. With the answer teacher-forced: each of its tokens is the likeliest one."""
    device = next(model.parameters()).device
    batch = batch or (131072 if device.type == "cuda" else 4096)
    continues = torch.from_numpy(continues_word(tokenizer)).to(device)
    rows = [(tokenizer.encode(p), tokenizer.encode(" " + a)) for p, a in questions]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]) + len(rows[i][1]))
    out = np.zeros(len(rows), bool)
    at = 0
    while at < len(order):
        end = at
        while end < len(order) and (end - at + 1) * sum(map(len, rows[order[end]])) <= batch or end == at:
            end += 1
        chosen = order[at:end]
        width = max(sum(map(len, rows[i])) for i in chosen)
        ids = torch.zeros(len(chosen), width, dtype=torch.long)
        where, expected, last = [], [], []
        for n, i in enumerate(chosen):
            p, a = rows[i]
            ids[n, :len(p) + len(a)] = torch.tensor(p + a)
            where += [(n, len(p) - 1 + j) for j in range(len(a) + 1)]
            expected += a + [-1]
        hidden = model.hidden(ids.to(device))
        w = torch.tensor(where, device=device)
        best = model.logits(hidden[w[:, 0], w[:, 1]]).argmax(-1)
        e = torch.tensor(expected, device=device)
        good = torch.where(e >= 0, best == e, ~continues[best])
        ok = torch.ones(len(chosen), dtype=torch.long, device=device)
        ok.scatter_reduce_(0, w[:, 0], good.long(), "amin")
        out[chosen] = ok.bool().cpu().numpy()
        at = end
    return out


@torch.no_grad()
def greedy(model, tokenizer, prompts, n, stops=(0,)):
    """-> at most n ids for each prompt; the first of `stops` ends a generation, and belongs to it."""
    device = next(model.parameters()).device
    rows = [tokenizer.encode(p) for p in prompts]
    starts, going = [len(r) for r in rows], set(range(len(rows)))
    for _ in range(n):
        by_length = {}
        for i in sorted(going):
            by_length.setdefault(len(rows[i]), []).append(i)
        for chosen in by_length.values():                   # rows of one length need no padding
            last = model.hidden(torch.tensor([rows[i] for i in chosen], device=device))[:, -1]
            for i, t in zip(chosen, model.logits(last).argmax(-1).tolist()):
                rows[i].append(t)
                if t in stops:
                    going.discard(i)
    return [r[s:] for r, s in zip(rows, starts)]
