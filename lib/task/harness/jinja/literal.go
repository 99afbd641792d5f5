package jinja

// Literal reads a Python literal as ast.literal_eval does: texts, numbers, True,
// False, None, and lists, tuples and dictionaries of them.
func Literal(source string) (v any, err error) {
	defer rescue(&err)
	tokens, n, _ := lex(source+"%}", '%')
	if n != len(source)+2 {
		fail("%.60q is no literal", source)
	}
	p := &parser{tokens: tokens}
	v = p.literal()
	p.end()
	return v, nil
}

func (p *parser) literal() any {
	defer p.deeper()()
	list := func(end string) (items []any, commas int) {
		items = []any{}
		for !p.op(end) {
			if len(items) > commas {
				fail("%s where a comma should stand", p.found())
			}
			items = append(items, p.literal())
			if p.op(",") {
				commas++
			}
		}
		return items, commas
	}
	switch {
	case p.op("["):
		items, _ := list("]")
		return &List{Items: items}
	case p.op("("):
		items, commas := list(")")
		if len(items) == 1 && commas == 0 {
			return items[0]
		}
		return Tuple(items)
	case p.op("{"):
		d := &Dict{}
		for !p.op("}") {
			key := p.literal()
			p.expect(":")
			d.Set(key, p.literal())
			if !p.op(",") {
				p.expect("}")
				break
			}
		}
		return d
	case p.op("-"):
		return negative(signed(p.literal()))
	}
	switch t := p.next(); {
	case t.kind == 's':
		return p.texts(t.text)
	case t.kind == 'i':
		return t.int
	case t.kind == 'f':
		return t.num
	case t.kind == 'n' && t.text == "True":
		return true
	case t.kind == 'n' && t.text == "False":
		return false
	case t.kind == 'n' && t.text == "None":
		return nil
	default:
		fail("a literal has %q where a value should stand", t.text)
	}
	return nil
}
