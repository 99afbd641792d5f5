package jinja

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// digits is a text of a number as int and float read it: without white space at
// its ends, with ASCII digits, and without the "_" between them. ok is false for
// other places of "_".
func digits(s string) (text string, ok bool) {
	s = strings.Map(func(r rune) rune {
		if r > 127 {
			for _, t := range unicode.Nd.R16 { // tens of digits from 0 to 9
				if r >= rune(t.Lo) && r <= rune(t.Hi) {
					return '0' + (r-rune(t.Lo))%10
				}
			}
			for _, t := range unicode.Nd.R32 {
				if r >= rune(t.Lo) && r <= rune(t.Hi) {
					return '0' + (r-rune(t.Lo))%10
				}
			}
		}
		return r
	}, strings.TrimFunc(s, isSpace))
	isDigit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i := range len(s) {
		if s[i] == '_' && !(isDigit(i-1) && isDigit(i+1)) {
			return "", false
		}
	}
	return strings.ReplaceAll(s, "_", ""), true
}

// parseFloat is Python's float of a text.
func parseFloat(s string) (x float64, ok bool) {
	s, ok = digits(s)
	if !ok || strings.ContainsAny(s, "xXpP") {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil || errors.Is(err, strconv.ErrRange)
}

// truncated is Python's int of a number.
func truncated(x float64) (n int, ok bool) {
	if math.IsNaN(x) {
		return 0, false
	}
	if math.Abs(x) >= 1<<63 {
		fail("%s as a whole number has more than 63 bits", float(x))
	}
	return int(x), true
}

// mustConvert refuses what int and float do not take for their default.
func mustConvert(v any, a *arguments) {
	if _, ok := v.(absent); ok {
		fail("%s: an inline if without else is no number", a.what)
	}
	mustBePlain(v, a)
}

func intFilter(_ *frame, v any, a *arguments) any {
	otherwise, ok := a.get(0, "default")
	if !ok {
		otherwise = 0
	}
	base := a.intOr(1, "base", 10)
	if n, ok := whole(v); ok {
		return n
	}
	switch v := v.(type) {
	case float64:
		if n, ok := truncated(v); ok {
			return n
		}
	case string:
		if base != 10 && (base < 2 || base > 36 || strings.ContainsAny(v, "_xXoObB")) {
			fail("int: the base %d for %s is not known", base, repr(v))
		}
		if s, ok := digits(v); ok {
			n, err := strconv.ParseInt(s, base, 64)
			if err == nil {
				return int(n)
			}
			if errors.Is(err, strconv.ErrRange) {
				fail("%s as a whole number has more than 63 bits", v)
			}
		}
		if x, ok := parseFloat(v); ok && !math.IsInf(x, 0) {
			if n, ok := truncated(x); ok {
				return n
			}
		}
	default:
		mustConvert(v, a)
	}
	return otherwise
}

func floatFilter(_ *frame, v any, a *arguments) any {
	if isNumber(v) {
		return real(v)
	}
	mustConvert(v, a)
	if s, ok := v.(string); ok {
		if x, ok := parseFloat(s); ok {
			return x
		}
	}
	if d, ok := a.get(0, "default"); ok {
		return d
	}
	return 0.0
}

// round is Jinja's: "common" is Python's round, of the exact binary value.
func round(_ *frame, v any, a *arguments) any {
	n, way := a.intOr(0, "precision", 0), a.textOr(1, "method", "common")
	x := real(signed(v))
	if way != "ceil" && way != "floor" && way != "common" {
		fail("round: the method %q is not \"common\", \"ceil\" or \"floor\"", way)
	}
	if way == "common" {
		if i, ok := whole(v); ok {
			return roundWhole(i, n)
		}
		return roundFloat(x, n)
	}
	if n < -22 || n > 22 {
		fail("round: the precision %d is not known with the method %q", n, way)
	}
	p := math.Pow(10, float64(n))
	if math.IsInf(x*p, 0) || math.IsNaN(x) {
		fail("round: %s is too large", float(x))
	}
	if way == "ceil" {
		return math.Ceil(x*p)/p + 0 // without the sign of zero, which whole numbers lack
	}
	return math.Floor(x*p)/p + 0
}

// roundWhole rounds a whole number to 10^-n, half to even.
func roundWhole(i, n int) int {
	if n >= 0 {
		return i
	}
	if n < -18 {
		if n > -20 {
			fail("round: the precision %d is not known", n)
		}
		return 0
	}
	p := 1
	for range -n {
		p *= 10
	}
	q, r := floored(i, p)
	if r > p-r || r == p-r && q%2 != 0 {
		q++
	}
	return multiply(q, p, func() { fail("round: the result has more than 63 bits") })
}

// roundFloat rounds the exact value of x to 10^-n, half to even.
func roundFloat(x float64, n int) float64 {
	switch {
	case n > 323 || x == 0 || math.IsInf(x, 0) || math.IsNaN(x):
		return x
	case n >= 0:
		r, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', n, 64), 64)
		return r
	case n < -308:
		return math.Copysign(0, x)
	}
	p := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-n)), nil))
	q := new(big.Rat).SetFloat64(math.Abs(x))
	q.Quo(q, p)
	whole, rest := new(big.Int).QuoRem(q.Num(), q.Denom(), new(big.Int))
	switch c := rest.Lsh(rest, 1).Cmp(q.Denom()); {
	case c > 0, c == 0 && whole.Bit(0) == 1:
		whole.Add(whole, big.NewInt(1))
	}
	r, _ := q.Mul(q.SetInt(whole), p).Float64()
	if math.IsInf(r, 0) {
		fail("round: the result is too large")
	}
	return math.Copysign(r, x)
}

// tojson is Jinja's: as json.dumps, with sorted keys and escapes for HTML.
func tojson(_ *frame, v any, a *arguments) any {
	if w, ok := a.get(0, "indent"); ok && w != nil {
		fail("tojson: indent is not known")
	}
	var b strings.Builder
	writeJSON(&b, v, 0)
	return markup(strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(bounded(b.String())))
}

func writeJSON(b *strings.Builder, v any, depth int) {
	mustNest(depth)
	mustFit(b.Len())
	switch v := unmarked(v).(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case float64:
		switch {
		case math.IsNaN(v):
			b.WriteString("NaN")
		case math.IsInf(v, 0):
			b.WriteString(strings.Replace(float(v), "inf", "Infinity", 1))
		default:
			b.WriteString(float(v))
		}
	case string:
		var j bytes.Buffer
		enc := json.NewEncoder(&j)
		enc.SetEscapeHTML(false)
		enc.Encode(v)
		for _, r := range strings.TrimSuffix(j.String(), "\n") {
			switch {
			case r < 0x7f:
				b.WriteRune(r)
			case r < 0x10000:
				b.WriteString(`\u` + hex4(r))
			default:
				r -= 0x10000
				b.WriteString(`\u` + hex4(0xd800+r>>10) + `\u` + hex4(0xdc00+r&0x3ff))
			}
		}
	case *List, Tuple:
		b.WriteByte('[')
		for i, e := range iterate(v) {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSON(b, e, depth+1)
		}
		b.WriteByte(']')
	case *Dict:
		pairs := v.pairs()
		sorted(nil, pairs, false, func(v any) any { return v.(Tuple)[0] })
		b.WriteByte('{')
		for i, pair := range pairs {
			if i > 0 {
				b.WriteString(", ")
			}
			switch key := pair.(Tuple)[0].(type) {
			case string:
				writeJSON(b, key, depth+1)
			default: // as the text of its JSON
				b.WriteByte('"')
				writeJSON(b, key, depth+1)
				b.WriteByte('"')
			}
			b.WriteString(": ")
			writeJSON(b, pair.(Tuple)[1], depth+1)
		}
		b.WriteByte('}')
	default:
		fail("tojson: %s is no JSON", kind(v))
	}
}

func hex4(r rune) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", 4-len(s)) + s
}
