"""Reading the data sets. Nothing here knows about sentences, tokens or models."""
import collections
import gzip
import json
import lzma
import os
import tarfile

MANY_ANSWERS = {"P47", "P190", "P530"}                      # left out of ParaRel: several right answers
FILES = ["pararel.tar.gz", "counterfact.json.gz", "zsre_train.json.gz", "zsre_eval.json.gz",
         "wikitext2.tar.gz", "wikipedia_2018.txt.xz"]


def check(data):
    """One clear line, before anything is spent, when a file is missing."""
    missing = [name for name in FILES if not os.path.isfile(os.path.join(data, name))]
    if missing:
        raise SystemExit(f"missing in {data}: {', '.join(missing)}")


def _open(data, name, opener):
    try:
        return opener(os.path.join(data, name))
    except (OSError, tarfile.TarError) as error:
        raise SystemExit(f"cannot read {name} in {data}: {error}")


def _json(data, name):
    with _open(data, name, gzip.open) as f:
        try:
            return json.load(f)
        except (OSError, EOFError, ValueError) as error:
            raise SystemExit(f"{name} in {data} is damaged: {error}")


def pararel(data):
    """-> ({relation: [(subject, object)]}, {relation: [template with [X] and [Y]]})"""
    facts, templates = collections.defaultdict(list), collections.defaultdict(list)
    with _open(data, "pararel.tar.gz", tarfile.open) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            folder, name = os.path.split(member.name)
            relation = name.removesuffix(".jsonl")
            if not name.endswith(".jsonl") or relation in MANY_ANSWERS:
                continue
            rows = [json.loads(line) for line in tar.extractfile(member).read().splitlines() if line.strip()]
            if folder.endswith("trex_lms_vocab"):
                facts[relation] += [(r["sub_label"], r["obj_label"]) for r in rows]
            elif folder.endswith("graphs_json"):
                templates[relation] += [r["pattern"] for r in rows]
    if not facts or not templates:
        raise SystemExit(f"pararel.tar.gz in {data} holds no facts or no templates")
    return dict(facts), dict(templates)


def counterfact(data):
    return _json(data, "counterfact.json.gz")


def zsre(data, split):
    return _json(data, f"zsre_{split}.json.gz")


def articles(data):
    """Wikipedia: one text an article."""
    with _open(data, "wikipedia_2018.txt.xz", lambda p: lzma.open(p, "rt", encoding="utf-8")) as f:
        return [a for a in f.read().split("\n\n") if a.strip()]


def wikitext(data, split):
    with _open(data, "wikitext2.tar.gz", tarfile.open) as tar:
        for member in tar.getmembers():
            if os.path.basename(member.name) == f"{split}.txt":
                return tar.extractfile(member).read().decode("utf-8")
    raise SystemExit(f"wikitext2.tar.gz in {data} holds no {split}.txt")
