package tokenizer

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// source is text on its way through the normalizers, and where each byte came
// from.
type source struct {
	text   string
	base   int   // offset of text[0] in the input, while nothing was changed
	origin []int // offset of each byte in the input, and of the end; nil: base + i
}

func (s source) at(i int) int {
	if s.origin != nil {
		return s.origin[i]
	}
	return s.base + i
}

func (s source) slice(from, to int) source {
	if s.origin != nil {
		return source{text: s.text[from:to], origin: s.origin[from : to+1]}
	}
	return source{text: s.text[from:to], base: s.base + from}
}

// insert puts a prefix before the text that stands for nothing in the input.
func (s source) insert(prefix string) source {
	m := make([]int, 0, len(prefix)+len(s.text)+1)
	for range len(prefix) {
		m = append(m, s.at(0))
	}
	for i := range len(s.text) + 1 {
		m = append(m, s.at(i))
	}
	return source{text: prefix + s.text, origin: m}
}

// normalizer rewrites text before it is cut into words.
type normalizer interface{ normalize(s source) source }

// nfc composes characters (Unicode normalization form C).
type nfc struct{}

func (nfc) normalize(s source) source {
	if norm.NFC.IsNormalString(s.text) {
		return s
	}
	var b strings.Builder
	m := make([]int, 0, len(s.text)+1)
	for at := 0; at < len(s.text); {
		n := norm.NFC.NextBoundaryInString(s.text[at:], true)
		part := norm.NFC.String(s.text[at : at+n])
		b.WriteString(part)
		for i := range len(part) {
			if part == s.text[at:at+n] {
				m = append(m, s.at(at+i))
			} else {
				m = append(m, s.at(at)) // inside a composed character: where it began
			}
		}
		at += n
	}
	return source{text: b.String(), origin: append(m, s.at(len(s.text)))}
}

// prepend puts a string before text that is not empty.
type prepend string

func (p prepend) normalize(s source) source {
	if s.text == "" {
		return s
	}
	return s.insert(string(p))
}

// replace exchanges a string for another everywhere.
type replace struct{ old, new string }

func (r replace) normalize(s source) source {
	if !strings.Contains(s.text, r.old) {
		return s
	}
	var b strings.Builder
	m := make([]int, 0, len(s.text)+len(s.text)/4+1)
	for at := 0; at < len(s.text); {
		if !strings.HasPrefix(s.text[at:], r.old) {
			b.WriteByte(s.text[at])
			m = append(m, s.at(at))
			at++
			continue
		}
		b.WriteString(r.new)
		for range len(r.new) {
			m = append(m, s.at(at))
		}
		at += len(r.old)
	}
	return source{text: b.String(), origin: append(m, s.at(len(s.text)))}
}

// metaspace is the pre-tokenizer that turns spaces into a mark and puts one
// before the text.
type metaspace struct {
	mark   string
	always bool // before every part of the text
	first  bool // before the part at the very beginning
}

func (m *metaspace) apply(s source) source {
	begins := s.at(0) == 0
	s = replace{" ", m.mark}.normalize(s)
	if (m.always || m.first && begins) && !strings.HasPrefix(s.text, m.mark) {
		s = s.insert(m.mark)
	}
	return s
}
