package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitter returns the length of the first word of a text that is not empty.
type splitter func(text string) int

// The regular expressions that the splitters below stand for, as they are
// written in tokenizer.json files. Go's regexp has no lookahead.
const (
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

var patterns = map[string]splitter{
	gpt2Pattern:   splitGPT2,
	llama3Pattern: func(text string) int { return splitLlama3(text, 3) },
	qwen2Pattern:  func(text string) int { return splitLlama3(text, 1) },
}

// class is what the patterns tell characters apart by.
type class uint8

const (
	other  class = iota // [^\s\p{L}\p{N}], bytes that are no character included
	letter              // \p{L}
	number              // \p{N}
	space               // \s
)

var asciiClass = func() (t [utf8.RuneSelf]class) {
	for i := range t {
		t[i] = classOf(rune(i))
	}
	return t
}()

func classOf(r rune) class {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// next returns the class and the length of the first character.
func next(text string) (class, int) {
	if b := text[0]; b < utf8.RuneSelf {
		return asciiClass[b], 1
	}
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size == 1 {
		return other, 1
	}
	return classOf(r), size
}

// run returns the length of the characters of class c that text begins with,
// at most limit of them.
func run(text string, c class, limit int) int {
	at := 0
	for ; at < len(text) && limit > 0; limit-- {
		k, size := next(text[at:])
		if k != c {
			break
		}
		at += size
	}
	return at
}

const noLimit = int(^uint(0) >> 1)

func splitGPT2(text string) int {
	if n := contraction(text); n > 0 {
		return n
	}
	start := 0
	if text[0] == ' ' && len(text) > 1 {
		start = 1
	}
	if c, _ := next(text[start:]); c != space {
		return start + run(text[start:], c, noLimit)
	}
	return spaces(text, run(text, space, noLimit))
}

// spaces is \s+(?!\S)|\s+ on text that begins with n bytes of white space: all
// of them at the end of the text, otherwise all but the last, which belongs to
// what follows.
func spaces(text string, n int) int {
	if n == len(text) {
		return n
	}
	_, last := utf8.DecodeLastRuneInString(text[:n])
	if n > last {
		return n - last
	}
	return n
}

// contraction is 's|'t|'re|'ve|'m|'ll|'d.
func contraction(text string) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	switch text[1] {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(text) > 2 && text[2] == 'e' {
			return 3
		}
	case 'l':
		if len(text) > 2 && text[2] == 'l' {
			return 3
		}
	}
	return 0
}

// anyContraction is the same whatever the case; the long s of U+017F folds to s.
func anyContraction(text string) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	if strings.HasPrefix(text[1:], "ſ") {
		return 1 + len("ſ")
	}
	lower := [3]byte{'\''}
	n := 1
	for ; n < 3 && n < len(text); n++ {
		lower[n] = text[n]
		if 'A' <= text[n] && text[n] <= 'Z' {
			lower[n] += 'a' - 'A'
		}
	}
	return contraction(string(lower[:n]))
}

// splitLlama3 cuts numbers after that many digits.
func splitLlama3(text string, digits int) int {
	if n := anyContraction(text); n > 0 {
		return n
	}
	c, size := next(text)
	if c == letter {
		return run(text, letter, noLimit)
	}
	if c == number {
		return run(text, number, digits)
	}
	if text[0] != '\r' && text[0] != '\n' { // [^\r\n\p{L}\p{N}]?\p{L}+
		if n := run(text[size:], letter, noLimit); n > 0 {
			return size + n
		}
	}
	start := 0
	if text[0] == ' ' {
		start = 1
	}
	if n := run(text[start:], other, noLimit); n > 0 { // ?[^\s\p{L}\p{N}]+[\r\n]*
		end := start + n
		for end < len(text) && (text[end] == '\r' || text[end] == '\n') {
			end++
		}
		return end
	}
	n := run(text, space, noLimit)
	if last := strings.LastIndexAny(text[:n], "\r\n"); last >= 0 { // \s*[\r\n]+
		return last + 1
	}
	return spaces(text, n)
}

// splitMark cuts before every mark, as Metaspace does.
func splitMark(mark string) splitter {
	return func(text string) int {
		skip := 0
		if strings.HasPrefix(text, mark) {
			skip = len(mark)
		}
		if i := strings.Index(text[skip:], mark); i >= 0 {
			return max(skip+i, 1)
		}
		return len(text)
	}
}

// splitBeforeMarks cuts where a mark follows something else.
func splitBeforeMarks(mark string) splitter {
	return func(text string) int {
		at := 0
		for strings.HasPrefix(text[at:], mark) {
			at += len(mark)
		}
		if i := strings.Index(text[at:], mark); i >= 0 {
			return at + i
		}
		return len(text)
	}
}

// matcher finds added tokens: the leftmost, of those the longest.
type matcher struct {
	byFirst map[byte][]addedToken // longest first
	first   [256]bool
}

type addedToken struct {
	content string
	id      int
}

// split calls f for each part of the text: a token, or what lies between, with
// id -1. It stops when f returns false.
func (m *matcher) split(text string, f func(part string, at, id int) bool) {
	if len(m.byFirst) == 0 {
		f(text, 0, -1)
		return
	}
	begin := 0
	for at := 0; at < len(text); {
		if !m.first[text[at]] {
			at++
			continue
		}
		found := -1
		for i, token := range m.byFirst[text[at]] {
			if strings.HasPrefix(text[at:], token.content) {
				found = i
				break
			}
		}
		if found < 0 {
			at++
			continue
		}
		token := m.byFirst[text[at]][found]
		if begin < at && !f(text[begin:at], begin, -1) {
			return
		}
		if !f(token.content, at, token.id) {
			return
		}
		at += len(token.content)
		begin = at
	}
	if begin < len(text) {
		f(text[begin:], begin, -1)
	}
}
