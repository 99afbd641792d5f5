// Package tokenizer turns text into the tokens of a language model and back,
// as the tokenizer.json of a Hugging Face model folder says.
//
// It knows byte-pair encoding over bytes with the pre-tokenizers of GPT-2,
// GPT-NeoX, OPT, Llama 3 and Qwen 2, byte-pair encoding over characters in the
// manner of SentencePiece (Llama 2), and character vocabularies without merges
// (the tiny family). Anything else in a file is an error that names it.
//
// Where the tokens of a text agree with the Rust library tokenizers depends on
// nothing but the file, with two deliberate differences. A character that has
// no token and no unknown token is an error here and dropped silently there.
// Text need not be valid UTF-8: a byte that is no character counts as a
// symbol of its own, which byte-level vocabularies can always encode.
package tokenizer

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Piece is one token of a text.
type Piece struct {
	ID         int
	Start, End int // bytes of the text; equal when the token stands for nothing in it (a prefix space)
}

// Tokenizer encodes and decodes. It is safe for concurrent use.
type Tokenizer struct {
	// Before and After are the tokens that the file's post-processor puts around
	// a text ("<s>" of Llama). Encode does not.
	Before, After []int

	contents []string       // by id: bytes that a token decodes to
	known    []bool         // by id
	named    map[string]int // by name as in the file, added tokens included

	addedRaw, addedNormal matcher
	normalizers           []normalizer
	split                 splitter // nil: the text is one word
	prefixSpace           bool     // byte-level: put a space before a text that begins with none
	metaspace             *metaspace
	stripSpace            bool // decoding drops one leading space

	model bpe

	cache      sync.Map // word → []symbol
	cacheCount atomic.Int64
}

// The cache takes this many words of at most so many bytes.
const (
	cacheWords     = 1 << 17
	cacheWordBytes = 48
)

// Open reads a tokenizer.json.
func Open(path string) (*Tokenizer, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// UnknownError reports text that the vocabulary cannot express.
type UnknownError struct {
	Text   string // the character, or the byte
	Offset int    // where it begins, bytes
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("tokenizer: no token for %q at byte %d", e.Text, e.Offset)
}

// Size returns one more than the largest token id.
func (t *Tokenizer) Size() int { return len(t.contents) }

// ID returns the id of a token by its name in the file ("<s>", "Ġthe").
func (t *Tokenizer) ID(name string) (int, bool) {
	id, ok := t.named[name]
	return id, ok
}

// Content returns the bytes that a token stands for; "" when there is no such
// token.
func (t *Tokenizer) Content(id int) string {
	if id < 0 || id >= len(t.contents) {
		return ""
	}
	return t.contents[id]
}

// Decode returns the text of tokens, which need not be valid UTF-8 when tokens
// are cut off. Ids that are no token decode to nothing.
//
// Decode(Encode(s)) is s for byte-level vocabularies without a normalizer. A
// normalizer (NFC) is not undone, and SentencePiece's vocabularies decode their
// space mark "▁" to a space.
func (t *Tokenizer) Decode(ids []int) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(t.Content(id))
	}
	if t.stripSpace {
		return strings.TrimPrefix(b.String(), " ")
	}
	return b.String()
}

// Encode returns the tokens of a text, without those that the post-processor
// would add. Added tokens ("<|endoftext|>") in the text become their ids.
// The error, if any, is an *UnknownError.
func (t *Tokenizer) Encode(text string) ([]Piece, error) {
	e := encoder{t: t, out: make([]Piece, 0, len(text)/3+4)}
	t.addedRaw.split(text, func(part string, at, id int) bool {
		if id >= 0 {
			e.out = append(e.out, Piece{id, at, at + len(part)})
			return true
		}
		s := source{text: part, base: at}
		for _, n := range t.normalizers {
			s = n.normalize(s)
		}
		t.addedNormal.split(s.text, func(part string, from, id int) bool {
			if id >= 0 {
				e.out = append(e.out, Piece{id, s.at(from), s.at(from + len(part))})
				return true
			}
			e.text(s.slice(from, from+len(part)))
			return e.err == nil
		})
		return e.err == nil
	})
	return e.out, e.err
}

// encoder is one call of Encode.
type encoder struct {
	t    *Tokenizer
	out  []Piece
	err  error
	work work
}

// text encodes a part without added tokens.
func (e *encoder) text(s source) {
	if s.text == "" {
		return
	}
	t := e.t
	switch {
	case t.metaspace != nil:
		s = t.metaspace.apply(s)
	case t.prefixSpace && s.text[0] != ' ':
		s = s.insert(" ")
	}
	if t.split == nil {
		e.word(s, 0, len(s.text))
		return
	}
	for at := 0; at < len(s.text) && e.err == nil; {
		end := at + t.split(s.text[at:])
		e.word(s, at, end)
		at = end
	}
}

// word encodes s.text[at:end], which merges do not cross.
func (e *encoder) word(s source, at, end int) {
	t, word := e.t, s.text[at:end]
	if symbols, ok := t.cache.Load(word); ok {
		e.emit(s, at, symbols.([]symbol))
		return
	}
	symbols, bad := t.model.encode(&e.work, word)
	if bad >= 0 {
		_, size := utf8.DecodeRuneInString(word[bad:])
		e.err = &UnknownError{word[bad : bad+size], s.at(at + bad)}
		return
	}
	if len(word) <= cacheWordBytes && t.cacheCount.Load() < cacheWords {
		t.cacheCount.Add(1)
		t.cache.Store(strings.Clone(word), append([]symbol(nil), symbols...))
	}
	e.emit(s, at, symbols)
}

func (e *encoder) emit(s source, at int, symbols []symbol) {
	for _, y := range symbols {
		end := at + int(y.bytes)
		e.out = append(e.out, Piece{int(y.id), s.at(at), s.at(end)})
		at = end
	}
}
