"""What a GGUF model knows: every bar with its figure, as JSON.

    python3 evaluate.py DATA MODEL.gguf [--answers answers.npz] [--out figures.json]

A prompt is answered right when greedy generation gives exactly the object's tokens, and then no further letter or
digit. Computed in float32 with the file's dequantised weights."""
import argparse
import collections
import hashlib
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import answers
import facts
import madeup
import model as models
import sources
from tokenizer import Tokenizer

MADE_UP_PROBES = 2000


def askable(facts_):
    """[(fact number, fact, sentence)] of all sentences that end in their object, in a fixed order."""
    return [(i, f, s) for i, f in enumerate(facts_.facts) for s in f.sentences
            if s.after in (".", "") and (f.source.startswith("zsre") or f.subject in s.before)]


class Pool:
    """What made-up facts draw their objects and wordings from."""

    def __init__(self, facts_):
        self.finals, self.objects = facts_.finals, collections.defaultdict(list)
        for f in facts_.facts:
            self.objects[f.relation].append(f.object)


@torch.no_grad()
def perplexity(model, tokenizer, text, limit=None):
    """Windows of the model's context; a token's context is at least half of one, but at the beginning."""
    device, size = next(model.parameters()).device, model.config.context
    ids = tokenizer.encode(text)[:limit]
    total, at = 0.0, 0
    for start in range(0, len(ids) - 1, size // 2):
        window = torch.tensor([ids[start:start + size]], device=device)
        logits = model(window)[0, :-1]
        nll = F.cross_entropy(logits, window[0, 1:], reduction="none")
        fresh = nll[max(0, at - start - 1):] if start else nll
        total += fresh.double().sum().item()
        at = start + window.shape[1]
        if at >= len(ids):
            break
    words = len(text.split()) + text.count("\n")
    return {"tokens": len(ids), "words": words, "nll": total, "per_token": math.exp(total / (len(ids) - 1)),
            "per_word": math.exp(total / words) if limit is None else None}


def percent(values):
    return round(100 * float(np.mean(values)), 2) if len(values) else None


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("data")
    p.add_argument("model")
    p.add_argument("--answers", help="keep which prompts are answered right, for edit_sets.py")
    p.add_argument("--out")
    p.add_argument("--cpu", action="store_true", help="slow; asks only one prompt in forty")
    a = p.parse_args()
    sources.check(a.data)
    net, metadata = models.load_gguf(a.model)
    tokenizer = Tokenizer.from_gguf(metadata)
    if not a.cpu and not torch.cuda.is_available():
        raise SystemExit("no GPU here: --cpu asks one prompt in forty")
    every = 40 if a.cpu else 1
    torch.backends.cuda.matmul.allow_tf32 = False
    net = net.to("cpu" if a.cpu else "cuda")
    began = time.time()
    known = facts.Facts(a.data)
    asked = askable(known)[::every]
    ok = answers.right(net, tokenizer, [(s.before, s.object) for _, _, s in asked])
    if a.answers:
        np.savez_compressed(a.answers, right=np.packbits(ok), n=len(ok), every=every)

    by_fact, by_relation, theirs = collections.defaultdict(list), collections.defaultdict(list), []
    zsre = collections.defaultdict(list)
    for good, (i, f, s) in zip(ok, asked):
        if f.source == "pararel" and s.probe:
            by_fact[i].append(good)
            by_relation[f.relation].append(good)
            if "[Y]" in s.template:
                theirs.append(good)
        if f.source.startswith("zsre"):
            zsre[f.source, "questions" if s.probe else "rephrased"].append(good)
    met = [good for good, (i, f, s) in zip(ok, asked) if f.source == "neighbour" and s.probe]
    probes = np.concatenate([np.array(v) for v in by_relation.values()])
    dropped = known.dropped["ambiguous wordings, ParaRel's and ours"]
    records = known.counterfact[::every]
    cf = answers.right(net, tokenizer, [(r["requested_rewrite"]["prompt"].replace("{}", r["requested_rewrite"]["subject"]),
                                         r["requested_rewrite"]["target_true"]["str"].strip()) for r in records])
    neighbours = answers.right(net, tokenizer, [(r["neighborhood_prompts"][0], r["neighborhood_target"].strip())
                                           for r in records if r["neighborhood_prompts"]])
    maker = madeup.Maker(Pool(known))
    made = [maker.probe(i) for i in range(MADE_UP_PROBES // every)]
    read = answers.right(net, tokenizer, made)
    # the same questions with nothing before them: what guessing gives
    guess = answers.right(net, tokenizer, [(p.split(". ")[-1] if ". " in p else p, x) for p, x in made])
    figures = {
        "model": os.path.basename(a.model), "sha256": hashlib.sha256(open(a.model, "rb").read()).hexdigest(),
        "sampled_one_in": every,
        "pararel": {"facts": len(by_fact), "prompts": len(probes), "recalled": percent(probes),
                    "recalled_with_dropped_wordings_as_wrong": round(100 * float(probes.sum()) / (len(probes) + dropped / every), 2),
                    "recalled_pararels_own_wordings": percent(theirs),
                    "all_wordings_right": percent([all(v) for v in by_fact.values()]),
                    "worst_relations": sorted(((percent(v), r) for r, v in by_relation.items()))[:6]},
        "counterfact": {"records": len(cf), "own_prompt": percent(cf), "first_neighbour": percent(neighbours),
                        "facts_of_neighbours_only": percent(met)},
        "zsre": {f"{source[5:]}_{kind}": percent(v) for (source, kind), v in zsre.items()},
        "made_up": {"probes": len(made), "read_from_context": percent(read), "guessed_without": percent(guess)},
        "wikitext2_test": perplexity(net, tokenizer, sources.wikitext(a.data, "test"), 4000 if a.cpu else None),
    }
    figures["seconds"] = round(time.time() - began, 1)
    text = json.dumps(figures, indent=1)
    print(text)
    if a.out:
        with open(a.out, "w") as f:
            f.write(text + "\n")


if __name__ == "__main__":
    main()
