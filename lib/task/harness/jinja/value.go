package jinja

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// Values are nil, bool, int, float64, string, *List, Tuple, *Dict and the types
// below that Dict.

// List is a list, which templates can change.
type List struct {
	Items   []any
	version int // of the changes that templates make
}

// Tuple is a list that does not change.
type Tuple []any

// Dict is a dictionary that keeps the order of its keys: texts, numbers, bool
// and nil. The zero value is empty.
type Dict struct {
	keys    []any
	values  []any
	places  map[any]int
	version int
}

// undefined is the value of what is not there; using it is an error, which it
// words.
type undefined string

// absent is the value of "a if b" where b is false: undefined, but shown as
// nothing even where undefined names are errors.
type absent struct{}

// function is what can be called.
type function struct {
	name  string
	takes parameters
	call  func(*frame, *arguments) any
}

// markup is a text that escaping leaves as it is. In sums and formats it escapes
// the other texts, so that only what leaves it alone is known here.
type markup string

// span is what range gives.
type span struct {
	start, stop, step int
	items             []any
}

// view is what the methods keys, values and items of a dictionary give.
type view struct {
	name    string
	items   []any
	of      *Dict
	version int
}

// all returns the parts, if they are still those of the dictionary.
func (v view) all() []any {
	if v.of.version != v.version {
		fail("%s of a dictionary that has changed are not known", v.name)
	}
	return v.items
}

// generator is what many filters give: it can be gone through once, and has
// neither length nor text. Python makes its parts when they are asked for, so that
// it must be of what has not changed since.
type generator struct {
	items   []any
	of      any
	version int
}

func generatorOf(v any, items []any) *generator {
	return &generator{items: items, of: v, version: versionOf(v)}
}

// versionOf returns the version of what templates can change.
func versionOf(v any) int {
	switch v := v.(type) {
	case *List:
		return v.version
	case *Dict:
		return v.version
	case view:
		return v.of.version
	case *generator:
		if v.of != nil {
			return versionOf(v.of)
		}
	}
	return 0
}

// take removes up to n parts, all where n is negative.
func (g *generator) take(n int) []any {
	if versionOf(g.of) != g.version {
		fail("%s of %s that has changed is not known", kind(g), kind(g.of))
	}
	if n < 0 || n > len(g.items) {
		n = len(g.items)
	}
	taken := g.items[:n:n]
	g.items = g.items[n:]
	return taken
}

// namespace is what "set x.y" changes.
type namespace struct{ names Dict }

// loop is the variable of that name.
type loop struct {
	items []any
	i     int
	last  any // of changed
	began bool
}

// hashable returns the form of a key in which equal keys are equal: 1, 1.0 and
// True are.
func hashable(k any) any {
	switch k := k.(type) {
	case bool:
		if k {
			return 1
		}
		return 0
	case float64:
		if k == math.Trunc(k) && math.Abs(k) < 1<<63 {
			return int(k)
		}
		return k
	case nil, int, string:
		return k
	case markup:
		return string(k)
	}
	fail("%s cannot be a key", kind(k))
	return nil
}

// Set gives a key a value; a new key is the last one.
func (d *Dict) Set(key, value any) {
	h := hashable(key)
	d.version++
	if i, ok := d.places[h]; ok {
		d.values[i] = value
		return
	}
	if d.places == nil {
		d.places = map[any]int{}
	}
	d.places[h] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, value)
}

// Get returns the value of a key, and whether there is one.
func (d *Dict) Get(key any) (any, bool) {
	i, ok := d.places[hashable(key)]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// Keys and Values return the keys in their order, and the values in the order of
// their keys.
func (d *Dict) Keys() []any { return slices.Clone(d.keys) }

// Values: see Keys.
func (d *Dict) Values() []any { return slices.Clone(d.values) }

func (d *Dict) pairs() []any {
	list := make([]any, len(d.keys))
	for i, k := range d.keys {
		list[i] = Tuple{k, d.values[i]}
	}
	return list
}

// From copies a value and turns []any and map[string]any into lists and
// dictionaries (with sorted keys), all the way down. A type that is no value of a
// template is shown as fmt.Sprint does.
func From(v any) any {
	switch v := v.(type) {
	case nil, bool, int, float64, string:
		return v
	case *List:
		return From(v.Items)
	case Tuple:
		t := make(Tuple, len(v))
		for i, e := range v {
			t[i] = From(e)
		}
		return t
	case *Dict:
		d := &Dict{}
		for i, k := range v.keys {
			d.Set(k, From(v.values[i]))
		}
		return d
	case []any:
		l := &List{Items: make([]any, len(v))}
		for i, e := range v {
			l.Items[i] = From(e)
		}
		return l
	case map[string]any:
		d := &Dict{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			d.Set(k, From(v[k]))
		}
		return d
	case []string:
		l := &List{}
		for _, e := range v {
			l.Items = append(l.Items, e)
		}
		return l
	case int64:
		return int(v)
	case uint64:
		return int(v)
	}
	return fmt.Sprint(v)
}

// kind is the name of a value's type in Python.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case function:
		return "a function"
	case undefined, absent:
		return "Undefined"
	case markup:
		return "Markup"
	case span:
		return "range"
	case view:
		return v.name
	case *generator:
		return "a generator"
	}
	return fmt.Sprintf("%T", v)
}

// truth is Python's bool.
func truth(v any) bool {
	switch v := v.(type) {
	case nil, absent:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case *List:
		return len(v.Items) > 0
	case Tuple:
		return len(v) > 0
	case *Dict:
		return len(v.keys) > 0
	case markup:
		return v != ""
	case span:
		return len(v.items) > 0
	case view:
		return len(v.all()) > 0
	case undefined:
		fail("%s", string(v))
	}
	return true
}

// iterate returns what a loop over the value goes through.
func iterate(v any) []any {
	switch v := v.(type) {
	case *List:
		return slices.Clone(v.Items)
	case Tuple:
		return v
	case *Dict:
		return slices.Clone(v.keys)
	case string:
		if len(v) > maxList {
			fail("the characters of a text of %d bytes are too many", len(v))
		}
		list := make([]any, 0, len(v))
		for _, r := range v {
			list = append(list, string(r))
		}
		return list
	case markup:
		fail("the parts of a text that is marked as safe are not known")
	case span:
		return v.items
	case view:
		return v.all()
	case *generator:
		return v.take(-1)
	case absent:
		return nil
	case undefined:
		fail("%s", string(v))
	}
	fail("%s has no parts to go through", kind(v))
	return nil
}

// length is Python's len.
func length(v any) int {
	switch v := v.(type) {
	case *List:
		return len(v.Items)
	case Tuple:
		return len(v)
	case *Dict:
		return len(v.keys)
	case string:
		return utf8.RuneCountInString(v)
	case markup:
		return utf8.RuneCountInString(string(v))
	case span:
		return len(v.items)
	case view:
		return len(v.all())
	case absent:
		return 0
	case undefined:
		fail("%s", string(v))
	}
	fail("%s has no length", kind(v))
	return 0
}
