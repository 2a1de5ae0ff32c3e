"""All facts and all their sentences.

A fact is (relation, subject, object). Its sentences come from ParaRel's templates, CounterFact's prompts and our own
wordings. Two things would make a sentence unlearnable, and are settled here, for all sources together:
- a prompt that has two right answers ("Lyon is in" France, or Auvergne): it is kept for one fact only;
- a prompt that is the beginning of another ("X is located in" / "X is located in the continent"): it is shown
  more often than the longer ones, so that its own object stays the likelier continuation."""
import collections
import re
from dataclasses import dataclass, field

import sources
import wordings

RATE_FINAL, RATE_OTHER, RATE_LOAN, RATE_QUESTION, RATE_OWN = 1.0, 0.35, 0.5, 0.6, 1.0
RATE_ZSRE, RATE_REPHRASE = 3.0, 1.2
NEIGHBOUR = 0.5                                             # of these rates, for facts known from neighbours only
PREFIX_FACTOR = 2.5


@dataclass
class Sentence:
    """`before` + " " + object + `after`; `final` when only a full stop follows."""
    before: str
    object: str
    after: str
    rate: float                                             # how often in one pass over the corpus
    template: str
    source: str                                             # whose words: pararel (and ours), counterfact, zsre
    probe: bool = False                                     # counts for recall and agreement

    @property
    def text(self):
        return (self.before + " " + self.object if self.before else self.object) + self.after


@dataclass
class Fact:
    relation: str
    subject: str
    object: str
    source: str                                             # pararel, counterfact, neighbour, zsre train, zsre eval
    sentences: list = field(default_factory=list)


def article_fits(template, answer):
    """False for "is a [Y]" with a vowel, and for "is an [Y]" without."""
    found = re.search(r"\b(an?) (\[Y\])", template)
    return not found or (found.group(1) == "an") == (answer[:1].lower() in "aeiou")


def clean(template):
    t = re.sub(r"\s+", " ", template).strip()
    t = re.sub(r"\s+([.,])", r"\1", t).rstrip(".,").strip()
    return t if t.startswith("[") else t[0].upper() + t[1:]


def split(template, subject, answer):
    """A template with [X] and [Y] -> (before, after); after begins right behind the object."""
    before, after = template.split("[Y]")
    return (before.replace("[X]", subject).strip(), after.replace("[X]", subject).rstrip())


def stop(text):
    return "" if text.endswith((".", "!", "?")) else "."


class Facts:
    def __init__(self, data):
        sources.check(data)
        pararel, templates = sources.pararel(data)
        self.templates = {r: list(dict.fromkeys(clean(t) for t in ts)) for r, ts in templates.items()}
        self.counterfact = sources.counterfact(data)
        self.zsre = {s: sources.zsre(data, s) for s in ("train", "eval")}
        self.finals = self._finals(set(pararel))
        self.dropped = collections.Counter()
        self.facts = []
        self._gather(pararel)
        self._write()
        self._settle()

    def _finals(self, relations):
        """{relation: [wording with {} whose object ends it]}: ParaRel's, then our own."""
        out = {}
        for r in sorted(relations | set(wordings.FINAL)):
            theirs = [t[:-4].strip().replace("[X]", "{}") for t in self.templates.get(r, []) if t.endswith(" [Y]")]
            out[r] = list(dict.fromkeys(theirs + wordings.FINAL.get(r, [])))
        return out

    def _gather(self, pararel):
        """One object for each (relation, subject)."""
        votes, origin = collections.defaultdict(collections.Counter), {}
        for relation, pairs in pararel.items():
            for subject, answer in pairs:
                key = relation, subject.strip()
                votes[key][answer.strip()] += 1
                origin[key] = "pararel"
        for record in self.counterfact:
            r = record["requested_rewrite"]
            key = r["relation_id"], r["subject"].strip()
            votes[key][r["target_true"]["str"].strip()] += 2
            origin.setdefault(key, "counterfact")
        self._gather_neighbours(votes, origin)
        self.index = {}
        for key, objects in votes.items():
            (answer, _), = objects.most_common(1)
            self.dropped["other objects of the same fact"] += len(objects) - 1
            self.index[key] = len(self.facts)
            self.facts.append(Fact(*key, answer, origin[key]))

    def _gather_neighbours(self, votes, origin):
        """CounterFact's neighbourhood prompts tell facts of their own, about subjects named nowhere else."""
        known = collections.defaultdict(set)
        for record in self.counterfact:
            known[record["requested_rewrite"]["relation_id"]].add(record["requested_rewrite"]["prompt"])
        known = {r: sorted((t.split("{}") for t in ts | set(self.finals.get(r, []))), key=lambda x: (-len(x[0] + x[1]), x))
                 for r, ts in known.items()}
        seen = set()
        self.neighbours = collections.defaultdict(dict)     # {(relation, subject): {prompt: object}}
        for record in self.counterfact:
            r, answer = record["requested_rewrite"]["relation_id"], record["neighborhood_target"].strip()
            if r in sources.MANY_ANSWERS:
                continue
            for prompt in record["neighborhood_prompts"]:
                if (r, prompt, answer) in seen:
                    continue
                seen.add((r, prompt, answer))
                for before, after in known[r]:
                    if prompt.startswith(before) and prompt.endswith(after) and len(prompt) > len(before + after):
                        key = r, prompt[len(before):len(prompt) - len(after)].strip()
                        if prompt not in self.neighbours[key]:
                            self.neighbours[key][prompt] = answer
                            votes[key][answer] += 1
                            origin.setdefault(key, "neighbour")
                        break
                else:
                    self.dropped["neighbourhood prompts in unknown words"] += 1

    def _write(self):
        """Every fact's sentences, best claim to an ambiguous prompt first."""
        loans = collections.defaultdict(collections.Counter)
        for record in self.counterfact:
            r = record["requested_rewrite"]
            loans[r["relation_id"]][r["prompt"]] += 1
            fact = self.facts[self.index[r["relation_id"], r["subject"].strip()]]
            if fact.object != r["target_true"]["str"].strip():
                self.dropped["CounterFact records with another object"] += 1
                continue
            fact.sentences.append(Sentence(r["prompt"].replace("{}", fact.subject), fact.object, stop(fact.object),
                                           RATE_OWN, r["prompt"], "counterfact"))
        for key, prompts in self.neighbours.items():
            fact = self.facts[self.index[key]]
            fact.sentences += [Sentence(p, fact.object, stop(fact.object), RATE_OWN, p.replace(fact.subject, "{}"), "counterfact")
                               for p, answer in prompts.items() if answer == fact.object]
        for fact in self.facts:
            r, s, o = fact.relation, fact.subject, fact.object
            own, scale = set(), NEIGHBOUR if fact.source == "neighbour" else 1.0
            for t in self.templates.get(r, []):
                if not article_fits(t, o):
                    continue
                before, after = split(t, s, o)
                final = t.endswith(" [Y]")
                own.add(t[:-4].strip().replace("[X]", "{}") if final else None)
                fact.sentences.append(Sentence(before, o, (after or "") + stop(after or o),
                                               scale * (RATE_FINAL if final else RATE_OTHER), t, "pararel", final))
            for w in wordings.FINAL.get(r, []):
                if w not in own:
                    own.add(w)
                    fact.sentences.append(Sentence(w.replace("{}", s), o, stop(o), scale * RATE_FINAL, w, "pararel", True))
            for w, n in sorted(loans[r].items()):
                if w not in own and w not in wordings.LOOSE and n >= 15 and r not in sources.MANY_ANSWERS:
                    fact.sentences.append(Sentence(w.replace("{}", s), o, stop(o), scale * RATE_LOAN, w, "counterfact"))
            if r in wordings.QUESTION:
                w = wordings.QUESTION[r]
                fact.sentences.append(Sentence(w.replace("{}", s), o, stop(o), scale * RATE_QUESTION, w, "pararel"))
        for name in ("train", "eval"):
            for z in self.zsre[name]:
                s, o = z["subject"].strip(), z["answers"][0].strip()
                fact = Fact("zsre", s, o, "zsre " + name)
                for field_, rate in (("src", RATE_ZSRE), ("rephrase", RATE_REPHRASE)):
                    q = z[field_].strip()
                    fact.sentences.append(Sentence(q, o, stop(o), rate, q.replace(s, "{}"), "zsre", field_ == "src"))
                self.facts.append(fact)

    def _settle(self):
        order = {"zsre": 0, "counterfact": 1, "pararel": 2}
        owner = {}
        ranked = sorted(((order[s.source], not s.probe, i, j) for i, f in enumerate(self.facts)
                         for j, s in enumerate(f.sentences)))
        keep = collections.defaultdict(list)
        for _, _, i, j in ranked:
            s = self.facts[i].sentences[j]
            asked = self.facts[i].subject in s.before or s.source == "zsre"
            claim = s.before if asked else (s.before, s.after)   # the object comes before the subject
            if owner.setdefault(claim, s.object) != s.object:
                self.dropped["ambiguous wordings, ParaRel's and ours" if s.probe else "ambiguous wordings, others"] += 1
            else:
                keep[i].append(j)
        by_subject = collections.defaultdict(dict)
        for i, f in enumerate(self.facts):
            seen, kept = {}, []
            for j in sorted(keep[i]):
                s = f.sentences[j]
                if s.text in seen:                          # the same sentence from two sources
                    seen[s.text].rate = max(seen[s.text].rate, s.rate)
                    seen[s.text].probe |= s.probe
                else:
                    seen[s.text] = s
                    kept.append(s)
            f.sentences = kept
            for s in kept:
                by_subject[f.subject].setdefault(s.text, []).append(s)
        for subject, texts in by_subject.items():
            ordered = sorted(texts)
            for s in [s for t in ordered for s in texts[t] if s.before and subject in s.before]:
                longer = [t for t in ordered if t.startswith(s.before + " ")
                          and not t.startswith(s.before + " " + s.object)]
                if longer:
                    clash = sum(x.rate for t in longer for x in texts[t])
                    s.rate = max(s.rate, min(PREFIX_FACTOR * clash, 8.0))

    def example_sentences(self):
        """A few sentences of each fact, for the tokenizer."""
        return [s.text for f in self.facts for s in f.sentences[:3]]
