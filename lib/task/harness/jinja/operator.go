package jinja

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
	"strings"
)

// mustFit refuses a text of n bytes that is too long.
func mustFit(n int) {
	if n > maxText || n < 0 {
		fail("a text is longer than %d bytes", maxText)
	}
}

func bounded(s string) string {
	mustFit(len(s))
	return s
}

// appended is a list behind another, if that is not too long.
func appended(a, b []any) []any {
	if len(a)+len(b) > maxList {
		fail("a list of %d parts is too long", len(a)+len(b))
	}
	return slices.Concat(a, b)
}

// replaced is str.replace.
func replaced(s, old, by string, n int) string {
	found := strings.Count(s, old)
	if n >= 0 {
		found = min(found, n)
	}
	if by != "" && found > maxText/len(by) {
		mustFit(maxText + 1)
	}
	return bounded(strings.Replace(s, old, by, n))
}

// negative is Python's -v.
func negative(v any) any {
	if x, ok := v.(float64); ok {
		return -x
	}
	return arithmetic("-", 0, signed(v))
}

// signed refuses what has no sign.
func signed(v any) any {
	if !isNumber(v) {
		fail("%s has no sign", kind(v))
	}
	return v
}

func isNumber(v any) bool {
	switch v.(type) {
	case bool, int, float64:
		return true
	}
	return false
}

// whole returns an int or a bool as a whole number.
func whole(v any) (int, bool) {
	switch v := v.(type) {
	case bool:
		return b2i(v), true
	case int:
		return v, true
	}
	return 0, false
}

func real(v any) float64 {
	if f, ok := v.(float64); ok {
		return f
	}
	n, _ := whole(v)
	return float64(n)
}

// arithmetic is Python's a op b.
func arithmetic(op string, a, b any) any {
	defined(a)
	defined(b)
	if s, ok := a.(string); ok && op == "%" {
		return percent(s, b)
	}
	if isNumber(a) && isNumber(b) {
		x, left := whole(a)
		y, right := whole(b)
		const exact = 1 << 53 // what a float is sure to hold
		if left && right && op == "/" && y != 0 && (max(x, -x, y, -y) > exact || x == math.MinInt || y == math.MinInt) {
			q, _ := new(big.Rat).SetFrac(big.NewInt(int64(x)), big.NewInt(int64(y))).Float64()
			return q
		}
		if left && right && op != "/" {
			if v, ok := integers(op, x, y); ok {
				return v
			}
		}
		return floats(op, real(a), real(b))
	}
	switch op {
	case "+":
		switch a := a.(type) {
		case string:
			if b, ok := b.(string); ok {
				return bounded(a + b)
			}
		case *List:
			if b, ok := b.(*List); ok {
				return &List{Items: appended(a.Items, b.Items)}
			}
		case Tuple:
			if b, ok := b.(Tuple); ok {
				return Tuple(appended(a, b))
			}
		}
	case "*":
		if _, ok := whole(a); ok {
			a, b = b, a
		}
		if n, ok := whole(b); ok {
			return times(a, max(n, 0))
		}
	}
	fail("%s %s %s is not possible", kind(a), op, kind(b))
	return nil
}

// times is a repeated n times.
func times(a any, n int) any {
	repeated := func(items []any) []any {
		if len(items)*n > maxList {
			fail("a list of %d parts is too long", len(items)*n)
		}
		for _, e := range items {
			switch e.(type) {
			case *List, *Dict: // Jinja copies them where they are constant
				fail("a list of what can change, repeated, is not known")
			}
		}
		return slices.Repeat(items, n)
	}
	n = min(n, maxText+1)
	switch a := a.(type) {
	case string:
		mustFit(len(a) * n)
		return strings.Repeat(a, n)
	case *List:
		return &List{Items: repeated(a.Items)}
	case Tuple:
		return Tuple(repeated(a))
	}
	fail("%s cannot be repeated", kind(a))
	return nil
}

// integers computes with whole numbers; ok is false where the result is none.
func integers(op string, x, y int) (v any, ok bool) {
	tooLarge := func() { fail("%d %s %d is more than 63 bits", x, op, y) }
	switch op {
	case "+":
		if s := x + y; (s > x) == (y > 0) {
			return s, true
		}
		tooLarge()
	case "-":
		if s := x - y; (s < x) == (y > 0) {
			return s, true
		}
		tooLarge()
	case "*":
		return multiply(x, y, tooLarge), true
	case "//", "%":
		if y == 0 {
			fail("division by zero")
		}
		if x == math.MinInt && y == -1 {
			tooLarge()
		}
		q, r := floored(x, y)
		if op == "%" {
			return r, true
		}
		return q, true
	case "**":
		if y < 0 {
			return nil, false
		}
		p := 1
		for range y {
			if p = multiply(p, x, tooLarge); p == 0 || x == 1 {
				break
			}
			if x == -1 {
				return 1 - 2*(y%2), true
			}
		}
		return p, true
	}
	return nil, false
}

// floored is Python's divmod of whole numbers: the rest has the sign of y.
func floored(x, y int) (q, r int) {
	q, r = x/y, x%y
	if r != 0 && (r < 0) != (y < 0) {
		q, r = q-1, r+y
	}
	return q, r
}

func multiply(x, y int, tooLarge func()) int {
	hi, lo := bits.Mul64(uint64(max(x, -x)), uint64(max(y, -y)))
	if hi != 0 || lo > math.MaxInt64 {
		tooLarge()
	}
	return x * y
}

func floats(op string, x, y float64) any {
	if y == 0 && (op == "/" || op == "//" || op == "%") {
		fail("division by zero")
	}
	finite := func(r float64) any {
		if math.IsInf(r, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
			fail("%s %s %s is too large", float(x), op, float(y)) // Jinja does not know a constant inf
		}
		return r
	}
	switch op {
	case "+":
		return finite(x + y)
	case "-":
		return finite(x - y)
	case "*":
		return finite(x * y)
	case "/":
		return finite(x / y)
	case "//":
		q, _ := divided(x, y)
		return q
	case "%":
		_, r := divided(x, y)
		return r
	}
	p := power(x, y)
	if math.IsNaN(p) && x == x && y == y || math.IsInf(p, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		fail("%s ** %s is no number", float(x), float(y))
	}
	return p
}

// power is x to the power y as C has it, whose last digit math.Pow does not
// always give.
func power(x, y float64) float64 {
	switch {
	case y == 0 || x == 0 || math.IsInf(x, 0) || math.IsInf(y, 0) || x != x || y != y:
		return math.Pow(x, y)
	case y == .5:
		return math.Sqrt(x)
	case y != math.Trunc(y) || math.Abs(y) > 1<<16:
		fail("the power %s is not known", float(y))
	}
	const bits = 256
	result, factor := big.NewFloat(1).SetPrec(bits), big.NewFloat(x).SetPrec(bits)
	for n := int(math.Abs(y)); n > 0; n >>= 1 {
		if n&1 == 1 {
			result.Mul(result, factor)
		}
		factor.Mul(factor, factor)
	}
	if y < 0 {
		result.Quo(big.NewFloat(1).SetPrec(bits), result)
	}
	p, _ := result.Float64()
	return p
}

// divided is Python's divmod of floats: the rest has the sign of y, and the
// quotient is what x less the rest divides by.
func divided(x, y float64) (q, r float64) {
	r = math.Mod(x, y)
	q = (x - r) / y
	if r == 0 {
		r = math.Copysign(0, y)
	} else if (r < 0) != (y < 0) {
		r, q = r+y, q-1
	}
	if q == 0 {
		return math.Copysign(0, x/y), r
	}
	whole := math.Floor(q)
	if q-whole > .5 {
		whole++
	}
	return whole, r
}
