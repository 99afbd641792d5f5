package jinja

import "slices"

func (p *parser) postfix(e expression) expression {
	for n := 0; ; n++ {
		mustChain(n)
		switch {
		case p.op("."):
			object := e
			if p.at('i') {
				i := p.next().int
				e = func(f *frame) any { return item(object(f), i) }
				continue
			}
			name := p.name()
			e = func(f *frame) any { return attribute(object(f), name) }
		case p.op("["):
			e = p.subscript(e)
		case p.at('o', "("):
			e = p.call(e)
		default:
			return e
		}
	}
}

// subscript reads "key]" or "start:stop:step]".
func (p *parser) subscript(object expression) expression {
	var parts [3]expression
	n := 0
	for ; ; n++ {
		if n == 3 {
			fail("a slice has at most three parts")
		}
		if !p.at('o', ":", "]") {
			parts[n] = p.expr()
		}
		if !p.op(":") {
			break
		}
	}
	p.expect("]")
	if n == 0 {
		key := parts[0]
		if key == nil {
			fail("[] without a key")
		}
		return func(f *frame) any { return item(f.text(object(f)), key(f)) }
	}
	return func(f *frame) any {
		var bounds [3]any
		for i, e := range parts {
			if e != nil {
				bounds[i] = e(f)
			}
		}
		return f.work.handle(slice(f.work.handle(object(f)), bounds))
	}
}

// arguments reads "(a, b, name=c)".
func (p *parser) arguments() func(*frame) *arguments {
	p.expect("(")
	var list []expression
	var names []string
	var named []expression
	for first := true; !p.op(")"); first = false {
		if !first {
			p.expect(",")
			if p.op(")") {
				break
			}
		}
		if p.at('o', "*", "**") {
			fail("arguments with * are not known")
		}
		if p.at('n') && p.tokens[1].kind == 'o' && p.tokens[1].text == "=" {
			if slices.Contains(names, p.tokens[0].text) {
				fail("the argument %q stands twice", p.tokens[0].text)
			}
			names = append(names, p.next().text)
			p.next()
			named = append(named, p.expr())
			continue
		}
		if names != nil {
			fail("an argument without a name behind one with a name")
		}
		list = append(list, p.expr())
	}
	return func(f *frame) *arguments {
		a := &arguments{list: evaluate(f, list), order: names}
		for i, name := range names {
			if a.named == nil {
				a.named = map[string]any{}
			}
			a.named[name] = named[i](f)
		}
		return a
	}
}

func (p *parser) call(object expression) expression {
	args := p.arguments()
	return func(f *frame) any {
		f.step()
		switch fn := object(f).(type) {
		case function:
			a := args(f)
			a.what, a.work = fn.name, f.work
			fn.takes.check(a)
			for _, v := range a.list {
				f.work.handle(v)
			}
			return f.work.handle(fn.call(f, a))
		case undefined:
			fail("%s", string(fn))
		default:
			fail("%s is no function", repr(fn))
		}
		return nil
	}
}

// filters reads "| filter", "is test" and calls behind them.
func (p *parser) filters(e expression) expression {
	for n := 0; ; n++ {
		mustChain(n)
		switch {
		case p.op("|"):
			e = p.filter(e)
		case p.word("is"):
			e = p.test(e)
		case p.at('o', "("):
			e = p.call(e)
		default:
			return e
		}
	}
}

func (p *parser) filter(e expression) expression {
	name := p.name()
	fn, ok := filterSet[name]
	if !ok {
		fail("the filter %q is not known", name)
	}
	args := func(*frame) *arguments { return &arguments{} }
	if p.at('o', "(") {
		args = p.arguments()
	}
	return func(f *frame) any {
		f.step()
		v := e(f)
		return fn.apply(name, f, v, args(f))
	}
}

func (p *parser) test(e expression) expression {
	not := p.word("not")
	name := p.name()
	fn, ok := testSet[name]
	if !ok {
		fail("the test %q is not known", name)
	}
	args := func(*frame) *arguments { return &arguments{} }
	switch {
	case p.at('o', "("):
		args = p.arguments()
	case p.at('n', "if", "is", "in", "not"):
		fail("%s behind a test", p.found()) // Jinja takes it for the test's argument
	case p.at('n') && !p.at('n', "else", "or", "and") || p.at('s') || p.at('i') || p.at('f') || p.at('o', "[", "{"):
		one := p.postfix(p.primary())
		args = func(f *frame) *arguments { return &arguments{list: []any{one(f)}} }
	}
	return func(f *frame) any {
		v := e(f)
		return fn.apply(name, f.work, v, args(f)) != not
	}
}
