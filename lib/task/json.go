package task

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of JSON values, so that a hostile file cannot
// exhaust the stack.
const maxDepth = 200

// scanner reads JSON values (RFC 8259, strictly) one after another, and copies
// what it returns.
//
// encoding/json is not used for items: it replaces invalid UTF-8 and unpaired
// surrogates in silence, loses the order of keys, and is several times slower.
type scanner struct {
	b   []byte // the input
	pos int
	// scratch is reused for texts with escapes.
	scratch []byte
	wide    bool
	depth   int
	mem     memory
	// notes are problems that do not stop a row.
	notes []Problem
}

func newScanner(b []byte) *scanner { return &scanner{b: b} }

// reset starts over with another input.
func (s *scanner) reset(b []byte) { s.b, s.pos, s.depth = b, 0, 0 }

// line returns the number of the line of a position, when the input starts at
// line first.
func (s *scanner) line(pos, first int) int {
	return first + bytes.Count(s.b[:min(pos, len(s.b))], []byte("\n"))
}

func (s *scanner) space() {
	for s.pos < len(s.b) {
		switch s.b[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.b) {
		return 0
	}
	return s.b[s.pos]
}

// fail describes what stands at the position and what should.
func (s *scanner) fail(want string) error {
	if s.pos >= len(s.b) {
		return fmt.Errorf("JSON ends where %s should stand", want)
	}
	r, _ := utf8.DecodeRune(s.b[s.pos:])
	return fmt.Errorf("JSON has %q at byte %d where %s should stand", r, s.pos, want)
}

// end fails unless only white space is left.
func (s *scanner) end() error {
	if s.peek() != 0 || s.pos < len(s.b) {
		return s.fail("the end of the value")
	}
	return nil
}

func (s *scanner) expect(c byte, want string) error {
	if s.peek() != c || s.pos == len(s.b) {
		return s.fail(want)
	}
	s.pos++
	return nil
}

// object calls member for every key, in order; member must read the value.
func (s *scanner) object(member func(key string) error) error {
	if err := s.expect('{', "an object"); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return fmt.Errorf("JSON is nested more than %d deep", maxDepth)
	}
	defer func() { s.depth-- }()
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		if s.peek() != '"' {
			return s.fail("a key in double quotes")
		}
		key, err := s.text()
		if err != nil {
			return err
		}
		if err := s.expect(':', "a colon"); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return nil
		default:
			return s.fail("a comma or the end of the object")
		}
	}
}

// array calls element before every value; element must read it.
func (s *scanner) array(element func() error) error {
	if err := s.expect('[', "a list"); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return fmt.Errorf("JSON is nested more than %d deep", maxDepth)
	}
	defer func() { s.depth-- }()
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return nil
		default:
			return s.fail("a comma or the end of the list")
		}
	}
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain returns how many bytes from i on are neither a quote, a backslash nor
// a control character; eight at a time, as most of a file is prompt. It sets
// s.wide when some are not ASCII.
func (s *scanner) plain(i int) int {
	b := s.b
	start := i
	var all uint64
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote := w ^ lows*'"'
		slash := w ^ lows*'\\'
		// A byte below n (n <= 128) sets its high bit in (w - n) &^ w.
		if hit := ((w-lows*0x20)&^w | (quote-lows)&^quote | (slash-lows)&^slash) & highs; hit != 0 {
			// The lowest bit that is set is exact; borrows only make false hits above
			// a true one.
			n := bits.TrailingZeros64(hit) &^ 7
			all |= w & (1<<n - 1)
			s.wide = s.wide || all&highs != 0
			return i + n/8 - start
		}
		all |= w
	}
	for ; i < len(b); i++ {
		c := b[i]
		if c == '"' || c == '\\' || c < 0x20 {
			break
		}
		all |= uint64(c)
	}
	s.wide = s.wide || all&highs != 0
	return i - start
}

var errSurrogate = errors.New("JSON has half of a surrogate pair (\\ud800 to \\udfff), which is no character")

// text reads a JSON string.
func (s *scanner) text() (string, error) {
	b, err := s.bytes()
	if err != nil {
		return "", err
	}
	return s.mem.text(b), nil
}

// bytes reads a JSON string; the bytes are good until the next call.
func (s *scanner) bytes() ([]byte, error) {
	if err := s.expect('"', "a text in double quotes"); err != nil {
		return nil, err
	}
	start := s.pos
	s.wide = false
	s.pos += s.plain(s.pos)
	if s.pos < len(s.b) && s.b[s.pos] == '"' {
		s.pos++
		return s.valid(start, s.b[start:s.pos-1])
	}
	out := append(s.scratch[:0], s.b[start:s.pos]...)
	for {
		if s.pos >= len(s.b) {
			return nil, s.fail(`the closing quote of a text`)
		}
		switch c := s.b[s.pos]; {
		case c == '"':
			s.pos++
			s.scratch = out
			return s.valid(start, out)
		case c < 0x20:
			return nil, s.fail("a text without raw control characters")
		}
		if s.pos+1 >= len(s.b) {
			s.pos++
			return nil, s.fail("an escape")
		}
		switch c := s.b[s.pos+1]; c {
		case 'n':
			out = append(out, '\n')
		case '"', '\\', '/':
			out = append(out, c)
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			r, err := s.hex4(s.pos + 2)
			if err != nil {
				return nil, err
			}
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if bytes.HasPrefix(s.b[s.pos+6:], []byte(`\u`)) {
					if low, err = s.hex4(s.pos + 8); err != nil {
						return nil, err
					}
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					return nil, errSurrogate
				}
				s.pos += 6
			}
			out = utf8.AppendRune(out, r)
			s.pos += 4
		default:
			s.pos++
			return nil, s.fail(`one of "\/bfnrtu after a backslash`)
		}
		s.pos += 2
		n := s.plain(s.pos)
		out = append(out, s.b[s.pos:s.pos+n]...)
		s.pos += n
	}
}

// valid returns a text that starts at a position of the input, if it is UTF-8.
func (s *scanner) valid(start int, text []byte) ([]byte, error) {
	if s.wide && !utf8.Valid(text) {
		s.pos = start + checkUTF8(s.b[start:])
		return nil, fault("utf8", "byte %d of the JSON (%#x) is not UTF-8", s.pos, s.b[s.pos])
	}
	return text, nil
}

func (s *scanner) hex4(i int) (rune, error) {
	if i+4 > len(s.b) {
		s.pos = len(s.b)
		return 0, s.fail("four hexadecimal digits")
	}
	var r rune
	for k, c := range s.b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			s.pos = i + k
			return 0, s.fail("four hexadecimal digits")
		}
		r = r<<4 | rune(c)
	}
	return r, nil
}

// literal reads a number, true, false or null and returns its text.
func (s *scanner) literal() (string, error) {
	s.space()
	start := s.pos
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.b[s.pos:], []byte(word)) {
			s.pos += len(word)
			return word, nil
		}
	}
	at := func() byte {
		if s.pos < len(s.b) {
			return s.b[s.pos]
		}
		return 0
	}
	digits := func() bool {
		from := s.pos
		for c := at(); c >= '0' && c <= '9'; c = at() {
			s.pos++
		}
		return s.pos > from
	}
	if at() == '-' {
		s.pos++
	}
	if at() == '0' {
		s.pos++
	} else if !digits() {
		return "", s.fail("a value")
	}
	if at() == '.' {
		s.pos++
		if !digits() {
			return "", s.fail("a digit")
		}
	}
	if c := at(); c == 'e' || c == 'E' {
		s.pos++
		if c := at(); c == '+' || c == '-' {
			s.pos++
		}
		if !digits() {
			return "", s.fail("a digit")
		}
	}
	return s.mem.text(s.b[start:s.pos]), nil
}
