package jinja

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// filterFunc is the work of a filter: value | name(arguments).
type filterFunc func(f *frame, v any, a *arguments) any

type filter struct {
	takes parameters
	call  filterFunc
}

func (x filter) apply(name string, f *frame, v any, a *arguments) any {
	if name != "default" && name != "d" {
		defined(v)
	}
	a.what, a.work = name, f.work
	x.takes.check(a)
	f.work.handle(v)
	return f.work.handle(x.call(f, v, a))
}

// textFilter makes a filter of what works on texts; other values are shown first.
func textFilter(fn func(string, *arguments) any) filterFunc {
	return func(_ *frame, v any, a *arguments) any {
		mustBePlain(v, a)
		return fn(str(v), a)
	}
}

// mustBePlain refuses a text that is marked as safe.
func mustBePlain(v any, a *arguments) {
	if _, ok := v.(markup); ok {
		fail("%s: what becomes of a text that is marked as safe is not known", a.what)
	}
}

// mustText refuses what is no text, as filters do that need its length.
func mustText(v any, a *arguments) string {
	s, ok := v.(string)
	if !ok {
		fail("%s: %s is not a text", a.what, kind(v))
	}
	return s
}

// plain makes a filter of a function of the value alone.
func plain(fn func(v any) any) filter {
	return filter{"", func(_ *frame, v any, _ *arguments) any { return fn(v) }}
}

var filterSet map[string]filter

func init() {
	escaping := plain(func(v any) any {
		if m, ok := v.(markup); ok {
			return m
		}
		return markup(escape(str(v)))
	})
	filterSet = map[string]filter{
		"upper":      {"", textFilter(func(s string, _ *arguments) any { return upper(s) })},
		"lower":      {"", textFilter(func(s string, _ *arguments) any { return lower(s) })},
		"capitalize": {"", textFilter(func(s string, _ *arguments) any { return capitalize(s) })},
		"trim":       {"chars", textFilter(trimmed(true, true))},
		"center": {"width", textFilter(func(s string, a *arguments) any {
			return align(s, a.intOr(0, "width", 80), 'c', ' ')
		})},
		"title": {"", textFilter(func(s string, _ *arguments) any { return titleFilter(s) })},
		"string": plain(func(v any) any {
			if m, ok := v.(markup); ok {
				return m
			}
			return str(v)
		}),
		"safe":   plain(func(v any) any { return markup(str(v)) }),
		"escape": escaping,
		"e":      escaping,
		"replace": {"old new count", func(_ *frame, v any, a *arguments) any {
			return replaced(str(v), str(a.value(0, "old")), str(a.value(1, "new")), a.intOrNone(2, "count", -1))
		}},
		"regex_replace": {"pattern repl count", regexReplace}, // the harness's own
		"format":        {"*", textFilter(formatFilter)},
		"indent":        {"width first blank", indent},
		"truncate":      {"length killwords end leeway", truncate},
		"wordcount": {"", textFilter(func(s string, _ *arguments) any {
			return len(wordPattern.FindAllString(s, -1))
		})},
		"length": plain(func(v any) any { return length(v) }),
		"count":  plain(func(v any) any { return length(v) }),
		"list":   plain(func(v any) any { return &List{Items: slices.Clone(iterate(v))} }),
		"items": plain(func(v any) any {
			d, ok := v.(*Dict)
			if !ok {
				fail("items: %s is no dictionary", kind(v))
			}
			return generatorOf(d, d.pairs())
		}),
		"first": plain(first),
		"last":  plain(last),
		"join":  {"d attribute", join},
		"reverse": plain(func(v any) any {
			list := slices.Clone(iterate(v))
			slices.Reverse(list)
			switch v.(type) {
			case string:
				return joined(list, "")
			case *generator: // which Python first makes a list of
				return &List{Items: list}
			}
			return generatorOf(v, list)
		}),
		"sort":       {"reverse case_sensitive attribute", sortFilter},
		"unique":     {"case_sensitive attribute", unique},
		"min":        {"case_sensitive attribute", extreme(-1)},
		"max":        {"case_sensitive attribute", extreme(1)},
		"sum":        {"attribute start", sum},
		"map":        {"*", mapFilter},
		"select":     {"*", selectFilter(false, true)},
		"reject":     {"*", selectFilter(false, false)},
		"selectattr": {"*", selectFilter(true, true)},
		"rejectattr": {"*", selectFilter(true, false)},
		"batch":      {"linecount fill_with", batch},
		"dictsort":   {"case_sensitive by reverse", dictsort},
		"default":    {"default_value boolean", orDefault},
		"d":          {"default_value boolean", orDefault},
		"abs": plain(func(v any) any {
			if compare(nil, "<", signed(v), 0) {
				return negative(v)
			}
			return arithmetic("+", 0, v)
		}),
		"int":    {"default base", intFilter},
		"float":  {"default", floatFilter},
		"round":  {"precision method", round},
		"tojson": {"indent", tojson},
		"attr":   {"name", func(_ *frame, v any, a *arguments) any { return member(v, a.text(0, "name")) }},
	}
}

// wordPattern is Python's \w+.
var wordPattern = regexp.MustCompile(`[\pL\pN_]+`)

func first(v any) any {
	var list []any
	if g, ok := v.(*generator); ok {
		list = g.take(1)
	} else {
		list = iterate(v)
	}
	if len(list) == 0 {
		return undefined("no first item, sequence was empty")
	}
	return list[0]
}

func last(v any) any {
	if _, ok := v.(*generator); ok {
		fail("last: %s has no end to start from: a |list belongs before it", kind(v))
	}
	list := iterate(v)
	if len(list) == 0 {
		return undefined("no last item, sequence was empty")
	}
	return list[len(list)-1]
}

// getter returns what map, sort and the like take of each part: an element by
// its name, by names with dots between them, or by its number.
func getter(key any) func(any) any {
	if key == nil {
		return same
	}
	if _, ok := key.(int); ok {
		return func(v any) any { return item(v, key) }
	}
	name, ok := key.(string)
	if !ok {
		fail("an attribute's name is %s, not a text or a whole number", kind(key))
	}
	parts := strings.Split(name, ".")
	return func(v any) any {
		for _, p := range parts {
			if n, err := strconv.Atoi(p); err == nil && n >= 0 {
				v = item(v, n)
			} else {
				v = item(v, p)
			}
		}
		return v
	}
}

func joined(list []any, sep string) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = str(v)
	}
	return joinedTexts(texts, sep)
}

// joinedTexts is strings.Join where the result is not too long.
func joinedTexts(list []string, sep string) string {
	n := len(sep) * max(0, len(list)-1)
	for _, s := range list {
		n += len(s)
	}
	mustFit(n)
	return strings.Join(list, sep)
}

func join(_ *frame, v any, a *arguments) any {
	key, _ := a.get(1, "attribute")
	get := getter(key)
	list := slices.Clone(iterate(v))
	for i := range list {
		list[i] = get(list[i])
	}
	sep := ""
	if s, ok := a.get(0, "d"); ok {
		sep = str(s)
	}
	return joined(list, sep)
}

// folded is what texts are compared by where case does not count.
func folded(v any, caseCounts bool) any {
	if s, ok := unmarked(v).(string); ok && !caseCounts {
		return lower(s)
	}
	return v
}

func sortFilter(_ *frame, v any, a *arguments) any {
	reverse, caseCounts := a.switched(0, "reverse"), a.flag(1, "case_sensitive")
	key, _ := a.get(2, "attribute")
	if name, ok := key.(string); ok && strings.Contains(name, ",") {
		fail("sort by several attributes is not known")
	}
	get := getter(key)
	list := slices.Clone(iterate(v))
	sorted(a.work, list, reverse, func(v any) any { return folded(get(v), caseCounts) })
	return &List{Items: list}
}

// mustHash refuses what Python cannot put into a set.
func mustHash(v any) {
	t, ok := v.(Tuple)
	if !ok {
		hashable(v)
	}
	for _, e := range t {
		mustHash(e)
	}
}

func unique(_ *frame, v any, a *arguments) any {
	caseCounts := a.flag(0, "case_sensitive")
	key, _ := a.get(1, "attribute")
	get := getter(key)
	var seen []any
	l := generatorOf(v, nil)
	for _, e := range iterate(v) {
		k := folded(get(e), caseCounts)
		mustHash(k)
		if !slices.ContainsFunc(seen, func(s any) bool { return equal(a.work, s, k) }) {
			seen = append(seen, k)
			l.items = append(l.items, e)
		}
	}
	return l
}

func extreme(sign int) filterFunc {
	return func(_ *frame, v any, a *arguments) any {
		caseCounts := a.flag(0, "case_sensitive")
		key, _ := a.get(1, "attribute")
		get := getter(key)
		list := iterate(v)
		if len(list) == 0 {
			return undefined("no aggregated item, sequence was empty")
		}
		best := list[0]
		for _, e := range list[1:] {
			if order(a.work, folded(get(e), caseCounts), folded(get(best), caseCounts)) == sign {
				best = e
			}
		}
		return best
	}
}

func sum(_ *frame, v any, a *arguments) any {
	key, _ := a.get(0, "attribute")
	get := getter(key)
	var total any = 0
	if start, ok := a.get(1, "start"); ok {
		if total = start; kind(start) == "str" {
			fail("sum: texts have no sum")
		}
	}
	for _, e := range iterate(v) {
		total = arithmetic("+", total, get(e))
	}
	return total
}

func batch(_ *frame, v any, a *arguments) any {
	n := a.int(0, "linecount")
	fill, filled := a.get(1, "fill_with")
	if n < 1 || n > maxList {
		fail("batch: %d parts in a line", n)
	}
	l := generatorOf(v, nil)
	for part := range slices.Chunk(iterate(v), n) {
		line := slices.Clone(part)
		for filled && fill != nil && len(line) < n {
			line = append(line, fill)
		}
		l.items = append(l.items, &List{Items: line})
	}
	return l
}

func dictsort(_ *frame, v any, a *arguments) any {
	d, ok := v.(*Dict)
	if !ok {
		fail("dictsort: %s is no dictionary", kind(v))
	}
	caseCounts, by, reverse := a.flag(0, "case_sensitive"), a.textOr(1, "by", "key"), a.switched(2, "reverse")
	place, ok := map[string]int{"key": 0, "value": 1}[by]
	if !ok {
		fail("dictsort: by is %q, not \"key\" or \"value\"", by)
	}
	list := d.pairs()
	sorted(a.work, list, reverse, func(v any) any { return folded(v.(Tuple)[place], caseCounts) })
	return &List{Items: list}
}

func orDefault(_ *frame, v any, a *arguments) any {
	missing := kind(v) == "Undefined"
	if missing || a.flag(1, "boolean") && !truth(v) {
		if d, ok := a.get(0, "default_value"); ok {
			return d
		}
		return ""
	}
	return v
}
