package jinja

import (
	"slices"
	"strings"
)

// statement writes its part of the text.
type statement func(*frame, *strings.Builder)

func run(body []statement, f *frame, b *strings.Builder) {
	for _, s := range body {
		f.step()
		n := b.Len()
		s(f, b)
		f.work.spend(b.Len() - n)
		mustFit(b.Len())
	}
}

// text runs a body and returns what it writes.
func text(body []statement, f *frame) string {
	var b strings.Builder
	run(body, f, &b)
	return b.String()
}

// statements reads the parts of a template until one of the words that end or
// divide a block; the rest of that tag is left in tokens. The word is "" at the
// end of the template.
func (p *parser) statements() (body []statement, end string) {
	defer p.deeper()()
	for len(p.pieces) > 0 {
		at := p.pieces[0]
		p.pieces = p.pieces[1:]
		p.tokens = at.tokens
		switch at.kind {
		case 't':
			body = append(body, func(_ *frame, b *strings.Builder) { b.WriteString(at.text) })
		case 'v':
			if p.at(0) {
				fail("{{ }} without a value")
			}
			e := p.tuple()
			p.end()
			body = append(body, func(f *frame, b *strings.Builder) { b.WriteString(str(e(f))) })
		default:
			word := p.name()
			if strings.HasPrefix(word, "end") || word == "else" || word == "elif" {
				return body, word
			}
			body = append(body, p.tag(word))
		}
	}
	p.tokens = []token{{}}
	return body, ""
}

// block reads statements up to the tag that ends them.
func (p *parser) block(end string) []statement {
	p.end()
	body, found := p.statements()
	if found != end {
		fail("%q where %q should stand", found, end)
	}
	p.end()
	return body
}

func (p *parser) tag(word string) statement {
	switch word {
	case "if":
		return p.ifTag()
	case "for":
		return p.forTag()
	case "set":
		return p.setTag()
	case "macro":
		return p.macroTag()
	case "with":
		return p.withTag()
	case "filter":
		e := p.piped(p.filter(bodyText))
		body := p.block("endfilter")
		return func(f *frame, b *strings.Builder) {
			f = f.inner()
			f.names[" body"] = text(body, f)
			switch v := e(f).(type) {
			case string, markup:
				b.WriteString(str(v))
			default:
				fail("a filter block gives %s, not a text", kind(v))
			}
		}
	}
	fail("the tag %q is not known", word)
	return nil
}

// bodyText is what the body of a filter or set block writes.
func bodyText(f *frame) any { return f.get(" body") }

// piped reads the filters behind a value.
func (p *parser) piped(e expression) expression {
	for n := 1; p.op("|"); n++ {
		mustChain(n)
		e = p.filter(e)
	}
	return e
}

func (p *parser) ifTag() statement {
	type branch struct {
		condition expression
		body      []statement
	}
	var branches []branch
	for {
		condition := p.tupleOf(p.or)
		p.end()
		body, end := p.statements()
		branches = append(branches, branch{condition, body})
		if end == "elif" {
			continue
		}
		if end == "else" {
			branches = append(branches, branch{constant(true), p.block("endif")})
			end = "endif"
		}
		if end != "endif" {
			fail("%q where \"endif\" should stand", end)
		}
		p.end()
		return func(f *frame, b *strings.Builder) {
			for _, br := range branches {
				if truth(br.condition(f)) {
					run(br.body, f, b)
					return
				}
			}
		}
	}
}

// target reads a name that gets a value.
func (p *parser) target() string {
	if p.at('n', "true", "false", "none", "True", "False", "None") {
		fail("%s where a name should stand", p.found())
	}
	return p.name()
}

// targets reads the names that a value is given to.
func (p *parser) targets() []string {
	parens := p.op("(")
	list := []string{p.target()}
	for p.op(",") {
		if !p.at('n') || p.at('n', "in") {
			if len(list) == 1 {
				fail("one name with a comma behind it is not known")
			}
			break
		}
		list = append(list, p.target())
	}
	if parens {
		p.expect(")")
	}
	return list
}

// assign gives a value to names, one part to each where there are several.
func (f *frame) assign(names []string, v any) {
	if len(names) == 1 {
		f.names[names[0]] = v
		return
	}
	parts := iterate(v)
	if len(parts) != len(names) {
		fail("%d values for the %d names %q", len(parts), len(names), names)
	}
	for i, name := range names {
		f.names[name] = parts[i]
	}
}

func (p *parser) forTag() statement {
	names := p.targets()
	if slices.Contains(names, "loop") {
		fail("loop cannot be the name of a loop's part")
	}
	if !p.word("in") {
		fail("%s where \"in\" should stand", p.found())
	}
	list := p.tupleOf(p.or)
	var condition expression
	if p.word("if") {
		condition = p.expr()
	}
	if p.word("recursive") {
		fail("recursive loops are not known")
	}
	p.end()
	body, end := p.statements()
	var empty []statement
	if end == "else" {
		empty = p.block("endfor")
		end = "endfor"
	}
	if end != "endfor" {
		fail("%q where \"endfor\" should stand", end)
	}
	p.end()
	return func(f *frame, b *strings.Builder) {
		source := f.work.handle(list(f))
		if s, ok := source.(string); ok {
			f.work.spend(partCost * len(s))
		}
		version := versionOf(source)
		items := iterate(source)
		if condition != nil {
			var kept []any
			for _, v := range items {
				f.step()
				inner := f.inner()
				inner.assign(names, v)
				if truth(condition(inner)) {
					kept = append(kept, v)
				}
			}
			items = kept
		}
		l := &loop{items: items}
		for i, v := range items {
			f.step()
			l.i = i
			inner := f.inner()
			inner.names["loop"] = l
			inner.assign(names, v)
			run(body, inner, b)
			if versionOf(source) != version {
				fail("%s that changes while a loop goes through it is not known", kind(source))
			}
		}
		if len(items) == 0 {
			run(empty, f.inner(), b)
		}
	}
}

func (p *parser) setTag() statement {
	if p.at('n') && p.tokens[1].kind == 'o' && p.tokens[1].text == "." {
		object := p.name()
		p.next()
		name := p.name()
		p.expect("=")
		e := p.tuple()
		p.end()
		return func(f *frame, _ *strings.Builder) {
			space, ok := f.get(object).(*namespace)
			if !ok {
				fail("%q is no namespace", object)
			}
			space.names.Set(name, e(f))
		}
	}
	names := p.targets()
	if p.op("=") {
		e := p.tuple()
		p.end()
		return func(f *frame, _ *strings.Builder) { f.assign(names, e(f)) }
	}
	e := p.piped(bodyText)
	body := p.block("endset")
	return func(f *frame, _ *strings.Builder) {
		inner := f.inner()
		for _, name := range names {
			if _, have := f.names[name]; !have { // as in Jinja, where the block's name hides what is outside
				inner.names[name] = undefined("'" + name + "' is undefined")
			}
		}
		inner.names[" body"] = text(body, inner)
		f.assign(names, e(inner))
	}
}

func (p *parser) withTag() statement {
	var names []string
	var values []expression
	for p.at('n') {
		names = append(names, p.name())
		p.expect("=")
		values = append(values, p.expr())
		if !p.op(",") {
			break
		}
	}
	body := p.block("endwith")
	return func(f *frame, b *strings.Builder) {
		inner := f.inner()
		for i, name := range names {
			inner.names[name] = values[i](f)
		}
		run(body, inner, b)
	}
}

func (p *parser) macroTag() statement {
	name := p.target()
	p.expect("(")
	var names []string
	var defaults []expression
	for !p.op(")") {
		if names != nil {
			p.expect(",")
		}
		name := p.target()
		if slices.Contains(names, name) {
			fail("the parameter %q stands twice", name)
		}
		names = append(names, name)
		var value expression
		if p.op("=") {
			value = p.expr()
		} else if len(defaults) > 0 && defaults[len(defaults)-1] != nil {
			fail("the parameter %q without a value behind one with a value", name)
		}
		defaults = append(defaults, value)
	}
	body := p.block("endmacro")
	return func(f *frame, _ *strings.Builder) {
		f.names[name] = function{name, parameters(strings.Join(names, " ")), func(_ *frame, a *arguments) any {
			if f.work.levels++; f.work.levels > maxLevels {
				fail("macros call macros more than %d deep", maxLevels)
			}
			defer func() { f.work.levels-- }()
			inner := f.inner()
			for _, parameter := range names {
				inner.names[parameter] = undefined("parameter '" + parameter + "' was not provided")
			}
			for i, parameter := range names {
				if v, ok := a.get(i, parameter); ok {
					inner.names[parameter] = v
				} else if defaults[i] != nil {
					inner.names[parameter] = defaults[i](inner)
				}
			}
			return text(body, inner)
		}}
	}
}
