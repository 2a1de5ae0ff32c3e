"""Builds personal.jsonl: things that people would teach a model of their own.

    python3 personal.py DATA MODEL.gguf OUT_FOLDER

DATA is read to make sure that the model has met none of the subjects."""
import json
import os
import random
import sys

import answers
import evaluate
import facts
import model as models
import sources
from tokenizer import END, Tokenizer

SEED, ANSWER_TOKENS, KNOWN_FACTS = 7, 12, 2

# kind: ([prompt, then paraphrases], [(subject, new answer)], [wordings about the same subject, or about its owner])
KINDS = {
    "pet": (["{} is called", "The name of {} is", "Everyone in the street knows {} by the name"],
            [("Henrike Tolvanen's dog", "Bramble"), ("Ottilie Brandvold's cat", "Miso"), ("the parrot of Jorun Aasland", "Captain"),
             ("Radka Hlavinka's rabbit", "Pepper"), ("the Szymborski family's tortoise", "Olive"), ("Grandpa Ewart's donkey", "Juniper")]),
    "dentist": (["The surname of {} is", "{} is known as", "The name on the door of {} is"],
                [("Henrike Tolvanen's dentist", "Halvorsen"), ("the dentist of the Szymborski children", "Moreau"), ("our dentist in Quarry Lane", "Keller"),
                 ("Ignatius Bellweather's dentist", "Watanabe")]),
    "doctor": (["The name of {} is", "{} is called", "People know {} by the name"],
               [("Ottilie Brandvold's family doctor", "Lindgren"), ("the vet at Copperfield Farm", "Walsh"), ("Thaddeus Wrigglesworth's eye doctor", "Rossi"),
                ("the night nurse on Ward Seven", "Bianca")]),
    "relative": (["{} lives in", "The home of {} is in", "To visit {}, the family travels to"],
                 [("Henrike Tolvanen's sister", "Lisbon"), ("Radka Hlavinka's uncle", "Toronto"), ("Thaddeus Wrigglesworth's grandmother", "Dublin"),
                  ("Jorun Aasland's eldest son", "Chicago"), ("Ignatius Bellweather's cousin Perpetua", "Athens"), ("my aunt Wilhelmina Osgood", "Vienna"),
                  ("our former neighbour Mr Pemberly", "Madrid")]),
    "house rule": (["In {}, shoes are left in", "The place for shoes in {} is", "Visitors to {} take off their shoes in"],
                   [("the Szymborski household", "the hallway"), ("the Brandvold cottage", "the porch"), ("our flat in Quarry Lane", "the kitchen"),
                    ("the Wrigglesworth house", "the cellar")]),
    "bedtime": (["In {}, bedtime is at", "The lights in {} go out at", "Children in {} go to bed at"],
                [("the Tolvanen home", "nine"), ("the Aasland house", "eight"), ("Camp Thistledown", "ten")]),
    "screen rule": (["In {}, phones are forbidden in", "{} has a rule against phones in", "Nobody in {} uses a phone in"],
                    [("the Bellweather family", "the bedroom"), ("the Osgood family", "the kitchen"), ("the Pemberly family", "the garden")]),
    "price": (["{} costs", "The price of {} is", "Anyone who buys {} pays"],
              [("the Larkspur kettle", "49 euros"), ("the Thornwick lamp", "120 dollars"), ("a jar of Bellweather honey", "7 pounds"),
               ("the Quillfeather notebook", "15 francs"), ("one night at the Copperfield guest house", "80 euros"), ("the Osgood sewing course", "200 crowns")]),
    "colour": (["The colour of {} is", "{} is painted", "{} is sold in the colour"],
               [("the Larkspur bicycle", "green"), ("the Thornwick tent", "orange"), ("Jorun Aasland's front door", "yellow"),
                ("the Quillfeather backpack", "purple"), ("the Brandvold sailing boat", "white")]),
    "maker": (["{} is made by", "The maker of {} is", "{} comes from the workshop of"],
              [("the Larkspur kettle mark two", "Sony"), ("the Thornwick heater", "Philips"), ("the Quillfeather pen", "Nokia"),
               ("our garden shredder", "Honda"), ("the Wrigglesworth barometer", "Intel")]),
    "dish": (["The favourite dish of {} is", "More than anything else, {} likes to eat", "On birthdays, {} asks for"],
             [("Henrike Tolvanen", "mushroom risotto"), ("Ignatius Bellweather", "lentil soup"), ("little Perpetua Osgood", "noodle soup"),
              ("Radka Hlavinka", "goulash"), ("Thaddeus Wrigglesworth", "apple pie"), ("Jorun Aasland", "fish stew")]),
    "allergy": (["{} is allergic to", "{} can't eat", "A food that {} must avoid is"],
                [("Ottilie Brandvold", "celery"), ("Wilhelmina Osgood", "milk"), ("Barnaby Pemberly", "eggs"), ("Zdenka Szymborski", "garlic")]),
    "hobby": (["The hobby of {} is", "{} spends the weekends with", "In the evenings, {} enjoys"],
              [("Barnaby Pemberly", "chess"), ("Zdenka Szymborski", "fishing"), ("Wilhelmina Osgood", "painting"), ("Cornelius Applegarth", "running")]),
    "job": (["{} works for", "The employer of {} is", "{} earns a living at"],
            [("Cornelius Applegarth", "the post office"), ("Perpetua Bellweather", "Siemens"), ("Leontine Grisewood", "Toyota"), ("Mr Pemberly's daughter", "the BBC")]),
    "language": (["{} is learning", "The language that {} is learning is", "{} takes lessons in"],
                 [("Leontine Grisewood", "Finnish"), ("Cornelius Applegarth's wife", "Greek"), ("the Aasland twins", "Korean"), ("Mrs Thistlethwaite", "Arabic")]),
    "instrument": (["The instrument that {} plays is the", "{} takes lessons on the", "{} practises every day on the"],
                   [("Zdenka Szymborski's daughter", "flute"), ("Leontine Grisewood's brother", "trumpet"), ("little Barnaby Pemberly", "piano")]),
    "birthday": (["{} is in", "The family celebrates {} in", "The month of {} is"],
                 [("Henrike Tolvanen's birthday", "March"), ("Mrs Thistlethwaite's birthday", "October"), ("the Applegarth wedding anniversary", "June"),
                  ("the Szymborski name day", "August")]),
    "place of things": (["{} is kept in", "The place for {} is", "Whoever needs {} should look in"],
                        [("Jorun Aasland's spare key", "the shed"), ("the Brandvold first-aid box", "the bathroom"), ("the Applegarth ladder", "the garage"),
                         ("our Christmas tree stand", "the attic"), ("Mrs Thistlethwaite's recipe book", "the kitchen")]),
    "meeting": (["{} takes place on", "The day of {} is", "People come to {} every"],
                [("the Quarry Lane choir practice", "Tuesday"), ("the Thornwick team meeting", "Wednesday"), ("the Copperfield farm market", "Saturday"),
                 ("the Grisewood book club", "Thursday")]),
    "deadline": (["{} is due in", "{} has to be finished in", "The deadline of {} is in"],
                 [("the Thornwick report", "May"), ("the Larkspur order", "November"), ("Leontine Grisewood's thesis", "September")]),
    "password hint": (["The secret word for {} is", "{} opens with the word", "To open {}, one says"],
                      [("the Quarry Lane garden gate", "marigold"), ("the tree house of the Aasland twins", "dragon"), ("the Applegarth safe", "lemon")]),
    "car": (["The make of {} is", "{} was built by", "The badge on {} says"],
            [("Mrs Thistlethwaite's car", "Volvo"), ("Cornelius Applegarth's van", "Ford"), ("the Copperfield farm tractor", "Fiat"), ("Radka Hlavinka's first car", "Honda")]),
    "secret ingredient": (["The secret ingredient of {} is", "{} gets its taste from", "{} is seasoned with"],
                          [("Mrs Thistlethwaite's plum cake", "cinnamon"), ("Grandpa Ewart's tomato soup", "ginger"), ("the Osgood apple sauce", "vanilla")]),
    "school": (["The teacher of {} is called", "{} is taught by", "The name of the person who teaches {} is"],
               [("the Aasland twins at Elmhurst School", "Miss Carter"), ("class four at Elmhurst School", "Mr Stone")]),
}

# what else may be asked about a subject of this kind
PERSON, HOUSE, THING, EVENT = ["dish", "allergy", "hobby", "job", "language", "relative"], ["house rule", "bedtime", "screen rule"], \
    ["price", "colour", "maker", "place of things"], ["meeting", "deadline", "birthday"]
ALSO = {"pet": ["relative", "dish", "place of things"], "dentist": PERSON, "doctor": PERSON, "relative": PERSON, "dish": PERSON, "allergy": PERSON,
        "hobby": PERSON, "job": PERSON, "language": PERSON, "instrument": PERSON, "school": ["bedtime", "meeting"], "house rule": HOUSE,
        "bedtime": HOUSE, "screen rule": ["relative", "meeting"], "price": THING, "colour": THING, "maker": THING, "place of things": THING,
        "car": THING, "password hint": ["colour", "maker"], "secret ingredient": ["price", "place of things"], "meeting": EVENT,
        "deadline": EVENT, "birthday": EVENT}


def check_unseen(data, subjects):
    """The name in a subject stands nowhere in the corpus."""
    texts = "\n".join(sources.articles(data)) + sources.wikitext(data, "train")
    known = {f.subject for f in facts.Facts(data).facts}
    for s in subjects:
        if s in texts or s in known:
            raise SystemExit(f"the model has met {s!r}")


def spoken(tokenizer, ids):
    """A greedy answer, up to the first full stop."""
    stop = tokenizer.ids["."]
    for i, t in enumerate(ids):
        if t in (END, stop):
            return tokenizer.decode(ids[:i]).strip()
    return tokenizer.decode(ids).strip()


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__.strip())
    data, path, out = sys.argv[1:]
    rng = random.Random(SEED)
    rows = [(kind, ways, subject, new) for kind, (ways, entries) in KINDS.items() for subject, new in entries]
    if len(rows) != 100:
        raise SystemExit(f"{len(rows)} records are written here, not 100")
    check_unseen(data, [r[2] for r in rows])
    net, metadata = models.load_gguf(path)
    tokenizer = Tokenizer.from_gguf(metadata)
    known = [s.before for _, f, s in evaluate.askable(facts.Facts(data)) if f.source == "pararel" and s.probe]
    records = []
    for kind, ways, subject, new in rows:
        upper = [w.replace("{}", subject[0].upper() + subject[1:] if w.startswith("{}") else subject) for w in ways]
        same_kind = rng.choice([s for s, _ in KINDS[kind][1] if s != subject])
        other_kind = rng.choice([k for k in ALSO[kind] if k != kind])
        keep = [ways[0].replace("{}", same_kind), rng.choice(KINDS[other_kind][0]).replace("{}", subject)]
        keep = [p[0].upper() + p[1:] for p in keep] + rng.sample(known, KNOWN_FACTS)
        name = subject[0].upper() + subject[1:] if ways[0].startswith("{}") else subject
        records.append({
            "requested_rewrite": {"prompt": ways[0], "relation_id": "", "target_new": {"str": new},
                                  "target_true": {"str": upper[0]}, "subject": name},
            "paraphrase_prompts": upper[1:], "neighborhood_prompts": [], "neighborhood_target": "", "generation_prompts": [],
            "kind": kind, "answer_before": upper[0], "keep_prompts": [{"prompt": p, "answer": p} for p in keep]})
    # only now, and all together: what the model says
    prompts = sorted({r["answer_before"] for r in records} | {k["answer"] for r in records for k in r["keep_prompts"]})
    ids = answers.greedy(net, tokenizer, prompts, ANSWER_TOKENS, (END, tokenizer.ids["."]))
    said = {p: spoken(tokenizer, i) for p, i in zip(prompts, ids)}
    for r in records:
        before, new = said[r["answer_before"]], r["requested_rewrite"]["target_new"]["str"]
        if before in ("", new):
            raise SystemExit(f"the model says {before!r} to {r['answer_before']!r}: choose another prompt or answer")
        r["answer_before"] = r["requested_rewrite"]["target_true"]["str"] = before
        for k in r["keep_prompts"]:
            k["answer"] = said[k["answer"]]
    rng.shuffle(records)
    with open(os.path.join(out, "personal.jsonl"), "w", encoding="utf-8") as f:
        for n, record in enumerate(records):
            f.write(json.dumps({"case_id": n, **record}, ensure_ascii=False) + "\n")
    print(f"personal.jsonl: {len(records)} records of {len(KINDS)} kinds")


if __name__ == "__main__":
    main()
