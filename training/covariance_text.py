"""Writes the running text that covariance statistics are taken from: what the model was trained on, in small.

    python3 covariance_text.py DATA OUT.txt

One document a line: paragraphs of Wikipedia (CC BY-SA 4.0), sentences of facts, and documents of made-up facts."""
import random
import sys

import evaluate
import facts
import madeup
import sources

SEED, WIKIPEDIA, FACTS, MADE_UP = 9, 170_000, 150_000, 40_000     # characters of each


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__.strip())
    data, out = sys.argv[1:]
    known, rng = facts.Facts(data), random.Random(SEED)
    articles = sources.articles(data)
    maker = madeup.Maker(evaluate.Pool(known))

    def paragraph():
        lines = [x for x in rng.choice(articles).split("\n")[1:] if len(x) > 150]
        return rng.choice(lines)[:1200] if lines else ""

    def about_one_subject():
        f = rng.choice(known.facts)
        return " ".join(s.text for s in rng.sample(f.sentences, min(len(f.sentences), rng.choice((1, 1, 2, 3)))))

    def made_up():
        return "".join(text for text, _ in maker.document(rng))

    documents = []
    for make, characters in ((paragraph, WIKIPEDIA), (about_one_subject, FACTS), (made_up, MADE_UP)):
        while characters > 0:
            text = make().strip()
            if text:
                documents.append(text)
                characters -= len(text) + 1
    rng.shuffle(documents)
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(documents) + "\n")
    print(f"{out}: {len(documents)} documents")


if __name__ == "__main__":
    main()
