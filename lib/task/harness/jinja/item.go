package jinja

import (
	"fmt"
	"slices"
	"strings"
)

// item is object[key].
func item(object, key any) any {
	defined(key)
	switch o := defined(object).(type) {
	case absent:
		fail("an inline if without else has no %s", repr(key))
	case *Dict:
		if v, ok := o.Get(key); ok {
			return v
		}
	case *List, Tuple, string, span:
		if b, ok := key.(bool); ok {
			key = b2i(b)
		}
		if i, ok := key.(int); ok {
			n := length(object)
			if i < 0 {
				i += n
			}
			if i < 0 || i >= n {
				return undefined(kind(object) + " has no element " + repr(key))
			}
			switch o := o.(type) {
			case *List:
				return o.Items[i]
			case Tuple:
				return o[i]
			case string:
				for _, r := range o {
					if i--; i < 0 {
						return string(r)
					}
				}
			}
			return iterate(object)[i]
		}
	}
	if name, ok := key.(string); ok {
		if m := method(object, name); m != nil {
			return m
		}
		mustMiss(object, name)
	}
	return undefined(fmt.Sprintf("'%s object' has no attribute %s", kind(object), repr(key)))
}

// attribute is object.name: a method, else an element.
func attribute(object any, name string) any {
	switch o := defined(object).(type) {
	case absent:
		fail("an inline if without else has no %q", name)
	case *Dict:
		if v, ok := o.Get(name); ok && method(o, name) == nil {
			return v
		}
	}
	return member(object, name)
}

// member is Python's getattr.
func member(object any, name string) any {
	if m := method(object, name); m != nil {
		return m
	}
	switch o := object.(type) {
	case *namespace:
		if v, ok := o.names.Get(name); ok {
			return v
		}
	case *loop:
		if v, ok := o.attribute(name); ok {
			return v
		}
	}
	mustMiss(object, name)
	return undefined(fmt.Sprintf("'%s object' has no attribute '%s'", kind(object), name))
}

// attributes are those that Python's values have and that are not known here.
var attributes = map[string]string{
	"str":         "encode expandtabs format_map isidentifier isprintable istitle maketrans translate",
	"int":         "as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag is_integer numerator real to_bytes",
	"float":       "as_integer_ratio conjugate fromhex hex imag is_integer real",
	"dict":        "fromkeys popitem",
	"range":       "count index start step stop",
	"dict_keys":   "isdisjoint mapping",
	"dict_items":  "isdisjoint mapping",
	"dict_values": "mapping",
	"a generator": "close gi_code gi_frame gi_running gi_suspended gi_yieldfrom send throw",
}

// mustMiss refuses an attribute that is missing here and not in Python.
func mustMiss(object any, name string) {
	of := kind(object)
	if of == "bool" {
		of = "int"
	}
	_, isLoop := object.(*loop)
	if strings.HasPrefix(name, "__") || isLoop || of == "a function" || of == "Markup" || slices.Contains(strings.Fields(attributes[of]), name) {
		fail("the attribute %q of %s is not known", name, kind(object))
	}
}

func (l *loop) attribute(name string) (any, bool) {
	n := len(l.items)
	near := func(i int, what string) any {
		if i < 0 || i >= n {
			return undefined("there is no " + what + " item")
		}
		return l.items[i]
	}
	switch name {
	case "index":
		return l.i + 1, true
	case "index0":
		return l.i, true
	case "revindex":
		return n - l.i, true
	case "revindex0":
		return n - l.i - 1, true
	case "first":
		return l.i == 0, true
	case "last":
		return l.i == n-1, true
	case "length":
		return n, true
	case "depth": // of recursive loops
		return 1, true
	case "depth0":
		return 0, true
	case "previtem":
		return near(l.i-1, "previous"), true
	case "nextitem":
		return near(l.i+1, "next"), true
	case "cycle":
		return function{"cycle", "*", func(_ *frame, a *arguments) any {
			if len(a.list) == 0 || len(a.named) > 0 {
				fail("cycle needs values without names")
			}
			return a.list[l.i%len(a.list)]
		}}, true
	case "changed":
		return function{"changed", "*", func(_ *frame, a *arguments) any {
			if len(a.named) > 0 {
				fail("changed takes no arguments with names")
			}
			now := Tuple(a.list)
			same := l.began && equal(a.work, l.last, now)
			l.last, l.began = now, true
			return !same
		}}, true
	}
	return nil, false
}

// slice is object[start:stop:step].
func slice(object any, bounds [3]any) any {
	switch object.(type) {
	case *List, Tuple, string:
	default:
		fail("%s has no slices here", kind(object))
	}
	items := iterate(object)
	n := len(items)
	step := 1
	index := func(v any, otherwise int) int {
		switch v := v.(type) {
		case nil:
			return otherwise
		case bool:
			return b2i(v)
		case int:
			return v
		}
		fail("%s where a whole number should stand", kind(v))
		return 0
	}
	if step = index(bounds[2], 1); step == 0 {
		fail("a slice's step is 0")
	}
	low, high := 0, n
	start, stop := 0, n
	if step < 0 {
		low, high = -1, n-1
		start, stop = n-1, -1
	}
	bound := func(v any, otherwise int) int {
		if v == nil {
			return otherwise
		}
		i := index(v, 0)
		if i < 0 {
			i += n
		}
		return max(low, min(i, high))
	}
	start, stop = bound(bounds[0], start), bound(bounds[1], stop)
	var list []any
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		list = append(list, items[i])
		if step > n || step < -n {
			break
		}
	}
	switch object.(type) {
	case string:
		var b strings.Builder
		for _, c := range list {
			b.WriteString(c.(string))
		}
		return b.String()
	case Tuple:
		return Tuple(list)
	}
	return &List{Items: list}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
