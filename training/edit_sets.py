"""Builds the edit sets from what the finished model really answers.

    python3 edit_sets.py DATA answers.npz OUT_FOLDER [--exclude reference.json]

answers.npz comes from evaluate.py. --exclude: a JSON file with {"edits": [{"subject", "relation"}]} to leave out."""
import argparse
import collections
import json
import os
import random

import numpy as np

import evaluate
import facts
import wordings

SEED = 5
SETS = (("facts", 500, False), ("facts-hard", 200, True), ("dev", 150, False), ("dev-hard", 60, True))
NEIGHBOURS, PARAPHRASES, SAME_SUBJECT = 10, 2, 3
WHICH_DIFFER = 4                                            # a new object is at most so much rarer or commoner

# what sort of thing a relation's objects are
OBJECTS = {
    "language": "P103 P1412 P364 P407 P37", "place": "P17 P131 P19 P20 P27 P30 P36 P159 P276 P495 P740 P937 P1001 P1376",
    "company": "P108 P127 P176 P178 P264 P449", "instrument": "P1303", "genre": "P136", "religion": "P140",
    "profession": "P106 P39", "position": "P413", "field": "P101", "organisation": "P463", "sport": "P641",
    "thing": "P279 P31 P527 P361",
}
# relations of one subject that hang together: an edit of one may well change the other
TOGETHER = ["P17 P131 P276 P30 P1376 P1001 P36", "P103 P1412 P27", "P364 P407 P37 P495", "P176 P178 P127", "P740 P159 P495 P17",
            "P31 P279 P361 P527", "P106 P101 P39", "P463 P108"]
KIND = {r: kind for kind, relations in OBJECTS.items() for r in relations.split()}


SMALL = set("the a an of is was in to at by for that which who what where does do did on their its with as it they".split())


def content(prompt, subject):
    """The words that carry a wording's sense, cut to their first five letters."""
    words = prompt.replace(subject, " ").replace("'s", " ").lower().replace(",", " ").replace("?", " ").split()
    return {w[:5] for w in words if w not in SMALL}


def related(a, b):
    return a == b or any(a in t.split() and b in t.split() for t in TOGETHER)


def plain(s):
    """Fit to be a prompt of an edit: says what is asked for, and takes any object."""
    return s.template not in wordings.LOOSE and not s.before.endswith((" a", " an")) and len(s.before) < 90


class Builder:
    def __init__(self, known, right, excluded):
        self.known, self.excluded = known, excluded
        self.rng = random.Random(SEED)
        self.good = collections.defaultdict(list)           # fact number: its sentences answered right
        self.wrong = collections.Counter()
        for (i, _, s), ok in zip(evaluate.askable(known), right):
            if ok and plain(s):
                self.good[i].append(s)
            self.wrong[i] += not ok
        self.by_object, self.by_subject = collections.defaultdict(list), collections.defaultdict(list)
        self.count = collections.defaultdict(collections.Counter)
        for i, f in enumerate(known.facts):
            if f.relation in KIND:
                self.count[f.relation][f.object] += 1
                self.by_subject[f.subject].append(i)
                if self.good[i]:
                    self.by_object[f.relation, f.object].append(i)
        self.records = {(r["requested_rewrite"]["subject"].strip(), r["requested_rewrite"]["relation_id"]): r
                        for r in known.counterfact}

    def candidates(self):
        """Facts fit to be edited, taking turns between relations."""
        queues = collections.defaultdict(list)
        for i, f in enumerate(self.known.facts):
            statements = [s for s in self.good[i] if not s.before.endswith("?")]
            if (f.source == "pararel" and f.relation in KIND and len(statements) >= 3 and not self.wrong[i]
                    and (f.subject, f.relation) not in self.excluded and f.object.lower() not in f.subject.lower()
                    and f.subject.lower() not in f.object.lower() and f.subject.count(" ") < 7
                    and len(self.by_object[f.relation, f.object]) > NEIGHBOURS):
                queues[f.relation].append(i)
        for q in queues.values():
            self.rng.shuffle(q)
            q.sort(key=lambda i: bool(self.others(i)))      # taken from the end: subjects with more to lose first
        used, out = set(), []
        while any(queues.values()):
            for r in sorted(queues):
                if queues[r]:
                    i = queues[r].pop()
                    if self.known.facts[i].subject not in used:
                        used.add(self.known.facts[i].subject)
                        out.append(i)
        return out

    def others(self, i):
        """Facts of the same subject that an edit of this one must leave alone."""
        f = self.known.facts[i]
        return [j for j in self.by_subject[f.subject] if self.good[j] and self.known.facts[j].object != f.object
                and not related(f.relation, self.known.facts[j].relation)]

    def new_object(self, f, hard):
        counts = self.count[f.relation]
        if hard:
            pool = sorted({o for r, c in self.count.items() if KIND[r] != KIND[f.relation]
                           for o, n in c.items() if n >= 8 and o not in counts})
        else:
            true = counts[f.object]
            pool = sorted(o for o, n in counts.items() if o != f.object and true / WHICH_DIFFER <= n <= true * WHICH_DIFFER)
            pool = pool or [o for o, _ in counts.most_common(3) if o != f.object]
        pool = [o for o in pool if o.lower() not in f.subject.lower() and o.lower() not in f.object.lower()
                and f.object.lower() not in o.lower()
                and not any(self.known.facts[i].object == o for i in self.by_subject[f.subject])]
        return self.rng.choice(pool) if pool else None

    def record(self, i, hard):
        f, rng = self.known.facts[i], self.rng
        statements = [s for s in self.good[i] if not s.before.endswith("?") and s.template.count("{}") + s.template.count("[X]") == 1]
        questions = [s.before for s in self.good[i] if s.before.endswith("?")]
        rng.shuffle(statements)
        new = self.new_object(f, hard)
        prompts = []                                        # the prompt, then paraphrases that differ in sense-bearing words
        for s in statements:
            if all(content(s.before, f.subject) - content(p, f.subject) for p in prompts):
                prompts.append(s.before)
        if new is None or len(prompts) < 1 + PARAPHRASES or prompts[0].count(f.subject) != 1:
            return None
        told = [j for j in self.by_object[f.relation, f.object] if self.known.facts[j].subject != f.subject]
        rng.shuffle(told)
        told.sort(key=lambda j: f.object.lower() in self.known.facts[j].subject.lower())
        neighbours = [rng.choice(self.good[j]).before for j in told]
        neighbours = [p for p in neighbours if f.subject not in p][:NEIGHBOURS]
        if len(neighbours) < NEIGHBOURS:
            return None
        same = [{"prompt": rng.choice(self.good[j]).before, "answer": self.known.facts[j].object,
                 "relation_id": self.known.facts[j].relation} for j in self.others(i)]
        theirs = self.records.get((f.subject, f.relation))
        return {
            "requested_rewrite": {"prompt": prompts[0].replace(f.subject, "{}"), "relation_id": f.relation,
                                  "target_new": {"str": new}, "target_true": {"str": f.object}, "subject": f.subject},
            "paraphrase_prompts": prompts[1:1 + PARAPHRASES] + questions[:1],
            "neighborhood_prompts": neighbours, "neighborhood_target": f.object,
            "generation_prompts": theirs["generation_prompts"] if theirs else [],
            "same_subject_prompts": same[:SAME_SUBJECT]}


def write(path, records):
    with open(path, "w", encoding="utf-8") as out:
        for n, record in enumerate(records):
            out.write(json.dumps({"case_id": n, **record}, ensure_ascii=False) + "\n")
    print(f"{path}: {len(records)} records, {len({r['requested_rewrite']['relation_id'] for r in records})} relations, "
          f"{sum(bool(r['same_subject_prompts']) for r in records)} with prompts on other relations of the subject")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("data")
    p.add_argument("answers")
    p.add_argument("out")
    p.add_argument("--exclude")
    a = p.parse_args()
    known = facts.Facts(a.data)
    try:
        kept = np.load(a.answers)
        right = np.unpackbits(kept["right"])[:int(kept["n"])].astype(bool)
    except (OSError, KeyError, ValueError) as error:
        raise SystemExit(f"cannot read the answers: {error}")
    if int(kept["every"]) != 1 or len(right) != len(evaluate.askable(known)):
        raise SystemExit("these answers are not to all of this corpus's prompts: run evaluate.py on a GPU again")
    excluded = set()
    if a.exclude:
        excluded = {(e["subject"], e["relation"]) for e in json.load(open(a.exclude))["edits"]}
    builder = Builder(known, right, excluded)
    queue = builder.candidates()
    at = 0
    for name, size, hard in SETS:
        records = []
        while len(records) < size:
            if at == len(queue):
                raise SystemExit(f"only {len(records)} facts are fit for {name}")
            record = builder.record(queue[at], hard)
            at += 1
            if record:
                records.append(record)
        builder.rng.shuffle(records)
        write(os.path.join(a.out, name + ".jsonl"), records)


if __name__ == "__main__":
    main()
