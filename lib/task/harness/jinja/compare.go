package jinja

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
)

// compare is Python's a op b.
func compare(w *work, op string, a, b any) bool {
	defined(a)
	defined(b)
	switch op {
	case "==":
		return equal(w, a, b)
	case "!=":
		return !equal(w, a, b)
	case "in":
		return contains(w, b, a)
	case "not in":
		return !contains(w, b, a)
	case "<":
		return order(w, a, b) == -1
	case "<=":
		return order(w, a, b) <= 0
	case ">":
		return order(w, a, b) == 1
	}
	n := order(w, a, b)
	return n == 0 || n == 1
}

func equal(w *work, a, b any) bool { return w.equal(a, b, 0) }

// unmarked makes a text of one that is marked as safe, which compares as such.
func unmarked(v any) any {
	if m, ok := v.(markup); ok {
		return string(m)
	}
	return v
}

func (w *work) equal(a, b any, depth int) bool {
	w.spend(partCost)
	mustNest(depth)
	if isNumber(a) && isNumber(b) {
		return order(w, a, b) == 0
	}
	a, b = unmarked(defined(a)), unmarked(defined(b))
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		b, ok := b.(string)
		return ok && a == b
	case *List:
		b, ok := b.(*List)
		return ok && w.equalLists(a.Items, b.Items, depth)
	case Tuple:
		b, ok := b.(Tuple)
		return ok && w.equalLists(a, b, depth)
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || len(a.keys) != len(b.keys) {
			return false
		}
		for i, k := range a.keys {
			if v, ok := b.Get(k); !ok || !w.equal(a.values[i], v, depth+1) {
				return false
			}
		}
		return true
	case span:
		b, ok := b.(span)
		return ok && slices.Equal(a.items, b.items)
	case absent:
		return b == a
	}
	switch b.(type) {
	case view, *generator, function, *namespace, *loop:
		fail("whether %s and %s are equal is not known", kind(a), kind(b))
	}
	return false
}

func (w *work) equalLists(a, b []any, depth int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !w.equal(a[i], b[i], depth+1) {
			return false
		}
	}
	return true
}

func contains(w *work, list, v any) bool {
	v = unmarked(v)
	switch l := unmarked(list).(type) {
	case string:
		s, ok := v.(string)
		if !ok {
			fail("%s in a text is not possible", kind(v))
		}
		return strings.Contains(l, s)
	case *Dict:
		_, ok := l.Get(v)
		return ok
	case *generator: // which goes on behind what was found
		for len(l.items) > 0 {
			if equal(w, l.take(1)[0], v) {
				return true
			}
		}
		return false
	}
	for _, e := range iterate(list) {
		if equal(w, e, v) {
			return true
		}
	}
	return false
}

// unordered is what order returns where a number is none.
const unordered = 2

// order returns -1, 0, 1 or unordered.
func order(w *work, a, b any) int { return w.order(a, b, 0) }

// exact is a number, which a float is not for every int.
func exact(v any) *big.Float {
	if n, ok := whole(v); ok {
		return new(big.Float).SetInt64(int64(n))
	}
	return big.NewFloat(real(v))
}

func (w *work) order(a, b any, depth int) int {
	w.spend(partCost)
	mustNest(depth)
	if isNumber(a) && isNumber(b) {
		x, left := whole(a)
		y, right := whole(b)
		if left && right {
			return cmp.Compare(x, y)
		}
		if math.IsNaN(real(a)) || math.IsNaN(real(b)) {
			return unordered
		}
		return exact(a).Cmp(exact(b))
	}
	a, b = unmarked(a), unmarked(b)
	lists := func(a, b []any) int {
		for i := range min(len(a), len(b)) {
			if !w.equal(a[i], b[i], depth+1) {
				return w.order(a[i], b[i], depth+1)
			}
		}
		return cmp.Compare(len(a), len(b))
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return cmp.Compare(x, y)
		}
	case *List:
		if y, ok := b.(*List); ok {
			return lists(x.Items, y.Items)
		}
	case Tuple:
		if y, ok := b.(Tuple); ok {
			return lists(x, y)
		}
	}
	fail("%s and %s have no order", kind(a), kind(b))
	return 0
}
