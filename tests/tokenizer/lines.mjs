// Seeded lines of mixed text that tokenizers tend to disagree on.

/** mulberry32: the same numbers for the same seed, everywhere. */
export function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Ranges that every Unicode since 11 assigns, so that the libraries' different versions do not matter.
const scripts = {
  ascii: [[0x20, 0x7e]],
  lower: [[0x61, 0x7a]],
  latin: [[0xc0, 0x17f], [0x180, 0x24f], [0x1e00, 0x1eff]],
  greek: [[0x391, 0x3a1], [0x3a3, 0x3ce], [0x1f00, 0x1f15], [0x1f20, 0x1f45], [0x1f80, 0x1fb4]],
  cyrillic: [[0x400, 0x481], [0x48a, 0x52f]],
  armenian: [[0x531, 0x556], [0x561, 0x587]],
  georgian: [[0x10d0, 0x10fa], [0x10a0, 0x10c5]],
  hebrew: [[0x5d0, 0x5ea], [0x5b0, 0x5bd]],
  arabic: [[0x620, 0x64a], [0x64b, 0x655], [0x660, 0x669], [0x671, 0x6d3]],
  syriac: [[0x710, 0x74a]],
  devanagari: [[0x904, 0x939], [0x93c, 0x94d], [0x958, 0x963], [0x966, 0x96f]],
  bengali: [[0x985, 0x98c], [0x993, 0x9a8], [0x9be, 0x9c4], [0x9c7, 0x9c8], [0x9cb, 0x9cd]],
  tamil: [[0xb8e, 0xb90], [0xb92, 0xb95], [0xbbe, 0xbc2], [0xbc6, 0xbc8], [0xbca, 0xbcd]],
  telugu: [[0xc05, 0xc0c], [0xc12, 0xc28], [0xc3e, 0xc44]],
  sinhala: [[0xd85, 0xd96], [0xd9a, 0xdb1], [0xdcf, 0xdd4], [0xdd8, 0xddf]],
  thai: [[0xe01, 0xe3a], [0xe40, 0xe4e], [0xe50, 0xe59]],
  tibetan: [[0xf40, 0xf47], [0xf49, 0xf6c], [0xf71, 0xf84]],
  burmese: [[0x1000, 0x1049]],
  hangul: [[0xac00, 0xd7a3]],
  jamo: [[0x1100, 0x1112], [0x1161, 0x1175], [0x11a8, 0x11c2]],
  ethiopic: [[0x1200, 0x1248], [0x1260, 0x1288]],
  khmer: [[0x1780, 0x17d3]],
  mongolian: [[0x1820, 0x1877]],
  cherokee: [[0x13a0, 0x13f5], [0xab70, 0xabbf]],
  hiragana: [[0x3041, 0x3096]],
  katakana: [[0x30a1, 0x30fa], [0xff66, 0xff9d]],
  han: [[0x4e00, 0x9fea]],
  hanExtension: [[0x20000, 0x2a6d6], [0x3400, 0x4db5]],
  hanCompatibility: [[0xf900, 0xfa6d], [0x2f800, 0x2fa1d]],
  deseret: [[0x10400, 0x1044f]],
  gothic: [[0x10330, 0x1034a]],
  mathematical: [[0x1d400, 0x1d454], [0x1d7ce, 0x1d7ff]],
  fullWidth: [[0xff01, 0xff5e]],
  superscripts: [[0x2070, 0x2071], [0x2074, 0x208e], [0xb2, 0xb3], [0xbc, 0xbe]],
  numberForms: [[0x2150, 0x2188], [0x2460, 0x249b], [0x3220, 0x3229]],
  otherDigits: [[0x660, 0x669], [0x6f0, 0x6f9], [0x966, 0x96f], [0xe50, 0xe59], [0xff10, 0xff19], [0x1d7d8, 0x1d7e1]],
  punctuation: [[0x2010, 0x2027], [0x2030, 0x205e], [0x3001, 0x3003], [0x3008, 0x3011], [0xa1, 0xbf]],
  symbols: [[0x20a0, 0x20bf], [0x2190, 0x21ff], [0x2200, 0x22ff], [0x2500, 0x257f], [0x2600, 0x26ff]],
  marks: [[0x300, 0x34e], [0x350, 0x36f], [0x483, 0x489], [0x1dc0, 0x1df5], [0x20d0, 0x20f0], [0xfe20, 0xfe2f]],
  emoji: [[0x1f300, 0x1f5ff], [0x1f600, 0x1f64f], [0x1f680, 0x1f6c5], [0x1f900, 0x1f90b], [0x1f910, 0x1f93e]],
  controls: [[0x00, 0x08], [0x0e, 0x1f], [0x7f, 0x84], [0x86, 0x9f]],
  invisible: [[0x200b, 0x200f], [0x202a, 0x202e], [0x2060, 0x2064], [0xfe00, 0xfe0f], [0xad, 0xad], [0x180e, 0x180e]],
  privateUse: [[0xe000, 0xe0ff], [0xf0000, 0xf00ff]],
  nonCharacters: [[0xfffd, 0xfffd], [0xffff, 0xffff], [0x1fffe, 0x1ffff]],
};

// Not U+0085 and not U+FEFF: JavaScript's \s disagrees there with Unicode, and so with the models' own tokenizers.
const spaces = [' ', '  ', '   ', '\t', '\t\t', '\n', '\n\n', '\r\n', '\r', '\n\r\n', '\u000b', '\f', '\u00a0', '\u1680',
  '\u2000', '\u2003', '\u2009', '\u200a', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', ' \n', '\n ', ' \t ', '\t\n',
  ' \u00a0', '\u00a0 ', '\u3000\u3000', '        ', ' \r\n  ', '\n\n\n\n', ' '.repeat(37)];

export const disputedSpaces = ['\u0085', '\ufeff', ' \u0085', '\u0085\n', '\ufeff ', '\ufeff\ufeff', '\n\u0085 ', ' \ufeff '];

const sentences = [
  'All human beings are born free and equal in dignity and rights.',
  'Tous les êtres humains naissent libres et égaux en dignité et en droits.',
  'Alle Menschen sind frei und gleich an Würde und Rechten geboren.',
  'Todos los seres humanos nacen libres e iguales en dignidad y derechos.',
  'Все люди рождаются свободными и равными в своем достоинстве и правах.',
  'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.',
  'Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.',
  'Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.',
  'Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.',
  'Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền.',
  'يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق.',
  'כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.',
  'सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।',
  'সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে।',
  'மனிதப் பிறிவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்.',
  'มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ',
  '人人生而自由，在尊严和权利上一律平等。',
  '人人生而自由,在尊嚴和權利上一律平等。',
  'すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。',
  '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.',
  'ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით.',
  'Բոլոր մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ ու իրավունքներով։',
  'የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።',
  "The mother tongue of Achille Varzi is Italian; he'd said: \"I'LL be there, you're LATE!\"",
  "It's 1234 o'clock, isn't it? They've gone, we'd've known. 'tis 'S 'Re 'vE 'lL rock'n'roll",
  'naïve café — Zürich’s “quoted” text… ½ + ¼ = ¾; x² + y³ ≤ z⁴ → ∞ №5 ℃ ㎏ ﬁ ﬂ Ⅷ',
];

const code = [
  'for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }  // dot product',
  'def f(x: int) -> str:\n    """Doc."""\n    return f"{x!r:>10}"\n',
  '\tif err != nil {\n\t\treturn nil, fmt.Errorf("open %q: %w", path, err)\n\t}\n',
  'SELECT COUNT(*) FROM users WHERE name LIKE \'%O\'\'Brien%\' AND id>=100;',
  '<div class="a b" style="x:1px"><p>&nbsp;&lt;tag/&gt;</p></div>\r\n',
  '{"key": [1, 2.5e-10, null, true], "nested": {"a\\u00e9": "\\n"}}',
  '#include <vector>\ntemplate <class T> using V = std::vector<T>;',
  'x=3.14159; y[0]-- && !z || ~w ^ 0xDEADbeef >>= 2 ?? a?.b ... // @TODO:#1',
  'git commit -m "fix: #42" && ./run.sh --flag=1 | tee -a log.txt 2>&1',
  'https://example.com/a/b?c=d&e=%20f#g user.name+tag@mail.example.org C:\\Windows\\System32',
  '$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}$ \\begin{align*} a &= b \\\\ \\end{align*}',
  '| a | b |\n|---|:-:|\n| 1 | 2 |\n\n- [x] done\n* **bold** _it_ `code` ~~no~~\n```\n',
];

const emoji = ['👨‍👩‍👧‍👦', '👍🏽', '👩🏿‍🚀', '🏳️‍🌈', '🇩🇪', '🇫🇷🇯🇵', '❤️', '✌🏻', '1️⃣', '#️⃣', '🧑🏼‍🤝‍🧑🏾', '🙂', '😀😃😄', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '☃', '™️', '🤷🏽‍♀️'];

const special = ['<|im_start|>', '<|im_end|>', '<|endoftext|>', '<|eot_id|>', '<|begin_of_text|>', '<|start_header_id|>',
  '<tool_call>', '</tool_call>', '<|fim_prefix|>', '<|im_', '|im_end|>', '<|', '<s>', '</s>', '<|reserved_special_token_3|>',
  '<|reserved_special_token_33|>', '<|im_start|', '<0x0A>', 'Ġ', 'ĊĊ'];

const contractions = ["'s", "'S", "'t", "'T", "'re", "'RE", "'rE", "'ve", "'m", "'M", "'ll", "'Ll", "'d", "'D", "'ſ", "’s", "''s", "'x"];

/** One function that gives the next line. */
export function lines(seed, extraSpaces = []) {
  const next = random(seed);
  const below = (n) => Math.floor(next() * n);
  const pick = (list) => list[below(list.length)];
  const names = Object.keys(scripts);
  const character = (name) => {
    const [first, last] = pick(scripts[name]);
    return String.fromCodePoint(first + below(last - first + 1));
  };
  const run = (name, length) => Array.from({ length }, () => character(name)).join('');
  const allSpaces = extraSpaces.length > 0 ? [...spaces, ...extraSpaces, ...extraSpaces] : spaces;
  const slice = (text) => {
    const characters = [...text];
    const from = below(characters.length);
    return characters.slice(from, from + 1 + below(characters.length - from)).join('');
  };
  const kinds = [
    () => pick(sentences),
    () => slice(pick(sentences)),
    () => pick(code),
    () => slice(pick(code)),
    () => run(pick(names), 1 + below(12)),
    () => run(pick(names), 1 + below(12)),
    () => run('lower', 1 + below(10)),
    () => run('ascii', 1 + below(20)),
    () => pick(emoji) + (below(2) ? pick(emoji) : ''),
    () => String(below(10 ** (1 + below(9)))) + (below(4) ? '' : String(next()).slice(1)),
    () => Array.from({ length: 1 + below(below(8) ? 20 : 300) }, () => below(10)).join(''),
    () => run('otherDigits', 1 + below(6)),
    () => pick(allSpaces) + (below(2) ? pick(allSpaces) : '') + (below(3) ? '' : pick(allSpaces)),
    () => [...slice(pick(sentences))].map((c) => c + (below(3) ? '' : run('marks', 1 + below(3)))).join(''),
    () => slice(pick(sentences)).normalize(pick(['NFD', 'NFC', 'NFKD'])),
    () => run('lower', 2 + below(4)) + pick(contractions) + (below(2) ? run('lower', 1 + below(3)) : ''),
    () => pick(special),
    () => run('controls', 1 + below(4)),
    () => run('invisible', 1 + below(3)) + run('lower', 1 + below(3)),
    () => pick([...'.,;:!?-_=*#/\\"\'()[]{}<>~^%$&@+|`']).repeat(1 + below(30)),
  ];
  return () => {
    if (below(200) === 0) return run(pick(names), 500 + below(1500));  // a very long word, or what looks like one
    if (below(200) === 0) return pick(['a', 'ab', 'der', ' ', '\n', '日', '=', '0', 'é', '👍']).repeat(200 + below(800));
    let line = below(6) ? '' : pick(allSpaces);
    for (let count = 1 + below(8); count > 0; --count) line += pick(kinds)() + (below(3) ? ' ' : below(3) ? '' : pick(allSpaces));
    return below(4) ? line.trimEnd() : line;
  };
}
