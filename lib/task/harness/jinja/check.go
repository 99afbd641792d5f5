package jinja

import (
	"slices"
	"unicode"
)

// check is a test: value is name(arguments).
type check struct {
	takes parameters
	call  func(v any, a *arguments) bool
}

func (c check) apply(name string, w *work, v any, a *arguments) bool {
	a.what, a.work = name, w
	w.handle(v)
	c.takes.check(a)
	return c.call(v, a)
}

// of makes a test of a function of the value alone.
func of(is func(v any) bool) check {
	return check{"", func(v any, _ *arguments) bool { return is(v) }}
}

func isKind(kinds ...string) check {
	return of(func(v any) bool { return slices.Contains(kinds, kind(v)) })
}

func comparing(op string) check {
	return check{"other/", func(v any, a *arguments) bool { return compare(a.work, op, v, a.value(0, "other")) }}
}

func modulo(v, n any, want int) bool { return equal(nil, arithmetic("%", v, n), want) }

var testSet = map[string]check{
	"defined":   of(func(v any) bool { return kind(v) != "Undefined" }),
	"undefined": isKind("Undefined"),
	"none":      of(func(v any) bool { return v == nil }),
	"boolean":   isKind("bool"),
	"true":      of(func(v any) bool { return v == true }),
	"false":     of(func(v any) bool { return v == false }),
	"integer":   isKind("int"),
	"float":     isKind("float"),
	"number":    isKind("int", "float", "bool"),
	"string":    isKind("str", "Markup"),
	"mapping":   isKind("dict"),
	"sequence": of(func(v any) bool {
		return v == absent{} || slices.Contains([]string{"str", "Markup", "list", "tuple", "dict", "range"}, kind(v))
	}),
	"iterable": of(func(v any) bool {
		switch v := v.(type) {
		case string, markup, *List, Tuple, *Dict, span, view, *generator, *loop, absent:
			return true
		case undefined:
			fail("%s", string(v))
		}
		return false
	}),
	"callable":    isKind("a function", "Undefined"),
	"odd":         of(func(v any) bool { return modulo(v, 2, 1) }),
	"even":        of(func(v any) bool { return modulo(v, 2, 0) }),
	"divisibleby": {"num", func(v any, a *arguments) bool { return modulo(v, a.value(0, "num"), 0) }},
	"lower":       of(func(v any) bool { return cased(isLower, isUpper)(str(v), nil) == true }),
	"upper":       of(func(v any) bool { return cased(isUpper, isLower)(str(v), nil) == true }),
	"in":          {"seq", func(v any, a *arguments) bool { return compare(a.work, "in", v, a.value(0, "seq")) }},
	"eq":          comparing("=="),
	"equalto":     comparing("=="),
	"==":          comparing("=="),
	"sameas":      {"other", sameas},
	"ne":          comparing("!="),
	"!=":          comparing("!="),
	"lt":          comparing("<"),
	"lessthan":    comparing("<"),
	"<":           comparing("<"),
	"le":          comparing("<="),
	"<=":          comparing("<="),
	"gt":          comparing(">"),
	"greaterthan": comparing(">"),
	">":           comparing(">"),
	"ge":          comparing(">="),
	">=":          comparing(">="),
}

// sameas is identity, which is sure of None, True and False only.
func sameas(v any, a *arguments) bool {
	other := a.value(0, "other")
	switch other.(type) {
	case nil, bool:
		return v == other
	}
	fail("sameas is known for none, true and false only")
	return false
}

// isLower and isUpper are Python's: by the properties of Unicode, not the category.
func isLower(r rune) bool { return unicode.IsLower(r) || unicode.Is(unicode.Other_Lowercase, r) }

func isUpper(r rune) bool { return unicode.IsUpper(r) || unicode.Is(unicode.Other_Uppercase, r) }
