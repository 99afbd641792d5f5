package jinja

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Text returns a value as Python's str does.
func Text(v any) (text string, err error) {
	defer rescue(&err)
	return str(v), nil
}

// str is Python's.
func str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case markup:
		return string(v)
	case absent:
		return ""
	}
	return repr(v)
}

// repr is Python's.
func repr(v any) string {
	var b strings.Builder
	writeRepr(&b, v, 0)
	return b.String()
}

func writeRepr(b *strings.Builder, v any, depth int) {
	mustNest(depth)
	list := func(items []any) {
		for i, e := range items {
			if i > 0 {
				b.WriteString(", ")
			}
			writeRepr(b, e, depth+1)
		}
	}
	mustFit(b.Len())
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case int:
		b.WriteString(strconv.Itoa(v))
	case float64:
		b.WriteString(float(v))
	case string:
		quote(b, v)
	case *List:
		b.WriteByte('[')
		list(v.Items)
		b.WriteByte(']')
	case Tuple:
		b.WriteByte('(')
		list(v)
		if len(v) == 1 {
			b.WriteByte(',')
		}
		b.WriteByte(')')
	case *Dict:
		b.WriteByte('{')
		for i, k := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			writeRepr(b, k, depth+1)
			b.WriteString(": ")
			writeRepr(b, v.values[i], depth+1)
		}
		b.WriteByte('}')
	case span:
		fmt.Fprintf(b, "range(%d, %d", v.start, v.stop)
		if v.step != 1 {
			fmt.Fprintf(b, ", %d", v.step)
		}
		b.WriteByte(')')
	case view:
		b.WriteString(v.name + "([")
		list(v.all())
		b.WriteString("])")
	case absent:
		b.WriteString("Undefined")
	case undefined:
		if depth > 0 { // where only using it is an error
			b.WriteString("Undefined")
			return
		}
		fail("%s", string(v))
	case markup:
		fail("how a text that is marked as safe looks in a list is not known")
	case *generator:
		fail("the text of %s is its address in Python: a |list belongs behind it", kind(v))
	default:
		fail("%s cannot be shown", kind(v))
	}
}

// float writes a number as Python does: the shortest digits that give it back,
// with an exponent below 1e-4 and from 1e16.
func float(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// quote writes a text as Python's repr does.
func quote(b *strings.Builder, s string) {
	q := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	b.WriteRune(q)
	for _, r := range s {
		switch {
		case r == q || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			writeNumber(b, r)
		}
	}
	b.WriteRune(q)
}

// writeNumber writes a character as the escape with its number.
func writeNumber(b *strings.Builder, r rune) {
	switch {
	case r < 0x100:
		fmt.Fprintf(b, `\x%02x`, r)
	case r < 0x10000:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}
