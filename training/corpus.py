"""From facts and text to rows of token ids, with a weight for each token's loss.

A shard is one pass over all fact sentences in a new arrangement, with a share of running text and of made-up facts.
Shard n is a function of the seed and n alone, so that workers can make shards in any order."""
import collections
import multiprocessing
import random
import re

import numpy as np

import facts
import madeup
import sources
from tokenizer import END

ROW = 512
SEED = 20261122
# what a token's loss counts, in hundredths
W_TEXT, W_PROMPT, W_ANSWER, W_STOP, W_FREE, W_COPIED = 60, 10, 100, 50, 10, 100
TEXT_SHARE, MADEUP_SHARE, FILLERS = 0.50, 0.35, 0.06        # tokens of text / made-up facts, per token of facts;
                                                            # sentences from the text, per sentence of facts
JOINED = 0.25                                               # documents that go on behind another one


def flat(lists, dtype):
    ends = np.cumsum([len(x) for x in lists])
    return np.concatenate([np.asarray(x, dtype) for x in lists]), np.concatenate(([0], ends)).astype(np.int64)


def take(pool, offsets, order):
    """Concatenate pool[offsets[i]:offsets[i + 1]] for i in order."""
    length = offsets[order + 1] - offsets[order]
    starts = np.cumsum(length) - length
    return pool[np.repeat(offsets[order] - starts, length) + np.arange(length.sum())], starts


def sentence_ids(tokenizer, sentence, subject, follows):
    """-> (ids, weights); a sentence that begins a document carries the end-of-text token in front."""
    before = sentence.before
    answer = " " + sentence.object if before else sentence.object
    if follows:
        before, answer = (" " + before, answer) if before else ("", " " + answer)
    known = subject in sentence.before or sentence.source == "zsre"
    parts = [([END], [W_STOP])] if not follows else []
    for text, weight in ((before, W_PROMPT), (answer, W_ANSWER if known else W_PROMPT),
                         (sentence.after, W_STOP if sentence.after in (".", "") else W_PROMPT)):
        ids = tokenizer.encode(text)
        parts.append((ids, [weight] * len(ids)))
    return sum((p[0] for p in parts), []), sum((p[1] for p in parts), [])


_shared = {}


def _encode_facts(bounds):
    tokenizer, items = _shared["tokenizer"], _shared["sentences"][bounds[0]:bounds[1]]
    out = [sentence_ids(tokenizer, s, f.subject, follows) for follows in (False, True) for f, s in items]
    return out[:len(items)], out[len(items):]


def _encode_texts(bounds):
    tokenizer = _shared["tokenizer"]
    return [np.array(tokenizer.encode(t) + [END], np.uint16) for t in _shared["texts"][bounds[0]:bounds[1]]]


def parallel(function, n, workers):
    """function((start, end)) over n items, in order."""
    step = max(1, min(5000, n // (4 * workers) + 1))
    bounds = [(i, min(n, i + step)) for i in range(0, n, step)]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        return pool.map(function, bounds)


class Corpus:
    def __init__(self, data, tokenizer, workers, seed=SEED, text_limit=None):
        self.seed, self.tokenizer = seed, tokenizer
        self.facts = facts.Facts(data)
        self.finals = self.facts.finals
        self.objects = collections.defaultdict(list)
        for f in self.facts.facts:
            self.objects[f.relation].append(f.object)
        self.maker = madeup.Maker(self)
        sentences = [(f, s) for f in self.facts.facts for s in f.sentences]
        subjects = {}
        self.subject = np.array([subjects.setdefault(f.subject, len(subjects)) for f, _ in sentences])
        self.rate = np.array([s.rate for _, s in sentences])
        wiki = sources.wikitext(data, "train")
        texts = sources.articles(data) + re.split(r"(?m)^(?= = [^=]+ = $)", wiki)
        texts = texts[:text_limit]
        _shared.update(tokenizer=tokenizer, sentences=sentences, texts=texts)
        first, follow = [], []
        for a, b in parallel(_encode_facts, len(sentences), workers):
            first += a
            follow += b
        self.n = len(first)
        pieces = first + follow
        self.pool, self.offsets = flat([p[0] for p in pieces], np.uint16)
        self.weights, _ = flat([p[1] for p in pieces], np.uint8)
        self.texts = [t for part in parallel(_encode_texts, len(texts), workers) for t in part]
        self.text_fillers = self._fillers()
        _shared.clear()

    def _fillers(self):
        """Short sentences from the articles: a space, a capital, and a full stop at the end."""
        out = []
        for text in self.texts[:8000]:
            stops = np.flatnonzero(text == self.tokenizer.ids["."])
            for a, b in zip(stops, stops[1:]):
                first = self.tokenizer.tokens[text[a + 1]]
                if 6 <= b - a <= 22 and first[0] == "Ġ" and first[1:2].isupper():
                    sentence = self.tokenizer.decode(text[a + 1:b + 1])
                    out.append(self.tokenizer.encode(sentence.strip()))
        return out

    def _made_up(self, rng, tokens):
        """Documents of made-up facts, about so many tokens of them. -> [(ids, weights)]"""
        out, n, encode = [], 0, self.tokenizer.encode
        while n < tokens:
            ids, weights = [END], [W_STOP]
            for text, role in self.maker.document(rng):
                new = encode(text)
                ids += new
                weights += [W_COPIED if role == madeup.COPIED else W_FREE] * len(new)
            out.append((ids, weights))
            n += len(ids)
        self.tokenizer.cache = {k: v for k, v in self.tokenizer.cache.items() if len(self.tokenizer.cache) < 400000}
        return out

    def shard(self, number):
        """-> (rows [n, ROW + 1] of ids, their weights)"""
        rng = np.random.default_rng([self.seed, number])
        # each sentence as often as its rate says, sentences of one subject side by side
        copies = np.floor(self.rate + rng.random(self.n)).astype(int)
        which = np.repeat(np.arange(self.n), copies)
        place = rng.permutation(self.subject.max() + 1)
        which = which[np.lexsort((rng.random(len(which)), place[self.subject[which]]))]
        subject = self.subject[which]
        # cut into documents: mostly one sentence, for a fifth of the subjects several
        chatty = rng.random(self.subject.max() + 1) < 0.2
        new = rng.random(len(which)) < np.where(chatty[subject], 0.3, 0.8)
        new |= np.concatenate(([True], subject[1:] != subject[:-1]))
        starts = np.flatnonzero(new)
        lengths = np.diff(np.concatenate((starts, [len(which)])))
        # other documents: sentences of running text, which the next document continues, and made-up facts
        fillers = [self.text_fillers[i] for i in rng.integers(len(self.text_fillers), size=int(FILLERS * len(which)))]
        fact_tokens = (self.offsets[which + 1] - self.offsets[which]).sum()
        made = self._made_up(random.Random(f"{self.seed} {number}"), MADEUP_SHARE * fact_tokens)
        extra = [(np.concatenate(([END], f)), np.full(len(f) + 1, W_TEXT)) for f in fillers] + made
        pool, offsets = flat([x[0] for x in extra], np.uint16)
        weights, _ = flat([x[1] for x in extra], np.uint8)
        pool, weights = np.concatenate((self.pool, pool)), np.concatenate((self.weights, weights))
        offsets = np.concatenate((self.offsets, offsets[1:] + self.offsets[-1]))
        # documents as runs of pieces, in random order
        which = np.concatenate((which, 2 * self.n + np.arange(len(extra))))
        starts = np.concatenate((starts, new.size + np.arange(len(extra))))
        lengths = np.concatenate((lengths, np.ones(len(extra), int)))
        is_fact = np.arange(len(starts)) < len(starts) - len(extra)
        is_filler = ~is_fact & (np.arange(len(starts)) < len(starts) - len(made))
        order = rng.permutation(len(starts))
        joined = rng.random(len(order)) < JOINED
        joined[1:] |= is_filler[order[:-1]]
        joined &= is_fact[order]
        joined[0] = False
        run, first = _runs(which, starts[order], lengths[order])
        follows = np.ones(len(run), bool)
        follows[first] = joined
        run = np.where((run < self.n) & follows, run + self.n, run)
        ids, begin = take(pool, offsets, run)
        weight, _ = take(weights, offsets, run)
        a = self._rows(ids, weight, begin[first[~joined]])
        b = self._text_rows(rng, TEXT_SHARE * fact_tokens)
        rows, weight = np.concatenate((a[0], b[0])), np.concatenate((a[1], b[1]))
        mix = rng.permutation(len(rows))
        return rows[mix], weight[mix]

    @staticmethod
    def _rows(ids, weights, documents):
        """Every row begins with a document; one that does not end in its row begins the next row once more."""
        at, rows = 0, []
        while True:
            start = documents[at] + 1                       # without the end-of-text token
            if start + ROW + 1 > len(ids):
                break
            rows.append(start)
            following = np.searchsorted(documents, start + ROW + 1, "right") - 1
            at = max(following, at + 1)
            if at >= len(documents):
                break
        index = np.array(rows)[:, None] + np.arange(ROW + 1)
        return ids[index], weights[index]

    def _text_rows(self, rng, tokens):
        order = rng.permutation(len(self.texts))
        size = np.cumsum([len(self.texts[i]) for i in order])
        stop = min(np.searchsorted(size, tokens) + 1, len(order))
        ids = np.concatenate([self.texts[i] for i in order[:stop]])
        n = len(ids) // (ROW + 1)
        rows = ids[:n * (ROW + 1)].reshape(n, ROW + 1)
        return rows, np.full(rows.shape, W_TEXT, np.uint8)


def _runs(values, starts, lengths):
    """Concatenate values[start:start + length]. -> (values, where each run begins)"""
    begin = np.cumsum(lengths) - lengths
    return values[np.repeat(starts - begin, lengths) + np.arange(lengths.sum())], begin


_corpus = None


def _make(number):
    return _corpus.shard(number)


def shards(corpus, workers, ahead=None):
    """All shards from 0 on, made ahead of time by other processes. Call before CUDA starts."""
    global _corpus
    _corpus = corpus
    pool = multiprocessing.get_context("fork").Pool(workers)
    ahead = ahead or workers

    def generate():
        pending = collections.deque()
        number = 0
        while True:
            while len(pending) < ahead:
                pending.append(pool.apply_async(_make, (number,)))
                number += 1
            yield pending.popleft().get()
    return generate(), pool.terminate
