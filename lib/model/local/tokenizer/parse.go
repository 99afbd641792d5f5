package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Parse reads the text of a tokenizer.json. Its truncation and padding are
// ignored: they concern batches, not what a text's tokens are.
func Parse(content []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(content, &f); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return f.tokenizer()
}

func (f *file) tokenizer() (*Tokenizer, error) {
	t := &Tokenizer{}
	for _, step := range []struct {
		name string
		do   func(*Tokenizer, *file) error
	}{
		{"normalizer", (*Tokenizer).setNormalizer},
		{"pre_tokenizer", (*Tokenizer).setSplit},
		{"model", (*Tokenizer).setModel},
		{"added_tokens", (*Tokenizer).setAdded},
		{"decoder", (*Tokenizer).setDecoder},
		{"post_processor", (*Tokenizer).setAround},
	} {
		if err := step.do(t, f); err != nil {
			return nil, fmt.Errorf("tokenizer: %s: %w", step.name, err)
		}
	}
	return t, nil
}

// file is a tokenizer.json.
type file struct {
	Added         []added         `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         struct {
		Type         string         `json:"type"`
		Dropout      *float64       `json:"dropout"`
		Unknown      *string        `json:"unk_token"`
		Prefix       string         `json:"continuing_subword_prefix"`
		Suffix       string         `json:"end_of_word_suffix"`
		FuseUnknown  bool           `json:"fuse_unk"`
		ByteFallback bool           `json:"byte_fallback"`
		IgnoreMerges bool           `json:"ignore_merges"`
		Vocabulary   map[string]int `json:"vocab"`
		Merges       []pairOfNames  `json:"merges"`
	} `json:"model"`

	byteLevel bool // found by setSplit
}

type added struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
}

// pairOfNames is a merge: "a b", or ["a", "b"].
type pairOfNames [2]string

func (p *pairOfNames) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var list []string
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
		if len(list) != 2 {
			return fmt.Errorf("merge %s: want two tokens", b)
		}
		p[0], p[1] = list[0], list[1]
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	left, right, ok := strings.Cut(s, " ")
	if !ok || strings.Contains(right, " ") {
		return fmt.Errorf("merge %q: want two tokens and a space between", s)
	}
	p[0], p[1] = left, right
	return nil
}

// part is a piece of the pipeline: what all kinds together can hold.
type part struct {
	Type          string `json:"type"`
	Normalizers   []part `json:"normalizers"`
	Pretokenizers []part `json:"pretokenizers"`
	Processors    []part `json:"processors"`
	Decoders      []part `json:"decoders"`

	Prepend string          `json:"prepend"` // Prepend
	Pattern *pattern        `json:"pattern"` // Replace, Split
	Content string          `json:"content"` // Replace, Strip
	Start   int             `json:"start"`   // Strip
	Stop    int             `json:"stop"`
	Single  []templatePiece `json:"single"` // TemplateProcessing
	Special map[string]struct {
		IDs []int `json:"ids"`
	} `json:"special_tokens"`

	Behavior       string `json:"behavior"` // Split
	Invert         bool   `json:"invert"`
	UseRegex       *bool  `json:"use_regex"`        // ByteLevel
	AddPrefixSpace *bool  `json:"add_prefix_space"` // ByteLevel, Metaspace
	Replacement    string `json:"replacement"`      // Metaspace
	PrependScheme  string `json:"prepend_scheme"`
	Split          *bool  `json:"split"`
}

type pattern struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

type templatePiece struct {
	SpecialToken *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
	Sequence *struct {
		ID string `json:"id"`
	} `json:"Sequence"`
}

// parts reads a component that may be null, one part or a sequence of parts.
func parts(raw json.RawMessage) ([]part, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	var p part
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	return flatten(p), nil
}

func flatten(p part) []part {
	if p.Type != "Sequence" {
		return []part{p}
	}
	var all []part
	for _, list := range [][]part{p.Normalizers, p.Pretokenizers, p.Processors, p.Decoders} {
		for _, q := range list {
			all = append(all, flatten(q)...)
		}
	}
	return all
}

func (t *Tokenizer) setNormalizer(f *file) error {
	list, err := parts(f.Normalizer)
	if err != nil {
		return err
	}
	for _, p := range list {
		switch p.Type {
		case "NFC":
			t.normalizers = append(t.normalizers, nfc{})
		case "Prepend":
			t.normalizers = append(t.normalizers, prepend(p.Prepend))
		case "Replace":
			if p.Pattern == nil || p.Pattern.String == nil || *p.Pattern.String == "" {
				return fmt.Errorf("part Replace: want a pattern that is a String")
			}
			t.normalizers = append(t.normalizers, replace{*p.Pattern.String, p.Content})
		default:
			return fmt.Errorf("%q: want NFC, Prepend, Replace or a Sequence of them", p.Type)
		}
	}
	return nil
}

func (t *Tokenizer) setSplit(f *file) error {
	list, err := parts(f.PreTokenizer)
	if err != nil {
		return err
	}
	for i, p := range list {
		switch p.Type {
		case "Split":
			if p.Pattern == nil || p.Pattern.Regex == nil || patterns[*p.Pattern.Regex] == nil {
				return fmt.Errorf("part Split by %s: want the expression of GPT-2, Llama 3 or Qwen 2", p.Pattern.describe())
			}
			// What the expression leaves out is nothing, so that Removed with
			// invert, which keeps the matches, is the same as Isolated.
			if !(p.Behavior == "Isolated" && !p.Invert || p.Behavior == "Removed" && p.Invert) {
				return fmt.Errorf("part Split with behavior %q, invert %v: want Isolated, false", p.Behavior, p.Invert)
			}
			if t.split != nil || i > 0 {
				return fmt.Errorf("part Split is part %d: want it first and once", i+1)
			}
			t.split = patterns[*p.Pattern.Regex]
		case "ByteLevel":
			if f.byteLevel {
				return fmt.Errorf("part ByteLevel occurs twice")
			}
			f.byteLevel = true
			t.prefixSpace = p.AddPrefixSpace == nil || *p.AddPrefixSpace
			if p.UseRegex == nil || *p.UseRegex {
				if t.split != nil {
					return fmt.Errorf("part ByteLevel with use_regex after Split: want one of them")
				}
				t.split = splitGPT2
			} else if t.prefixSpace && t.split != nil {
				return fmt.Errorf("part ByteLevel with add_prefix_space after Split: want it without")
			}
		case "Metaspace":
			if len(list) > 1 {
				return fmt.Errorf("part Metaspace in a Sequence: want it alone")
			}
			m := &metaspace{mark: p.Replacement}
			switch {
			case m.mark == "":
				return fmt.Errorf("part Metaspace without a replacement")
			case p.PrependScheme == "first":
				m.first = true
			case p.PrependScheme == "always", p.PrependScheme == "" && (p.AddPrefixSpace == nil || *p.AddPrefixSpace):
				m.always = true
			case p.PrependScheme != "never" && p.PrependScheme != "":
				return fmt.Errorf("part Metaspace with prepend_scheme %q: want always, first or never", p.PrependScheme)
			}
			t.metaspace = m
			if p.Split == nil || *p.Split {
				t.split = splitMark(m.mark)
			}
		default:
			return fmt.Errorf("%q: want ByteLevel, Split and ByteLevel, Metaspace or null", p.Type)
		}
	}
	if t.split != nil && t.metaspace == nil && !f.byteLevel {
		return fmt.Errorf("part Split without ByteLevel: want both")
	}
	return nil
}

// describe names the pattern in an error.
func (p *pattern) describe() string {
	switch {
	case p == nil:
		return "nothing"
	case p.Regex != nil:
		return fmt.Sprintf("the expression %q", *p.Regex)
	case p.String != nil:
		return fmt.Sprintf("the string %q", *p.String)
	}
	return "nothing"
}

func (t *Tokenizer) setModel(f *file) error {
	m := &f.Model
	switch {
	case m.Type != "BPE" && m.Type != "":
		return fmt.Errorf("type %q: want BPE", m.Type)
	case m.Dropout != nil && *m.Dropout != 0:
		return fmt.Errorf("dropout %v: want none, a score must not be random", *m.Dropout)
	case m.Prefix != "":
		return fmt.Errorf("continuing_subword_prefix %q: want none", m.Prefix)
	case m.Suffix != "":
		return fmt.Errorf("end_of_word_suffix %q: want none", m.Suffix)
	case len(m.Vocabulary) == 0:
		return fmt.Errorf("vocab is empty")
	}
	t.named = make(map[string]int, len(m.Vocabulary)+len(f.Added))
	b := &t.model
	*b = bpe{
		byteLevel: f.byteLevel, fallback: m.ByteFallback, unknown: -1, fuseUnknown: m.FuseUnknown, whole: m.IgnoreMerges,
		vocabulary: make(map[string]int32, len(m.Vocabulary)), merges: make(map[pair]merge, len(m.Merges)),
	}
	for i := range b.bytes {
		b.bytes[i] = -1
	}
	for name, id := range m.Vocabulary {
		if err := t.name(id, name); err != nil {
			return err
		}
		content, mapped := name, true
		if f.byteLevel {
			content, mapped = fromByteNames(name)
			if !mapped { // no text can become it
				continue
			}
		}
		b.vocabulary[content] = int32(id)
		if f.byteLevel && len(content) == 1 {
			b.bytes[content[0]] = int32(id)
		}
		if value, ok := fallbackByte(name); ok && m.ByteFallback {
			b.bytes[value] = int32(id)
		}
	}
	for _, p := range m.Merges {
		left, right := p[0], p[1]
		if f.byteLevel {
			left, _ = fromByteNames(left)
			right, _ = fromByteNames(right)
		}
		if err := b.addMerge(left, right); err != nil {
			return err
		}
	}
	if m.Unknown != nil {
		id, ok := m.Vocabulary[*m.Unknown]
		if !ok {
			return fmt.Errorf("unk_token %q is not in vocab", *m.Unknown)
		}
		b.unknown = int32(id)
	}
	if t.split == nil && !f.byteLevel {
		t.splitAtMarks(b)
	}
	return nil
}

// splitAtMarks cuts a text without a pre-tokenizer before its space marks when
// no token reaches across one: no merge can then, and a long text costs little.
func (t *Tokenizer) splitAtMarks(b *bpe) {
	const mark = "▁"
	if b.unknown >= 0 && !b.fallback {
		return // unknown characters may be fused across
	}
	for content := range b.vocabulary {
		if strings.Contains(strings.TrimLeft(content, mark), mark) {
			return
		}
	}
	t.split = splitBeforeMarks(mark)
}

const maxTokens = 1 << 24

// name enters a token.
func (t *Tokenizer) name(id int, name string) error {
	if id < 0 || id >= maxTokens {
		return fmt.Errorf("token %q has id %d: want 0 to %d", name, id, maxTokens-1)
	}
	for id >= len(t.contents) {
		t.contents = append(t.contents, make([]string, max(id+1-len(t.contents), len(t.contents)))...)
		t.known = append(t.known, make([]bool, len(t.contents)-len(t.known))...)
	}
	if t.known[id] && t.contents[id] != name {
		return fmt.Errorf("tokens %q and %q have the same id %d", min(name, t.contents[id]), max(name, t.contents[id]), id)
	}
	if was, ok := t.named[name]; ok && was != id {
		return fmt.Errorf("token %q has two ids, %d and %d", name, was, id)
	}
	t.known[id], t.contents[id], t.named[name] = true, name, id
	return nil
}

func (t *Tokenizer) setAdded(f *file) error {
	for _, a := range f.Added {
		switch {
		case a.Content == "":
			return fmt.Errorf("token %d is empty", a.ID)
		case a.SingleWord || a.LStrip || a.RStrip:
			return fmt.Errorf("token %q with single_word %v, lstrip %v, rstrip %v: want false", a.Content, a.SingleWord, a.LStrip, a.RStrip)
		}
		if err := t.name(a.ID, a.Content); err != nil {
			return err
		}
		to, content := &t.addedRaw, a.Content
		if a.Normalized {
			to = &t.addedNormal
			s := source{text: content}
			for _, n := range t.normalizers {
				s = n.normalize(s)
			}
			content = s.text
		}
		if to.byFirst == nil {
			to.byFirst = map[byte][]addedToken{}
		}
		to.byFirst[content[0]] = append(to.byFirst[content[0]], addedToken{content, a.ID})
		to.first[content[0]] = true
	}
	for _, m := range []*matcher{&t.addedRaw, &t.addedNormal} {
		for _, list := range m.byFirst {
			slices.SortStableFunc(list, func(a, b addedToken) int { return cmp.Compare(len(b.content), len(a.content)) })
		}
	}
	last := len(t.known)
	for last > 0 && !t.known[last-1] {
		last--
	}
	t.contents, t.known = t.contents[:last:last], t.known[:last:last]
	return nil
}
