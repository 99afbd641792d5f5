package task

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseTexts reads a Python list or tuple of texts, as ast.literal_eval does:
// the prize's classes column, "[' Yes', \" Don't\"]". Quotes may be single,
// double or threefold, with the prefixes r and u; adjacent texts are joined.
// Other literals (numbers, None, bytes) and named escapes (\N{...}) are refused.
func parseTexts(s string) ([]string, error) {
	p := literalParser{s: s}
	p.space()
	var stop byte
	switch p.at() {
	case '[':
		stop = ']'
	case '(':
		stop = ')'
	default:
		return nil, p.fail("a list, [...]")
	}
	p.pos++
	list := []string{}
	for {
		p.space()
		if p.at() == stop && p.pos < len(s) {
			break
		}
		text, err := p.text()
		if err != nil {
			return nil, err
		}
		list = append(list, text)
		p.space()
		if p.at() == ',' {
			p.pos++
		} else if p.at() != stop {
			return nil, p.fail("a comma or " + string(stop))
		} else if stop == ')' && len(list) == 1 {
			return nil, p.fail("a comma (a tuple of one text is written ('a',))")
		}
	}
	p.pos++
	if p.space(); p.pos < len(s) {
		return nil, p.fail("the end")
	}
	return list, nil
}

type literalParser struct {
	s   string
	pos int
}

func (p *literalParser) at() byte {
	if p.pos < len(p.s) {
		return p.s[p.pos]
	}
	return 0
}

func (p *literalParser) space() {
	for p.pos < len(p.s) && strings.IndexByte(" \t\r\n\f", p.s[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *literalParser) fail(want string) error {
	if p.pos >= len(p.s) {
		return fmt.Errorf("the Python list %.60q ends where %s should stand", p.s, want)
	}
	r, _ := utf8.DecodeRuneInString(p.s[p.pos:])
	return fmt.Errorf("the Python list %.60q has %q at byte %d where %s should stand", p.s, r, p.pos, want)
}

// text reads one or more adjacent texts.
func (p *literalParser) text() (string, error) {
	var all string
	for n := 0; ; n++ {
		p.space()
		raw := false
		switch p.at() {
		case 'r', 'R':
			raw = true
			p.pos++
		case 'u', 'U':
			p.pos++
		}
		if q := p.at(); q != '\'' && q != '"' {
			if n > 0 && !raw {
				return all, nil
			}
			return "", p.fail("a text in quotes")
		}
		part, err := p.quoted(raw)
		if err != nil {
			return "", err
		}
		all += part
	}
}

func (p *literalParser) quoted(raw bool) (string, error) {
	quote := p.s[p.pos : p.pos+1]
	if strings.HasPrefix(p.s[p.pos:], strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	p.pos += len(quote)
	var b strings.Builder
	for {
		switch rest := p.s[p.pos:]; {
		case rest == "":
			return "", p.fail("a closing quote")
		case strings.HasPrefix(rest, quote):
			p.pos += len(quote)
			return b.String(), nil
		case rest[0] == '\n' && len(quote) == 1:
			return "", p.fail("a closing quote on the same line")
		case rest[0] != '\\':
			b.WriteByte(rest[0])
			p.pos++
		case len(rest) == 1:
			p.pos++
			return "", p.fail("an escape")
		case raw:
			b.WriteString(rest[:2])
			p.pos += 2
		default:
			if err := p.escape(&b); err != nil {
				return "", err
			}
		}
	}
}

// escape reads a backslash and what belongs to it. As in Python, a backslash in
// front of any other character stands for itself.
func (p *literalParser) escape(b *strings.Builder) error {
	c := p.s[p.pos+1]
	p.pos += 2
	if i := strings.IndexByte(`\'"abfnrtv`, c); i >= 0 {
		b.WriteByte("\\'\"\a\b\f\n\r\t\v"[i])
		return nil
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	switch {
	case c == '\n': // the text goes on in the next line
	case digits > 0:
		if p.pos+digits > len(p.s) {
			p.pos = len(p.s)
			return p.fail("hexadecimal digits")
		}
		n, err := strconv.ParseUint(p.s[p.pos:p.pos+digits], 16, 32)
		if err != nil || !utf8.ValidRune(rune(n)) {
			return p.fail(fmt.Sprintf("%d hexadecimal digits of a character", digits))
		}
		p.pos += digits
		b.WriteRune(rune(n))
	case c >= '0' && c <= '7':
		end := p.pos
		for end < len(p.s) && end < p.pos+2 && p.s[end] >= '0' && p.s[end] <= '7' {
			end++
		}
		n, _ := strconv.ParseUint(p.s[p.pos-1:end], 8, 32)
		b.WriteRune(rune(n))
		p.pos = end
	case c == 'N':
		p.pos -= 2
		return p.fail(`an escape other than \N{...}`)
	default:
		b.WriteByte('\\')
		p.pos--
	}
	return nil
}

// quoteTexts writes a list of texts as Python's repr does for texts that can be
// printed; parseTexts reads it back to the same bytes.
func quoteTexts(list []string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		quote := byte('\'')
		if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
			quote = '"'
		}
		b.WriteByte(quote)
		for k := range len(s) { // bytes, so that even broken UTF-8 stays as it is
			switch c := s[k]; {
			case c == quote || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c == '\n':
				b.WriteString(`\n`)
			case c == '\r':
				b.WriteString(`\r`)
			case c == '\t':
				b.WriteString(`\t`)
			case c < 0x20 || c == 0x7f:
				fmt.Fprintf(&b, `\x%02x`, c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte(quote)
	}
	b.WriteByte(']')
	return b.String()
}
