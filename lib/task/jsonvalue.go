package task

import (
	"fmt"
	"slices"
	"strconv"
)

// skip reads any value. Texts inside it are checked as well.
func (s *scanner) skip() error {
	switch s.peek() {
	case '{':
		return s.object(func(string) error { return s.skip() })
	case '[':
		return s.array(func() error { return s.skip() })
	case '"':
		_, err := s.bytes()
		return err
	}
	_, err := s.literal()
	return err
}

// raw reads any value and returns its text in the file.
func (s *scanner) raw() (string, error) {
	s.space()
	start := s.pos
	if err := s.skip(); err != nil {
		return "", err
	}
	return s.mem.text(s.b[start:s.pos]), nil
}

// word reads any value as Item.Meta keeps it: a text as itself, everything else
// as JSON.
func (s *scanner) word() (string, error) {
	if s.peek() == '"' {
		return s.text()
	}
	return s.raw()
}

// texts reads a list of texts; it is not nil, but may be empty.
func (s *scanner) texts() ([]string, error) {
	list := s.mem.open()
	err := s.array(func() error {
		t, err := s.text()
		list = append(list, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.mem.close(list), nil
}

// number reads a finite number.
func (s *scanner) number() (float64, error) {
	t, err := s.numeral("a number")
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseFloat(t, 64)
	if err != nil {
		return 0, fmt.Errorf("JSON has %.40s, which is more than a number can be here (1.8e308)", t)
	}
	return x, nil
}

// numeral reads the text of a number; want says what should stand there.
func (s *scanner) numeral(want string) (string, error) {
	if c := s.peek(); c != '-' && (c < '0' || c > '9') {
		return "", s.fail(want)
	}
	return s.literal()
}

// integer reads a whole number.
func (s *scanner) integer() (int, error) {
	if c := s.peek(); c >= '0' && c <= '9' {
		// Most are an index of one digit.
		if next := s.pos + 1; next < len(s.b) && (s.b[next] == ',' || s.b[next] == '}' || s.b[next] == ']') {
			s.pos = next
			return int(c - '0'), nil
		}
	}
	t, err := s.numeral("a whole number")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(t)
	if err != nil {
		return 0, fmt.Errorf("JSON has %.40s where a whole number should stand", t)
	}
	return n, nil
}

// textOrTexts reads a text or a list of texts.
func (s *scanner) textOrTexts() ([]string, error) {
	if s.peek() == '[' {
		return s.texts()
	}
	t, err := s.text()
	return []string{t}, err
}

// gold reads one index or a list of them, and sorts the list.
func (s *scanner) gold() ([]int, error) {
	if s.peek() != '[' {
		n, err := s.integer()
		return s.mem.one(n), err
	}
	var list []int
	err := s.array(func() error {
		n, err := s.integer()
		list = append(list, n)
		return err
	})
	slices.Sort(list)
	return list, err
}

// numbers reads a list of finite numbers.
func (s *scanner) numbers() ([]float64, error) {
	list := []float64{}
	err := s.array(func() error {
		x, err := s.number()
		list = append(list, x)
		return err
	})
	return list, err
}
