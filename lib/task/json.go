package task

import (
	"bytes"
	"fmt"
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
	b       []byte // the input
	pos     int
	scratch []byte // where texts are put together
	wide    bool   // the text in it may be more than ASCII
	depth   int
	mem     memory
	// keys are those of the input before, in order, and nth counts the keys of this
	// one: the rows of a file mostly have the same keys in the same order, and a key
	// that is expected is recognised faster than read.
	keys [32]string
	nth  int
	seen rowKeys // of the item that is read
	// notes are problems that do not stop a row.
	notes []Problem
}

func newScanner(b []byte) *scanner { return &scanner{b: b} }

// reset starts over with another input.
func (s *scanner) reset(b []byte) { s.b, s.pos, s.depth, s.nth = b, 0, 0, 0 }

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
	if s.pos < len(s.b) && s.b[s.pos] > ' ' {
		return s.b[s.pos]
	}
	return s.peekSpace()
}

func (s *scanner) peekSpace() byte {
	for ; s.pos < len(s.b); s.pos++ {
		if c := s.b[s.pos]; c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
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

// pass passes c and a space behind it, which is how most files are written, and
// reports whether they were there.
func (s *scanner) pass(c byte) bool {
	if i := s.pos; i+1 < len(s.b) && s.b[i] == c && s.b[i+1] == ' ' {
		s.pos = i + 2
		return true
	}
	return false
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
		key, err := s.key()
		if err != nil {
			return err
		}
		if !s.pass(':') {
			if err := s.expect(':', "a colon"); err != nil {
				return err
			}
		}
		if err := member(key); err != nil {
			return err
		}
		if s.pass(',') {
			continue
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
		if s.pass(',') {
			continue
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

// literal reads a number, true, false or null and returns its text.
func (s *scanner) literal() (string, error) {
	s.space()
	start := s.pos
	if c := s.peek(); c >= 'a' {
		for _, word := range []string{"true", "false", "null"} {
			if bytes.HasPrefix(s.b[s.pos:], []byte(word)) {
				s.pos += len(word)
				return word, nil
			}
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
