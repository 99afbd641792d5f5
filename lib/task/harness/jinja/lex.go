package jinja

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// piece is a part of a template: text as it is, or the tokens of a tag.
type piece struct {
	kind   byte // 't' text, 'v' {{ }}, 'b' {% %}
	text   string
	tokens []token
}

type token struct {
	kind byte // 'n' name, 's' text, 'i' whole number, 'f' number, 'o' operator, 0 end
	text string
	num  float64
	int  int
}

// split finds the tags of a template.
func split(s string) []piece {
	var list []piece
	strip := false // white space at the start of the next text goes
	add := func(text string, right bool) {
		if strip {
			text = strings.TrimLeftFunc(text, isSpace)
		}
		if right {
			text = strings.TrimRightFunc(text, isSpace)
		}
		strip = false
		if text != "" {
			list = append(list, piece{kind: 't', text: text})
		}
	}
	for {
		at := -1
		for i := strings.IndexByte(s, '{'); i >= 0 && i+1 < len(s); {
			if strings.IndexByte("{%#", s[i+1]) >= 0 {
				at = i
				break
			}
			next := strings.IndexByte(s[i+1:], '{')
			if next < 0 {
				break
			}
			i += 1 + next
		}
		if at < 0 {
			add(s, false)
			return list
		}
		open := s[at+1]
		rest := s[at+2:]
		minus := strings.HasPrefix(rest, "-")
		if minus || strings.HasPrefix(rest, "+") {
			rest = rest[1:]
		}
		add(s[:at], minus)
		if open == '#' {
			end := strings.Index(rest, "#}")
			if end < 0 {
				fail("a comment {# is never closed")
			}
			strip = end > 0 && rest[end-1] == '-'
			s = rest[end+2:]
			continue
		}
		if open == '%' {
			if body, after, left, right, ok := raw(rest); ok {
				strip = left
				add(body, right.before)
				strip = right.behind
				s = after
				continue
			}
		}
		tokens, n, minus := lex(rest, open)
		kind := byte('v')
		if open == '%' {
			kind = 'b'
		}
		list = append(list, piece{kind: kind, tokens: tokens})
		strip = minus
		s = rest[n:]
	}
}

// dashed cuts a "-", which strips white space, or a "+" from the start of a text.
func dashed(s string) (strips bool, rest string) {
	rest, strips = strings.CutPrefix(s, "-")
	if !strips {
		rest = strings.TrimPrefix(s, "+")
	}
	return strips, rest
}

type stripped struct{ before, behind bool }

// raw reads "raw %}...{% endraw %}" behind "{%"; left tells whether white space
// in front of the body goes, right about its end.
func raw(s string) (body, after string, left bool, right stripped, ok bool) {
	word := strings.TrimLeftFunc(s, isSpace)
	if !strings.HasPrefix(word, "raw") {
		return
	}
	word, left = strings.CutPrefix(strings.TrimLeftFunc(word[3:], isSpace), "-")
	if !strings.HasPrefix(word, "%}") {
		return
	}
	text := word[2:]
	for i := 0; ; {
		k := strings.Index(text[i:], "{%")
		if k < 0 {
			fail("raw is never closed")
		}
		i += k
		before, end := dashed(text[i+2:])
		right.before = before
		end = strings.TrimLeftFunc(end, isSpace)
		if rest, cut := strings.CutPrefix(end, "endraw"); cut {
			right.behind, rest = dashed(strings.TrimLeftFunc(rest, isSpace))
			if after, cut := strings.CutPrefix(rest, "%}"); cut {
				return text[:i], after, left, right, true
			}
		}
		right = stripped{}
		i += 2
	}
}

var operators = []string{"**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ","}

// lex reads the tokens of a tag until its end; n is where the template goes on.
func lex(s string, open byte) (list []token, n int, minus bool) {
	end := "%}"
	if open == '{' {
		end = "}}"
	}
	var closers []byte
	i := 0
next:
	for {
		for i < len(s) && isSpaceByte(s[i]) {
			i++
		}
		if len(closers) == 0 {
			switch rest := s[i:]; {
			case strings.HasPrefix(rest, end):
				return append(list, token{}), i + 2, false
			case strings.HasPrefix(rest, "-"+end):
				return append(list, token{}), i + 3, true
			case strings.HasPrefix(rest, "+"+end):
				return append(list, token{}), i + 3, false
			}
		}
		if i == len(s) {
			fail("a tag {%c is never closed", open)
		}
		c := s[i]
		switch {
		case c == '\'' || c == '"':
			text, n := quoted(s[i:])
			list = append(list, token{kind: 's', text: text})
			i += n
			continue
		case c >= '0' && c <= '9':
			t, n := number(s[i:], i > 0 && s[i-1] == '.')
			list = append(list, t)
			i += n
			continue
		}
		if n := name(s[i:]); n > 0 {
			list = append(list, token{kind: 'n', text: s[i : i+n]})
			i += n
			continue
		}
		for _, op := range operators {
			if !strings.HasPrefix(s[i:], op) {
				continue
			}
			switch op {
			case "(", "[", "{":
				closers = append(closers, map[string]byte{"(": ')', "[": ']', "{": '}'}[op])
			case ")", "]", "}":
				if len(closers) == 0 || closers[len(closers)-1] != op[0] {
					fail("an unexpected %q", op)
				}
				closers = closers[:len(closers)-1]
			}
			list = append(list, token{kind: 'o', text: op})
			i += len(op)
			continue next
		}
		r, _ := utf8.DecodeRuneInString(s[i:])
		fail("an unexpected character %q", r)
	}
}

func name(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !unicode.IsMark(r)) {
			return i
		}
	}
	return len(s)
}

// number reads a number; behind a dot it is always whole.
func number(s string, whole bool) (token, int) {
	digits := func(i int) int {
		for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '_' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9') {
			i++
		}
		return i
	}
	if len(s) > 1 && s[0] == '0' && strings.IndexByte("bBoOxX", s[1]) >= 0 {
		n := 2
		for n < len(s) && (s[n] == '_' || isHex(s[n])) {
			n++
		}
		v, err := strconv.ParseInt(s[:n], 0, 64)
		if err != nil {
			fail("%q is no number", s[:n])
		}
		return token{kind: 'i', int: int(v)}, n
	}
	n := digits(0)
	float := n
	if !whole {
		if n+1 < len(s) && s[n] == '.' && s[n+1] >= '0' && s[n+1] <= '9' {
			float = digits(n + 1)
		}
		if e := float; e < len(s) && (s[e] == 'e' || s[e] == 'E') {
			e++
			if e < len(s) && (s[e] == '+' || s[e] == '-') {
				e++
			}
			if d := digits(e); d > e && s[e] != '_' {
				float = d
			}
		}
	}
	text := strings.ReplaceAll(s[:float], "_", "")
	if float > n {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			fail("%q is no number", s[:float])
		}
		return token{kind: 'f', num: v}, float
	}
	v, err := strconv.Atoi(text)
	if err != nil || len(text) > 1 && strings.Trim(text, "0") != "" && text[0] == '0' {
		fail("%q is no whole number of 63 bits", s[:n])
	}
	return token{kind: 'i', int: v}, n
}

// quoted reads a text in quotes with Python's escapes.
func quoted(s string) (string, int) {
	var b strings.Builder
	for i := 1; i < len(s); {
		c := s[i]
		if c == s[0] {
			return b.String(), i + 1
		}
		if c != '\\' || i+1 == len(s) {
			b.WriteByte(c)
			i++
			continue
		}
		c = s[i+1]
		i += 2
		if k := strings.IndexByte(`\'"abfnrtv`, c); k >= 0 {
			b.WriteByte("\\'\"\a\b\f\n\r\t\v"[k])
			continue
		}
		width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		switch {
		case c == '\n':
		case width > 0:
			if i+width > len(s) {
				fail("an escape \\%c is cut off", c)
			}
			n, err := strconv.ParseUint(s[i:i+width], 16, 32)
			if err != nil || !utf8.ValidRune(rune(n)) {
				fail("\\%c%s is no character", c, s[i:i+width])
			}
			b.WriteRune(rune(n))
			i += width
		case c >= '0' && c <= '7':
			end := i
			for end < len(s) && end < i+2 && s[end] >= '0' && s[end] <= '7' {
				end++
			}
			n, _ := strconv.ParseUint(s[i-1:end], 8, 32)
			b.WriteRune(rune(n))
			i = end
		case c == 'N':
			fail(`an escape \N{...} is not known`)
		case c >= utf8.RuneSelf: // Python then shows the letter's number
			r, n := utf8.DecodeRuneInString(s[i-1:])
			i += n - 1
			writeNumber(&b, r)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	fail("a text %.20q is never closed", s)
	return "", 0
}

// isSpace is Python's str.isspace.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

func isSpaceByte(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
