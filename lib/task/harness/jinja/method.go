package jinja

import (
	"slices"
)

// methodOf is a method of values of one type.
type methodOf[T any] struct {
	takes parameters
	call  func(T, *arguments) any
}

func (m methodOf[T]) bind(name string, object T) any {
	return function{name, m.takes, func(_ *frame, a *arguments) any {
		if name != "append" {
			a.work.handle(object)
		}
		return m.call(object, a)
	}}
}

// method returns a method of a value, nil if there is none of that name.
func method(object any, name string) any {
	switch o := object.(type) {
	case string:
		if m, ok := textMethods[name]; ok {
			return m.bind(name, o)
		}
	case *List:
		if m, ok := listMethods[name]; ok {
			return m.bind(name, o)
		}
	case Tuple:
		if name == "index" || name == "count" {
			return listMethods[name].bind(name, &List{Items: o})
		}
	case *Dict:
		if m, ok := dictMethods[name]; ok {
			return m.bind(name, o)
		}
	}
	return nil
}

var dictMethods = map[string]methodOf[*Dict]{
	"keys":   {"", func(d *Dict, _ *arguments) any { return view{"dict_keys", slices.Clone(d.keys), d, d.version} }},
	"values": {"", func(d *Dict, _ *arguments) any { return view{"dict_values", slices.Clone(d.values), d, d.version} }},
	"items":  {"", func(d *Dict, _ *arguments) any { return view{"dict_items", d.pairs(), d, d.version} }},
	"copy": {"", func(d *Dict, _ *arguments) any {
		c := &Dict{}
		c.update(d)
		return c
	}},
	"clear": {"", func(d *Dict, _ *arguments) any {
		*d = Dict{version: d.version + 1}
		return nil
	}},
	"get": {"key default/", func(d *Dict, a *arguments) any {
		if v, ok := d.Get(a.value(0, "key")); ok {
			return v
		}
		v, _ := a.get(1, "default")
		return v
	}},
	"setdefault": {"key default/", func(d *Dict, a *arguments) any {
		key := a.value(0, "key")
		if v, ok := d.Get(key); ok {
			return v
		}
		v, _ := a.get(1, "default")
		d.Set(key, v)
		return v
	}},
	"update": {"*", func(d *Dict, a *arguments) any {
		d.updateWith(a)
		return nil
	}},
	"pop": {"key default/", func(d *Dict, a *arguments) any {
		key := a.value(0, "key")
		v, ok := d.Get(key)
		if !ok {
			if v, ok = a.get(1, "default"); !ok {
				fail("pop: no key %s", repr(key))
			}
			return v
		}
		rest, gone := Dict{}, hashable(key)
		for i, k := range d.keys {
			if hashable(k) != gone {
				rest.Set(k, d.values[i])
			}
		}
		rest.version = d.version + 1
		*d = rest
		return v
	}},
}

var listMethods = map[string]methodOf[*List]{
	"index": {"value start stop/", func(l *List, a *arguments) any {
		v := a.value(0, "value")
		n := len(l.Items)
		from, to := clamp(a.intOr(1, "start", 0), n), clamp(a.intOr(2, "stop", n), n)
		for i := from; i < to; i++ {
			if equal(a.work, l.Items[i], v) {
				return i
			}
		}
		fail("%s is not in the list %s", repr(v), repr(l))
		return nil
	}},
	"count": {"value/", func(l *List, a *arguments) any {
		v, n := a.value(0, "value"), 0
		for _, e := range l.Items {
			n += b2i(equal(a.work, e, v))
		}
		return n
	}},
	"append": {"value/", func(l *List, a *arguments) any {
		l.version++
		l.Items = append(l.Items, a.value(0, "value"))
		return nil
	}},
	"extend": {"values/", func(l *List, a *arguments) any {
		l.version++
		l.Items = appended(l.Items, iterate(a.value(0, "values")))
		return nil
	}},
	"insert": {"index value/", func(l *List, a *arguments) any {
		l.version++
		l.Items = slices.Insert(l.Items, clamp(a.int(0, "index"), len(l.Items)), a.value(1, "value"))
		return nil
	}},
	"pop": {"index/", func(l *List, a *arguments) any {
		l.version++
		i := a.intOr(0, "index", -1)
		if i < 0 {
			i += len(l.Items)
		}
		if i < 0 || i >= len(l.Items) {
			fail("pop: no element %d", i)
		}
		v := l.Items[i]
		l.Items = slices.Delete(l.Items, i, i+1)
		return v
	}},
	"remove": {"value/", func(l *List, a *arguments) any {
		l.version++
		v := a.value(0, "value")
		i := slices.IndexFunc(l.Items, func(e any) bool { return equal(a.work, e, v) })
		if i < 0 {
			fail("remove: %s is not in the list", repr(v))
		}
		l.Items = slices.Delete(l.Items, i, i+1)
		return nil
	}},
	"reverse": {"", func(l *List, _ *arguments) any {
		l.version++
		slices.Reverse(l.Items)
		return nil
	}},
	"sort": {"key reverse", func(l *List, a *arguments) any {
		l.version++
		if key, _ := a.get(-1, "key"); len(a.list) > 0 || key != nil {
			fail("sort takes no argument but reverse= here")
		}
		sorted(a.work, l.Items, a.switched(-1, "reverse"), same)
		return nil
	}},
	"copy": {"", func(l *List, _ *arguments) any { return &List{Items: slices.Clone(l.Items)} }},
	"clear": {"", func(l *List, _ *arguments) any {
		l.version++
		l.Items = nil
		return nil
	}},
}

// clamp turns a start or end of a slice into a place from 0 to n.
func clamp(i, n int) int {
	if i < 0 {
		i += n
	}
	return max(0, min(i, n))
}

func same(v any) any { return v }

// sorted sorts a list by a key of its parts.
func sorted(w *work, list []any, reverse bool, key func(any) any) {
	slices.SortStableFunc(list, func(a, b any) int {
		n := order(w, key(a), key(b))
		if reverse {
			return -n
		}
		return n
	})
}

func texts(list []string) *List {
	l := &List{}
	for _, s := range list {
		l.Items = append(l.Items, s)
	}
	return l
}
