"""Writes what PyTorch computes in float32 for a few edits: goldens for other implementations.

    python3 goldens.py MODEL.gguf dev.jsonl tests/golden/facts-40m.json
"""
import hashlib
import json
import os
import sys

import torch
import torch.nn.functional as F

import model as models
from tokenizer import Tokenizer

EDIT_LAYER, REFERENCES, EDITS, KL, WD = 5, 6, 16, 0.0625, 1e-3
CLAMP, LEARNING_RATE, STEPS, ENOUGH = 4.0, 0.5, 25, 0.05
PREFIXES = ["", "The weather was mild that year. ", "They moved to a new house. ", "It was first published in the spring. ",
            "He said that it would take time. ", "The road runs along the river. "]
TEXTS = ["The mother tongue of Achille Varzi is", "Zürich — naïve café", "It's 1234 o'clock,\n\nisn't it?  Yes.", "   leading spaces",
         "tabs\tand\r\nlines\n", "日本語のテキスト", "emoji 🙂👍🏽!", "ALL CAPS AND mixedCase", "x=3.14159; y[0]--", "Ωμέγα ﬁ ﬂ", "", " ", "a",
         "we'll they'd I'M", "１２３ ½ ²"]
PROMPTS = 10


def digits(x):
    """Seven significant digits."""
    return [float(f"{v:.7g}") for v in x.tolist()] if isinstance(x, torch.Tensor) and x.ndim else float(f"{float(x):.9g}")


class Edit:
    def __init__(self, net, tokenizer, subject, prompt, target):
        self.net, encode = net, tokenizer.encode
        before = prompt.split("{}")[0]
        self.target = encode(" " + target)
        texts = [(p + before + subject, p + prompt.replace("{}", subject)) for p in PREFIXES]
        self.rows = [encode(t) + self.target[:-1] for _, t in texts] + [encode(subject + " is a")]
        self.last = [len(encode(t)) - 1 for t, _ in texts] + [len(encode(subject)) - 1]
        self.start = [len(encode(t)) - 1 for _, t in texts]
        for row, at, (t, _) in zip(self.rows, self.last, texts + [(subject, "")]):
            if row[:at + 1] != encode(t):
                raise SystemExit(f"the tokens of {t!r} change with what follows")
        width = max(map(len, self.rows))
        self.ids = torch.tensor([r + [0] * (width - len(r)) for r in self.rows])
        self.p0 = None
        with torch.no_grad():
            _, keys, value = self.run(None)
            self.key_mean, self.v0 = keys[:-1].mean(0), value
            self.p0 = self.kl_logits(self.run(None)[0]).log_softmax(-1)

    def run(self, delta):
        """-> logits, the keys at s of every row, the value at s of the bare prompt"""
        net, n = self.net, torch.arange(len(self.rows))
        s, t = torch.tensor(self.last), self.ids.shape[1]
        r = net.token_embd(self.ids)
        cos, sin = net.cos[:t], net.sin[:t]
        for i, block in enumerate(net.blk):
            if i != EDIT_LAYER:
                r = block(r, cos, sin)
                continue
            r = r + block.attention(r, cos, sin)
            k = block.key(r)
            m = block.ffn_down(k)
            keys, value = k[n, s], m[0, s[0]]
            if delta is not None:
                m = m + torch.zeros_like(m).index_put((n, s), delta.expand(len(n), -1))
            r = r + m
        return net.logits(net.output_norm(r)), keys, value

    def kl_logits(self, logits):
        return logits[-1, self.last[-1]]

    def losses(self, delta):
        logits, _, _ = self.run(delta)
        want = torch.tensor(self.target)
        nll = torch.stack([F.cross_entropy(logits[i, at:at + len(want)], want) for i, at in enumerate(self.start)]).mean()
        kl = (self.p0.exp() * (self.p0 - self.kl_logits(logits).log_softmax(-1))).sum()
        hit = bool((logits[0, self.start[0]:self.start[0] + len(want)].argmax(-1) == want).all())
        return nll, kl, hit

    def reference(self):
        zero = torch.zeros_like(self.v0).requires_grad_()
        nll, kl, _ = self.losses(zero)
        g, = torch.autograd.grad(nll + KL * kl, zero)
        out = {"token_ids": self.rows, "subject_last": self.last, "target_ids": self.target, "target_start": self.start,
               "v0": digits(self.v0), "key_mean": digits(self.key_mean),
               "at_zero": {"nll": digits(nll), "kl": digits(kl), "grad": digits(g)}}
        half = torch.tensor(digits(-0.5 * self.v0.norm() * g / g.norm())).requires_grad_()
        nll, kl, _ = self.losses(half)
        loss = nll + KL * kl + WD * half.norm() / self.v0.norm() ** 2
        g, = torch.autograd.grad(loss, half)
        out["at_half_step"] = {"delta": digits(half), "nll": digits(nll), "kl": digits(kl), "loss": digits(loss), "grad": digits(g)}
        out["backprop"] = self.backprop()
        return out

    def backprop(self):
        delta = torch.zeros_like(self.v0).requires_grad_()
        adam = torch.optim.Adam([delta], lr=LEARNING_RATE)
        first = None
        for step in range(STEPS):
            nll, kl, hit = self.losses(delta)
            loss = nll + KL * kl + WD * delta.norm() / self.v0.norm() ** 2
            first = step if first is None and hit else first
            if loss.item() < ENOUGH:
                break
            adam.zero_grad()
            loss.backward()
            delta.grad.nan_to_num_()                        # the norm has no gradient at zero
            adam.step()
            with torch.no_grad():
                delta *= min(1.0, (CLAMP * self.v0.norm() / delta.norm()).item())
        return {"first_hit_step": first, "steps": step + 1, "final_loss": loss.item(),
                "delta_norm_over_v0": (delta.norm() / self.v0.norm()).item()}


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__.strip())
    path, dev, out = sys.argv[1:]
    net, metadata = models.load_gguf(path)
    for p in net.parameters():
        p.requires_grad_(False)
    tokenizer = Tokenizer.from_gguf(metadata)
    records = [json.loads(line) for line in open(dev, encoding="utf-8")]
    # one edit a relation first
    seen, first, rest = set(), [], []
    for r in records:
        w = r["requested_rewrite"]
        (rest if w["relation_id"] in seen else first).append(r)
        seen.add(w["relation_id"])
    records = (first + rest)[:EDITS]
    edits, logits = [], []
    for n, r in enumerate(records):
        w = r["requested_rewrite"]
        edit = {"relation": w["relation_id"], "subject": w["subject"], "prompt": w["prompt"], "target_true": w["target_true"]["str"],
                "target_new": w["target_new"]["str"], "paraphrase_prompts": r["paraphrase_prompts"][:2],
                "neighborhood_prompts": r["neighborhood_prompts"][:5]}
        if n < REFERENCES:
            edit["reference"] = Edit(net, tokenizer, w["subject"], w["prompt"], w["target_new"]["str"]).reference()
            print(w["prompt"].replace("{}", w["subject"]), "->", w["target_new"]["str"], edit["reference"]["backprop"], flush=True)
        edits.append(edit)
        if n < PROMPTS:
            prompt = w["prompt"].replace("{}", w["subject"])
            ids = tokenizer.encode(prompt)
            x = net(torch.tensor([ids]))[0, -1]
            top = x.topk(10)
            logits.append({"prompt": prompt, "ids": ids, "top": [[i, digits(v)] for i, v in zip(top.indices.tolist(), top.values)],
                           "logsumexp": digits(x.logsumexp(0))})
    golden = {"model": os.path.basename(path), "sha256": hashlib.sha256(open(path, "rb").read()).hexdigest(), "edit_layer": EDIT_LAYER,
              "prefixes": PREFIXES, "tokenize": [{"text": t, "ids": tokenizer.encode(t)} for t in TEXTS], "logits": logits, "edits": edits}
    with open(out, "w", encoding="utf-8") as f:
        json.dump(golden, f, ensure_ascii=False)
        f.write("\n")


if __name__ == "__main__":
    main()
