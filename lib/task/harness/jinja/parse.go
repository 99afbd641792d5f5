package jinja

import "strings"

// expression gives a value.
type expression func(*frame) any

// parser reads the tokens of one tag after another.
type parser struct {
	pieces []piece
	tokens []token // what is left of the tag
	depth  int
}

// maxDepth bounds how deep expressions and blocks are nested.
const maxDepth = 200

func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		fail("nested more than %d deep", maxDepth)
	}
	return func() { p.depth-- }
}

// maxChain bounds the operators that stand side by side, each of which is
// evaluated within the next.
const maxChain = 100

// mustNest refuses a value that is nested too deep.
func mustNest(depth int) {
	if depth > maxDepth {
		fail("a value is nested more than %d deep", maxDepth)
	}
}

func mustChain(n int) {
	if n > maxChain {
		fail("more than %d operators, filters or attributes stand side by side", maxChain)
	}
}

func (p *parser) at(kind byte, texts ...string) bool {
	t := p.tokens[0]
	if t.kind != kind {
		return false
	}
	for _, text := range texts {
		if t.text == text {
			return true
		}
	}
	return len(texts) == 0
}

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) skip(kind byte, text string) bool {
	if p.at(kind, text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) op(text string) bool { return p.skip('o', text) }

func (p *parser) word(text string) bool { return p.skip('n', text) }

func (p *parser) expect(text string) {
	if !p.op(text) {
		fail("%s where %q should stand", p.found(), text)
	}
}

func (p *parser) name() string {
	if !p.at('n') {
		fail("%s where a name should stand", p.found())
	}
	return p.next().text
}

func (p *parser) found() string {
	switch t := p.tokens[0]; t.kind {
	case 0:
		return "the end of the tag"
	case 's':
		return "the text " + repr(t.text)
	case 'i', 'f':
		return "a number"
	default:
		return "\"" + t.text + "\""
	}
}

func (p *parser) end() {
	if !p.at(0) {
		fail("%s where the tag should end", p.found())
	}
}

// expr reads "a if b else c" and everything that binds closer.
func (p *parser) expr() expression {
	defer p.deeper()()
	value := p.or()
	for n := 1; p.word("if"); n++ {
		mustChain(n)
		condition, yes := p.or(), value
		var no expression
		if p.word("else") {
			no = p.expr()
		}
		value = func(f *frame) any {
			switch {
			case truth(condition(f)):
				return yes(f)
			case no == nil:
				return absent{}
			}
			return no(f)
		}
	}
	return value
}

func (p *parser) or() expression {
	left := p.and()
	for n := 1; p.word("or"); n++ {
		mustChain(n)
		a, b := left, p.and()
		left = func(f *frame) any {
			if v := a(f); truth(v) {
				return v
			}
			return b(f)
		}
	}
	return left
}

func (p *parser) and() expression {
	left := p.not()
	for n := 1; p.word("and"); n++ {
		mustChain(n)
		a, b := left, p.not()
		left = func(f *frame) any {
			if v := a(f); !truth(v) {
				return v
			}
			return b(f)
		}
	}
	return left
}

func (p *parser) not() expression {
	if p.word("not") {
		defer p.deeper()()
		a := p.not()
		return func(f *frame) any { return !truth(a(f)) }
	}
	return p.comparison()
}

func (p *parser) comparison() expression {
	first := p.sum()
	type step struct {
		op    string
		value expression
	}
	var steps []step
	for {
		op := ""
		switch {
		case p.at('o', "==", "!=", "<", "<=", ">", ">="), p.at('n', "in"):
			op = p.next().text
		case p.at('n', "not") && p.tokens[1].kind == 'n' && p.tokens[1].text == "in":
			p.next()
			p.next()
			op = "not in"
		}
		if op == "" {
			break
		}
		steps = append(steps, step{op, p.sum()})
	}
	if steps == nil {
		return first
	}
	return func(f *frame) any {
		a := first(f)
		for _, s := range steps {
			b := s.value(f)
			if !compare(f.work, s.op, a, b) {
				return false
			}
			a = b
		}
		return true
	}
}

// binary reads operators that associate to the left.
func (p *parser) binary(operand func() expression, ops ...string) expression {
	left := operand()
	for n := 1; p.at('o', ops...); n++ {
		mustChain(n)
		op, a, b := p.next().text, left, operand()
		left = func(f *frame) any { return f.work.handle(arithmetic(op, a(f), b(f))) }
	}
	return left
}

func (p *parser) sum() expression { return p.binary(p.concat, "+", "-") }

func (p *parser) concat() expression {
	list := []expression{p.product()}
	for p.op("~") {
		list = append(list, p.product())
	}
	if len(list) == 1 {
		return list[0]
	}
	return func(f *frame) any {
		return f.work.handle(joined(evaluate(f, list), ""))
	}
}

func (p *parser) product() expression { return p.binary(p.power, "*", "/", "//", "%") }

func (p *parser) power() expression {
	return p.binary(func() expression { return p.unary(true) }, "**")
}

func (p *parser) unary(filters bool) expression {
	defer p.deeper()()
	var e expression
	switch {
	case p.op("-"):
		a := p.unary(false)
		e = func(f *frame) any { return negative(defined(a(f))) }
	case p.op("+"):
		a := p.unary(false)
		e = func(f *frame) any { return arithmetic("+", 0, signed(defined(a(f)))) }
	default:
		e = p.postfix(p.primary())
	}
	if filters {
		e = p.filters(e)
	}
	return e
}

func (p *parser) primary() expression {
	switch t := p.next(); {
	case t.kind == 'n':
		switch t.text {
		case "true", "True":
			return constant(true)
		case "false", "False":
			return constant(false)
		case "none", "None":
			return constant(nil)
		}
		return func(f *frame) any { return f.get(t.text) }
	case t.kind == 's':
		return constant(p.texts(t.text))
	case t.kind == 'i':
		return constant(t.int)
	case t.kind == 'f':
		return constant(t.num)
	case t.kind == 'o' && t.text == "(":
		if p.op(")") {
			return constant(Tuple{})
		}
		e := p.tuple()
		p.expect(")")
		return e
	case t.kind == 'o' && t.text == "[":
		list := p.list("]")
		return func(f *frame) any { return f.work.handle(&List{Items: evaluate(f, list)}) }
	case t.kind == 'o' && t.text == "{":
		var keys, values []expression
		for !p.op("}") {
			if keys != nil {
				p.expect(",")
				if p.op("}") {
					break
				}
			}
			keys = append(keys, p.expr())
			p.expect(":")
			values = append(values, p.expr())
		}
		return func(f *frame) any {
			d := &Dict{}
			for i := range keys {
				d.Set(keys[i](f), values[i](f))
			}
			return d
		}
	default:
		p.tokens = append([]token{t}, p.tokens...)
		fail("%s where a value should stand", p.found())
	}
	return nil
}

// texts joins a text with those that stand behind it.
func (p *parser) texts(first string) string {
	var b strings.Builder
	b.WriteString(first)
	for p.at('s') {
		b.WriteString(p.next().text)
	}
	return b.String()
}

// defined refuses an undefined value.
func defined(v any) any {
	if u, ok := v.(undefined); ok {
		fail("%s", string(u))
	}
	return v
}

func constant(v any) expression { return func(*frame) any { return v } }

// list reads values until a closing bracket.
func (p *parser) list(end string) []expression {
	var list []expression
	for !p.op(end) {
		if list != nil {
			p.expect(",")
			if p.op(end) {
				break
			}
		}
		list = append(list, p.expr())
	}
	return list
}

// tuple reads one value, or several with commas, which make a tuple.
func (p *parser) tuple() expression { return p.tupleOf(p.expr) }

func (p *parser) tupleOf(part func() expression) expression {
	first := part()
	if !p.at('o', ",") {
		return first
	}
	list := []expression{first}
	for p.op(",") {
		if p.at('o', ")", "=") || p.at(0) || p.at('n', "if") {
			break
		}
		list = append(list, part())
	}
	return func(f *frame) any { return Tuple(evaluate(f, list)) }
}

func evaluate(f *frame, list []expression) []any {
	values := make([]any, len(list))
	for i, e := range list {
		values[i] = e(f)
	}
	return values
}
