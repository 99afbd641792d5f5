package jinja

// behind is the arguments from the nth on.
func (a *arguments) behind(n int) *arguments {
	return &arguments{list: a.list[n:], named: a.named, order: a.order, work: a.work}
}

func mapFilter(f *frame, v any, a *arguments) any {
	l := generatorOf(v, nil)
	if !truth(v) { // then Jinja does not look at the arguments
		return l
	}
	list := iterate(v)
	if key, ok := a.named["attribute"]; ok && len(a.list) == 0 {
		parameters("attribute default").check(a)
		otherwise := a.named["default"]
		get := getter(key)
		for _, e := range list {
			f.step()
			x := get(e)
			if kind(x) == "Undefined" && otherwise != nil {
				x = otherwise
			}
			l.items = append(l.items, x)
		}
		return l
	}
	if len(a.list) == 0 {
		fail("map needs the name of a filter, or attribute=")
	}
	name := a.text(0, "filter")
	fn, ok := filterSet[name]
	if !ok {
		fail("the filter %q is not known", name)
	}
	for _, e := range list {
		f.step()
		l.items = append(l.items, fn.apply(name, f, e, a.behind(1)))
	}
	return l
}

func selectFilter(attribute, keep bool) filterFunc {
	return func(f *frame, v any, a *arguments) any {
		l := generatorOf(v, nil)
		if !truth(v) {
			return l
		}
		list := iterate(v)
		get, at := getter(nil), 0
		if attribute {
			if len(a.list) == 0 {
				fail("%s needs the name of an attribute", a.what)
			}
			get, at = getter(a.list[0]), 1
		}
		is := func(v any) bool { return truth(v) }
		if len(a.list) > at {
			name, ok := a.list[at].(string)
			test, known := testSet[name]
			if !ok || !known {
				fail("the test %s is not known", repr(a.list[at]))
			}
			is = func(v any) bool { return test.apply(name, a.work, v, a.behind(at+1)) }
		}
		for _, e := range list {
			f.step()
			if is(get(e)) == keep {
				l.items = append(l.items, e)
			}
		}
		return l
	}
}
