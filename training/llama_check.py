"""Does a running llama.cpp server give the same greedy answers as PyTorch?

    llama-server -m MODEL.gguf --port 8099 &
    python3 llama_check.py DATA MODEL.gguf http://127.0.0.1:8099

200 prompts: facts, questions, and made-up facts to be read from the context. An answer is what comes before the first
full stop or end of text, in at most 12 tokens."""
import json
import random
import sys
import urllib.request

import answers
import evaluate
import facts
import madeup
import model as models
from tokenizer import END, Tokenizer

TOKENS = 12


def ask(url, prompt):
    body = {"prompt": prompt, "n_predict": TOKENS, "temperature": 0, "top_k": 1, "cache_prompt": False, "return_tokens": True}
    request = urllib.request.Request(url + "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)["tokens"]
    except (OSError, KeyError, ValueError) as error:
        raise SystemExit(f"no answer from llama-server at {url}: {error}")


def answer(ids, stop):
    for i, t in enumerate(ids):
        if t in (END, stop):
            return ids[:i]
    return ids


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__.strip())
    data, path, url = sys.argv[1:]
    net, metadata = models.load_gguf(path)
    tokenizer = Tokenizer.from_gguf(metadata)
    known = facts.Facts(data)
    asked = evaluate.askable(known)
    rng = random.Random(200)
    prompts = [s.before for _, _, s in rng.sample([x for x in asked if not x[1].source.startswith("zsre")], 120)]
    prompts += [s.before for _, _, s in rng.sample([x for x in asked if x[1].source.startswith("zsre")], 40)]
    maker = madeup.Maker(evaluate.Pool(known))
    prompts += [maker.probe(f"llama {i}")[0] for i in range(40)]
    stop, same, whole = tokenizer.ids["."], 0, 0
    for prompt in prompts:
        ours, theirs = answers.greedy(net, tokenizer, [prompt], TOKENS)[0], ask(url, prompt)
        same += answer(ours, stop) == answer(theirs, stop)
        whole += ours == theirs
        if answer(ours, stop) != answer(theirs, stop):
            print(f"differs: {prompt!r}: PyTorch {tokenizer.decode(ours)!r}, llama.cpp {tokenizer.decode(theirs)!r}", file=sys.stderr)
    print(json.dumps({"prompts": len(prompts), "same_answer": round(100 * same / len(prompts), 2),
                      f"same_{TOKENS}_tokens": round(100 * whole / len(prompts), 2)}))


if __name__ == "__main__":
    main()
