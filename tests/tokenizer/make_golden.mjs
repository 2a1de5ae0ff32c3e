// Writes tests/golden/tokenizer-MODEL.json: lines of lines.mjs, their ids by the npm package, and as much of the package's
// vocabulary as these lines need. make_golden.mjs PACKAGES MODEL > FILE
//
// Merging asks the vocabulary about pairs of neighbours only. With every pair that is found while merging these lines, in
// the order of the whole list, and no other, it takes the same steps. The pairs are collected here by merging one pair at a
// time; the ids are the package's own, and a line for which the two differ would stop the script.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lines } from './lines.mjs';
import { models } from './models.mjs';

const lineCount = 300, mostCharacters = 250, mostBytes = 150e3;

const [packages, name] = process.argv.slice(2);
const model = models[name];
const folder = resolve(packages, 'node_modules', model.package);
const { fromPreTrained } = await import(pathToFileURL(join(folder, 'dist/main.mjs')));
const theirs = fromPreTrained();
const file = JSON.parse(readFileSync(join(folder, 'models/tokenizer.json')));
const pairs = file.model.merges.map((merge) => (Array.isArray(merge) ? merge : merge.split(' ')));
const ranks = new Map(pairs.map((pair, rank) => [pair.join(' '), rank]));
const added = new Map(file.added_tokens.map((token) => [token.content, token]));
const vocabulary = file.model.vocab;

const usedRanks = new Set(), usedTokens = new Map();
const use = (text, type = 1) => usedTokens.set(text, [added.get(text)?.id ?? vocabulary[text], type]);

function mergeWord(word) {
  if (file.model.ignore_merges && vocabulary[word] !== undefined) {
    use(word);
    return [vocabulary[word]];
  }
  let symbols = [...word];
  for (;;) {
    let best = Infinity, at = -1;
    for (let i = 0; i + 1 < symbols.length; ++i) {
      const rank = ranks.get(`${symbols[i]} ${symbols[i + 1]}`);
      if (rank === undefined) continue;
      usedRanks.add(rank);
      if (rank < best) [best, at] = [rank, i];
    }
    if (at < 0) break;
    symbols.splice(at, 2, symbols[at] + symbols[at + 1]);
  }
  symbols.forEach((symbol) => use(symbol));
  return symbols.map((symbol) => vocabulary[symbol]);
}

function encode(text) {
  return theirs.added_tokens_splitter.split(text).flatMap((section) => {
    if (added.has(section)) {
      use(section, added.get(section).special ? 3 : 4);
      return [added.get(section).id];
    }
    const normal = theirs.normalizer ? theirs.normalizer.normalize(section) : section;
    return theirs.pre_tokenizer.pre_tokenize_text(normal, {}).flat().flatMap(mergeWord);
  });
}

const next = lines(22);
const golden = [];
let bytes = 0;
while (golden.length < lineCount && bytes < mostBytes * 0.45) {
  const text = next();
  if (text.length > mostCharacters) continue;
  const ids = theirs.encode(text, { add_special_tokens: false });
  if (JSON.stringify(encode(text)) !== JSON.stringify(ids)) throw new Error(`the merging here fails on ${JSON.stringify(text)}`);
  golden.push({ text, ids });
  bytes += JSON.stringify({ text, ids }).length;
}
// What merging passes through must be tokens too, or it would be spelled in bytes where it is not merged further.
for (const rank of usedRanks) [...pairs[rank], pairs[rank].join('')].forEach((text) => use(text));
const merges = [...usedRanks].sort((a, b) => a - b).map((rank) => pairs[rank].join(' '));
const tokens = [...usedTokens].map(([text, [id, type]]) => (type === 1 ? [text, id] : [text, id, type]));
const rows = (list) => list.map((row) => JSON.stringify(row)).join(',\n');
console.log(`{"source": "${model.package} ${JSON.parse(readFileSync(join(folder, 'package.json'))).version}, ${model.licence}",
"pre": "${model.pre}",
"tokens": [${JSON.stringify(tokens).slice(1, -1)}],
"merges": [${JSON.stringify(merges).slice(1, -1)}],
"lines": [
${rows(golden)}
]}`);
