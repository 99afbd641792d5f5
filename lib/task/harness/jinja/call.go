package jinja

import (
	"slices"
	"strings"
)

// arguments are what a function, filter or test is called with.
type arguments struct {
	what  string
	list  []any
	named map[string]any
	order []string // the names, as they were written
	work  *work
}

// get returns the argument at a place or with a name.
func (a *arguments) get(i int, name string) (any, bool) {
	if i >= 0 && i < len(a.list) {
		return a.list[i], true
	}
	v, ok := a.named[name]
	return v, ok
}

// parameters are what something takes: names with spaces between them, behind
// which a / says that they cannot be given by name; "*" is anything.
type parameters string

// check refuses arguments that the parameters have no place for.
func (p parameters) check(a *arguments) {
	if p == "*" || len(a.list) == 0 && len(a.order) == 0 {
		return
	}
	names, places := strings.CutSuffix(string(p), "/")
	list := strings.Fields(names)
	if len(a.list) > len(list) {
		fail("%s takes at most %d arguments, not %d", a.what, len(list), len(a.list))
	}
	for _, name := range a.order {
		i := slices.Index(list, name)
		switch {
		case i < 0 || places:
			fail("%s takes no argument with the name %q", a.what, name)
		case i < len(a.list):
			fail("%s has the argument %q twice", a.what, name)
		}
	}
}

func (a *arguments) value(i int, name string) any {
	v, ok := a.get(i, name)
	if !ok {
		fail("%s needs the argument %q", a.what, name)
	}
	return defined(v)
}

func (a *arguments) text(i int, name string) string {
	v := a.value(i, name)
	s, ok := v.(string)
	if !ok {
		fail("%s: the argument %q is %s, not a text", a.what, name, kind(v))
	}
	return s
}

func (a *arguments) textOr(i int, name, otherwise string) string {
	if _, ok := a.get(i, name); !ok {
		return otherwise
	}
	return a.text(i, name)
}

func (a *arguments) int(i int, name string) int {
	v := a.value(i, name)
	n, ok := whole(v)
	if !ok {
		fail("%s: the argument %q is %s, not a whole number", a.what, name, kind(v))
	}
	return n
}

func (a *arguments) intOr(i int, name string, otherwise int) int {
	if _, ok := a.get(i, name); !ok {
		return otherwise
	}
	return a.int(i, name)
}

// intOrNone also takes none for an argument that is not there.
func (a *arguments) intOrNone(i int, name string, otherwise int) int {
	if v, _ := a.get(i, name); v == nil {
		return otherwise
	}
	return a.int(i, name)
}

func (a *arguments) flag(i int, name string) bool {
	v, ok := a.get(i, name)
	return ok && truth(v)
}

// switched is a flag that has to be a whole number or a bool.
func (a *arguments) switched(i int, name string) bool { return a.intOr(i, name, 0) != 0 }

// globals are the functions that every template sees.
var globals = map[string]any{
	"range": function{"range", "start stop step/", func(_ *frame, a *arguments) any {
		start, stop, step := 0, 0, 1
		switch len(a.list) {
		case 1:
			stop = a.int(0, "stop")
		case 2, 3:
			start, stop, step = a.int(0, "start"), a.int(1, "stop"), a.intOr(2, "step", 1)
		}
		if step == 0 || len(a.list) == 0 {
			fail("range needs one to three whole numbers, the last not 0")
		}
		r := span{start: start, stop: stop, step: step}
		for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
			if r.items = append(r.items, i); len(r.items) > 100000 { // Jinja's sandbox allows as many
				fail("a range of more than 100000 numbers")
			}
		}
		return r
	}},
	"dict": function{"dict", "*", func(_ *frame, a *arguments) any {
		d := &Dict{}
		d.updateWith(a)
		return d
	}},
	"namespace": function{"namespace", "*", func(_ *frame, a *arguments) any {
		n := &namespace{}
		n.names.updateWith(a)
		return n
	}},
}

// updateWith sets the pairs of at most one value and of the arguments with names.
func (d *Dict) updateWith(a *arguments) {
	if len(a.list) > 1 {
		fail("%s takes at most 1 argument without a name, not %d", a.what, len(a.list))
	}
	if len(a.list) == 1 {
		d.update(a.list[0])
	}
	for _, name := range a.order {
		d.Set(name, a.named[name])
	}
}

// update sets the pairs of a dictionary, or of a list of pairs.
func (d *Dict) update(v any) {
	if from, ok := v.(*Dict); ok {
		for i, k := range from.keys {
			d.Set(k, from.values[i])
		}
		return
	}
	for _, pair := range iterate(v) {
		parts := iterate(pair)
		if len(parts) != 2 {
			fail("a pair has %d parts", len(parts))
		}
		d.Set(parts[0], parts[1])
	}
}
