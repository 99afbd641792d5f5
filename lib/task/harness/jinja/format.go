package jinja

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percent is Python's text % values.
func percent(s string, values any) any {
	list, many := values.(Tuple)
	if !many {
		list = Tuple{values}
	}
	dict, _ := values.(*Dict)
	used, byName := 0, false
	take := func() any {
		if used == len(list) {
			fail("%%: there are fewer values than the text %s asks for", repr(s))
		}
		used++
		return list[used-1]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		i++
		var v any
		named := false
		if i < len(s) && s[i] == '(' {
			name, _, ok := strings.Cut(s[i+1:], ")")
			if !ok || dict == nil {
				fail("%%: %s needs a dictionary", repr(s))
			}
			v, ok = dict.Get(name)
			if !ok {
				fail("%%: no key %s", repr(name))
			}
			named, byName = true, true
			i += len(name) + 2
		}
		p := spec{fill: ' ', precision: -1}
		left := false
		for ; i < len(s) && strings.IndexByte("-+ 0#", s[i]) >= 0; i++ {
			switch s[i] {
			case '-':
				left = true
			case '+', ' ':
				p.sign = s[i]
			case '0':
				p.zero = true
			case '#':
				fail("%%: the flag # is not known")
			}
		}
		digits := func() int {
			if i < len(s) && s[i] == '*' {
				fail("%%: the width * is not known")
			}
			n := 0
			for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
				n = min(n*10+int(s[i]-'0'), maxText+1)
			}
			return n
		}
		p.width = digits()
		if i < len(s) && s[i] == '.' {
			i++
			p.precision = digits()
		}
		if i == len(s) {
			fail("%%: the text %s ends in the middle of a format", repr(s))
		}
		p.verb = s[i]
		if p.verb == '%' {
			if s[i-1] != '%' {
				fail("%%: something stands between the two of %%%% in %s", repr(s))
			}
			b.WriteByte('%')
			continue
		}
		if !named {
			if byName {
				fail("%%: %s asks for values with names and without", repr(s))
			}
			v = take()
		}
		switch p.verb {
		case 's', 'r':
			p.align = '>'
			text := str(v)
			if p.verb == 'r' {
				text = repr(v)
			}
			p.verb, p.zero, v = 's', false, text
		case 'd', 'i', 'u':
			if f, ok := v.(float64); ok {
				n, ok := truncated(f)
				if !ok {
					fail("%%: nan has no whole number")
				}
				v = n
			}
			p.verb = 'd'
		case 'x', 'f', 'F', 'e', 'g':
		default:
			fail("%%: the format %%%c is not known", p.verb)
		}
		if left {
			p.align, p.zero = '<', false
		}
		b.WriteString(p.apply(v))
	}
	if used < len(list) && dict == nil && (many || used > 0 || !isContainer(values)) {
		fail("%%: there are more values than the text %s asks for", repr(s))
	}
	return bounded(b.String())
}

func isContainer(v any) bool {
	switch v.(type) {
	case *List, *Dict:
		return true
	}
	return false
}

// formatted is str.format.
func formatted(s string, a *arguments) any {
	var b strings.Builder
	auto, numbered := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '{' && c != '}' {
			b.WriteByte(c)
			continue
		}
		if i+1 < len(s) && s[i+1] == c {
			b.WriteByte(c)
			i++
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if c == '}' || end < 0 {
			fail("format: a single %q in %s", c, repr(s))
		}
		field := s[i+1 : i+end]
		i += end
		if strings.Contains(field, "{") {
			fail("format: braces inside braces are not known")
		}
		field, how, _ := strings.Cut(field, ":")
		field, conversion, _ := strings.Cut(field, "!")
		name := field
		rest := ""
		if k := strings.IndexAny(field, ".["); k >= 0 {
			name, rest = field[:k], field[k:]
		}
		var v any
		switch n, err := strconv.Atoi(name); {
		case name == "":
			v = a.value(auto, strconv.Itoa(auto))
			auto++
		case err == nil && name[0] >= '0' && name[0] <= '9':
			numbered = true
			if n >= len(a.list) {
				fail("format: there is no argument %d for %s", n, repr(s))
			}
			v = a.value(n, name)
		default:
			v = a.value(-1, name)
		}
		if numbered && auto > 0 {
			fail("format: %s has fields with a number and without", repr(s))
		}
		for rest != "" {
			if rest[0] != '[' {
				fail("format: %s in a field is not known", repr(rest))
			}
			key, after, ok := strings.Cut(rest[1:], "]")
			if !ok {
				fail("format: a bracket is not closed in %s", repr(s))
			}
			if n, err := strconv.Atoi(key); err == nil && key[0] >= '0' && key[0] <= '9' {
				v = item(v, n)
			} else {
				v = item(v, key)
			}
			rest = after
		}
		switch conversion {
		case "":
		case "s":
			v = str(v)
		case "r":
			v = repr(v)
		default:
			fail("format: the conversion !%s is not known", conversion)
		}
		if how == "" {
			b.WriteString(str(v))
			continue
		}
		b.WriteString(parseSpec(how).apply(v))
	}
	return bounded(b.String())
}

// spec is Python's format specification:
// [[fill]align][sign][0][width][,][.precision][type].
type spec struct {
	fill      rune
	filled    bool // the fill is given
	align     byte // '<', '>', '^', '=', or 0: by the kind of value
	sign      byte
	zero      bool
	width     int
	comma     bool
	precision int
	verb      byte
}

func parseSpec(s string) spec {
	whole := s
	p := spec{fill: ' ', precision: -1}
	r, n := utf8.DecodeRuneInString(s)
	if n < len(s) && strings.IndexByte("<>^=", s[n]) >= 0 {
		p.fill, p.filled, p.align, s = r, true, s[n], s[n+1:]
	} else if s != "" && strings.IndexByte("<>^=", s[0]) >= 0 {
		p.align, s = s[0], s[1:]
	}
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		if s[0] != '-' {
			p.sign = s[0]
		}
		s = s[1:]
	}
	if s != "" && s[0] == '0' {
		p.zero, s = true, s[1:]
	}
	digits := func() int {
		n := 0
		for ; s != "" && s[0] >= '0' && s[0] <= '9'; s = s[1:] {
			n = min(n*10+int(s[0]-'0'), maxText+1)
		}
		return n
	}
	p.width = digits()
	if s != "" && s[0] == ',' {
		p.comma, s = true, s[1:]
	}
	if s != "" && s[0] == '.' {
		s = s[1:]
		p.precision = digits()
	}
	if len(s) == 1 && strings.Contains("sdfFegx%", s) {
		p.verb, s = s[0], ""
	}
	if s != "" {
		fail("format: %s is not known", repr(whole))
	}
	return p
}

// apply writes a value so.
func (p spec) apply(v any) string {
	if p.precision > 1000 {
		fail("format: %d digits", p.precision)
	}
	n, isWhole := whole(v)
	text, negative := "", false
	switch {
	case p.verb == 's' || p.verb == 0 && !isNumber(v):
		var ok bool
		if text, ok = v.(string); !ok {
			fail("format: %s as a text of some width", kind(v))
		}
		if p.sign != 0 || p.comma || p.zero || p.align == '=' {
			fail("format: a text has no sign, no zeros before it and no commas")
		}
		if p.precision >= 0 {
			text = str(slice(text, [3]any{nil, p.precision, nil}))
		}
		if p.align == 0 {
			p.align = '<'
		}
		return align(text, p.width, p.align, p.fill)
	case !isNumber(v):
		fail("format: %s with the type %c", kind(v), p.verb)
	case p.verb == 'd' || p.verb == 'x' || p.verb == 0 && isWhole:
		if !isWhole || p.precision >= 0 || p.verb == 'x' && p.comma {
			fail("format: digits, commas or a number that is not whole with the type %c", max(p.verb, 'd'))
		}
		base := 10
		if p.verb == 'x' {
			base = 16
		}
		negative = n < 0
		text = strings.TrimPrefix(strconv.FormatInt(int64(n), base), "-")
	default:
		x := real(v)
		negative = math.Signbit(x)
		x = math.Abs(x)
		switch verb := p.verb; {
		case math.IsInf(x, 0) || math.IsNaN(x):
			text, negative = float(x), negative && x == x
			if verb == 'F' || verb == '%' || p.zero || p.comma {
				fail("format: %s in this form is not known", text)
			}
		case verb == 0:
			text = float(x)
			if p.precision >= 0 {
				text = general(x, p.precision, true)
			}
		case verb == '%':
			text = strconv.FormatFloat(x*100, 'f', p.or(6), 64) + "%"
		case verb == 'f' || verb == 'F':
			text = strconv.FormatFloat(x, 'f', p.or(6), 64)
		case verb == 'e':
			text = strconv.FormatFloat(x, 'e', p.or(6), 64)
		case verb == 'g':
			text = general(x, p.or(6), false)
		}
	}
	if p.comma {
		if p.zero || p.align == '=' {
			fail("format: commas between zeros are not known")
		}
		digits, tail := text, ""
		if i := strings.IndexAny(text, ".e%"); i >= 0 {
			digits, tail = text[:i], text[i:]
		}
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
		text = digits + tail
	}
	sign := ""
	if negative {
		sign = "-"
	} else if p.sign != 0 {
		sign = string(p.sign)
	}
	if p.zero && !p.filled {
		p.fill = '0'
		if p.align == 0 {
			p.align = '='
		}
	}
	if p.align == '=' {
		return sign + align(text, p.width-len(sign), '>', p.fill)
	}
	if p.align == 0 {
		p.align = '>'
	}
	return align(sign+text, p.width, p.align, p.fill)
}

func (p spec) or(precision int) int {
	if p.precision >= 0 {
		return p.precision
	}
	return precision
}

// general is the format g: so many significant digits, without zeros at the end;
// with a point where the format has no letter, as Python writes floats.
func general(x float64, digits int, point bool) string {
	digits = max(digits, 1)
	e := strconv.FormatFloat(x, 'e', digits-1, 64)
	mantissa, power, _ := strings.Cut(e, "e")
	n, _ := strconv.Atoi(power)
	trim := func(s string) string {
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	if n < -4 || n >= digits-b2i(point) {
		return trim(mantissa) + "e" + power
	}
	s := trim(strconv.FormatFloat(x, 'f', digits-1-n, 64))
	if point && !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
