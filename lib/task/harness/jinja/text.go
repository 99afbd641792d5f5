package jinja

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// every reports whether a text is not empty and all its characters are so.
func every(is func(rune) bool) func(string, *arguments) any {
	return func(s string, _ *arguments) any {
		for _, r := range s {
			if !is(r) {
				return false
			}
		}
		return s != ""
	}
}

// cased reports whether a text has a cased character, and none of the other case.
func cased(is, not func(rune) bool) func(string, *arguments) any {
	return func(s string, _ *arguments) any {
		found := false
		for _, r := range s {
			if not(r) || unicode.IsTitle(r) {
				return false
			}
			found = found || is(r)
		}
		return found
	}
}

// trimmed removes the characters of the first argument, else white space.
func trimmed(left, right bool) func(string, *arguments) any {
	return func(s string, a *arguments) any {
		cut := isSpace
		if v, ok := a.get(0, "chars"); ok && v != nil {
			set := a.text(0, "chars")
			cut = func(r rune) bool { return strings.ContainsRune(set, r) }
		}
		if left {
			s = strings.TrimLeftFunc(s, cut)
		}
		if right {
			s = strings.TrimRightFunc(s, cut)
		}
		return s
	}
}

// found looks for a text, and counts characters.
func found(last bool, missing func(sub string) any) func(string, *arguments) any {
	return func(s string, a *arguments) any {
		sub := a.text(0, "sub")
		runes := []rune(s)
		start := a.intOrNone(1, "start", 0)
		from, to := clamp(start, len(runes)), clamp(a.intOrNone(2, "end", len(runes)), len(runes))
		if from > to || start > len(runes) {
			return missing(sub)
		}
		part := string(runes[from:to])
		i := strings.Index(part, sub)
		if last {
			i = strings.LastIndex(part, sub)
		}
		if i < 0 {
			return missing(sub)
		}
		return from + utf8.RuneCountInString(part[:i])
	}
}

func notFound(string) any { return -1 }

func mustFind(sub string) any {
	fail("%s is not in the text", repr(sub))
	return nil
}

// affixed reports whether a text starts or ends with the first argument, or one
// of a tuple.
func affixed(has func(s, affix string) bool) func(string, *arguments) any {
	return func(s string, a *arguments) any {
		if options, ok := a.value(0, "affix").(Tuple); ok {
			return slices.ContainsFunc(options, func(v any) bool {
				affix, ok := v.(string)
				if !ok {
					fail("%s: %s is not a text", a.what, kind(v))
				}
				return has(s, affix)
			})
		}
		return has(s, a.text(0, "affix"))
	}
}

// aligned fills a text up to a width, in characters.
func aligned(where byte) func(string, *arguments) any {
	return func(s string, a *arguments) any {
		fill := []rune(a.textOr(1, "fillchar", " "))
		if len(fill) != 1 {
			fail("the fill character is not one character")
		}
		return align(s, a.int(0, "width"), where, fill[0])
	}
}

func align(s string, width int, where byte, fill rune) string {
	n := width - utf8.RuneCountInString(s)
	if n <= 0 {
		return s
	}
	if n > maxText {
		fail("a text of %d characters is too long", width)
	}
	left := map[byte]int{'<': 0, '>': n, '^': n / 2}[where]
	if where == 'c' { // str.center gives the odd space to the left of an odd width
		left = n/2 + n&width&1
	}
	return strings.Repeat(string(fill), left) + s + strings.Repeat(string(fill), n-left)
}

// parted splits a text in three at a separator.
func parted(last bool) func(string, *arguments) any {
	return func(s string, a *arguments) any {
		sep := a.text(0, "sep")
		i := strings.Index(s, sep)
		if last {
			i = strings.LastIndex(s, sep)
		}
		switch {
		case sep == "":
			fail("an empty separator")
		case i < 0 && last:
			return Tuple{"", "", s}
		case i < 0:
			return Tuple{s, "", ""}
		}
		return Tuple{s[:i], sep, s[i+len(sep):]}
	}
}

// textMethods are those of str.
var textMethods map[string]methodOf[string]

func init() {
	of := func(fn func(string) string) methodOf[string] {
		return methodOf[string]{"", func(s string, _ *arguments) any { return fn(s) }}
	}
	is := func(fn func(string, *arguments) any) methodOf[string] { return methodOf[string]{"", fn} }
	textMethods = map[string]methodOf[string]{
		"upper":      of(upper),
		"lower":      of(lower),
		"casefold":   of(casefold),
		"capitalize": of(capitalize),
		"title":      of(title),
		"swapcase":   of(swapcase),
		"strip":      {"chars/", trimmed(true, true)},
		"lstrip":     {"chars/", trimmed(true, false)},
		"rstrip":     {"chars/", trimmed(false, true)},
		"find":       {"sub start end/", found(false, notFound)},
		"rfind":      {"sub start end/", found(true, notFound)},
		"index":      {"sub start end/", found(false, mustFind)},
		"rindex":     {"sub start end/", found(true, mustFind)},
		"startswith": {"prefix/", affixed(strings.HasPrefix)},
		"endswith":   {"suffix/", affixed(strings.HasSuffix)},
		"removeprefix": {"prefix/", func(s string, a *arguments) any {
			return strings.TrimPrefix(s, a.text(0, "prefix"))
		}},
		"removesuffix": {"suffix/", func(s string, a *arguments) any {
			return strings.TrimSuffix(s, a.text(0, "suffix"))
		}},
		"replace": {"old new count/", func(s string, a *arguments) any {
			return replaced(s, a.text(0, "old"), a.text(1, "new"), a.intOr(2, "count", -1))
		}},
		"count": {"sub/", func(s string, a *arguments) any { return strings.Count(s, a.text(0, "sub")) }},
		"join": {"iterable/", func(s string, a *arguments) any {
			var list []string
			for _, v := range iterate(a.value(0, "iterable")) {
				part, ok := v.(string)
				if !ok {
					fail("join: %s is not a text", kind(v))
				}
				list = append(list, part)
			}
			return joinedTexts(list, s)
		}},
		"split":      {"sep maxsplit", splitting(false)},
		"rsplit":     {"sep maxsplit", splitting(true)},
		"splitlines": {"keepends", func(s string, a *arguments) any { return texts(lines(s, a.switched(0, "keepends"))) }},
		"partition":  {"sep/", parted(false)},
		"rpartition": {"sep/", parted(true)},
		"ljust":      {"width fillchar/", aligned('<')},
		"rjust":      {"width fillchar/", aligned('>')},
		"center":     {"width fillchar/", aligned('c')},
		"zfill": {"width/", func(s string, a *arguments) any {
			sign := ""
			if s != "" && (s[0] == '-' || s[0] == '+') {
				sign, s = s[:1], s[1:]
			}
			return sign + align(s, a.int(0, "width")-len(sign), '>', '0')
		}},
		"format": {"*", formatted},
		"isdigit": is(every(func(r rune) bool {
			if unicode.Is(unicode.No, r) && !strings.ContainsRune("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉½¼¾", r) {
				fail("isdigit: whether %q is one is not known", r)
			}
			return unicode.IsDigit(r) || strings.ContainsRune("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", r)
		})),
		"isdecimal": is(every(unicode.IsDigit)),
		"isnumeric": is(every(func(r rune) bool {
			if unicode.Is(unicode.Han, r) {
				fail("isnumeric: whether %q is is not known", r)
			}
			return unicode.IsNumber(r)
		})),
		"isalpha": is(every(unicode.IsLetter)),
		"isalnum": is(every(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })),
		"isascii": {"", func(s string, _ *arguments) any {
			return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
		}},
		"isspace": is(every(isSpace)),
		"isupper": is(cased(isUpper, isLower)),
		"islower": is(cased(isLower, isUpper)),
	}
}

// splitting is str.split and str.rsplit.
func splitting(last bool) func(string, *arguments) any {
	return func(s string, a *arguments) any {
		most := a.intOr(1, "maxsplit", -1)
		if v, ok := a.get(0, "sep"); !ok || v == nil {
			return texts(words(s, most, last))
		}
		sep := a.text(0, "sep")
		switch {
		case sep == "":
			fail("an empty separator")
		case most < 0:
			return texts(strings.Split(s, sep))
		case !last:
			return texts(strings.SplitN(s, sep, most+1))
		}
		var list []string
		for ; most > 0; most-- {
			i := strings.LastIndex(s, sep)
			if i < 0 {
				break
			}
			list = append(list, s[i+len(sep):])
			s = s[:i]
		}
		list = append(list, s)
		slices.Reverse(list)
		return texts(list)
	}
}

// words splits at white space, at most so many times where that is not negative.
func words(s string, most int, last bool) []string {
	var list []string
	for {
		if last {
			s = strings.TrimRightFunc(s, isSpace)
		} else {
			s = strings.TrimLeftFunc(s, isSpace)
		}
		if s == "" {
			break
		}
		if most == 0 {
			list = append(list, s)
			break
		}
		most--
		if last {
			i := strings.LastIndexFunc(s, isSpace)
			if i < 0 {
				list = append(list, s)
				break
			}
			_, n := utf8.DecodeRuneInString(s[i:])
			list = append(list, s[i+n:])
			s = s[:i]
			continue
		}
		i := strings.IndexFunc(s, isSpace)
		if i < 0 {
			list = append(list, s)
			break
		}
		list = append(list, s[:i])
		s = s[i:]
	}
	if last {
		slices.Reverse(list)
	}
	return list
}

// lines is str.splitlines.
func lines(s string, keep bool) []string {
	var list []string
	for s != "" {
		i := strings.IndexAny(s, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
		if i < 0 {
			return append(list, s)
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		end := i
		if keep {
			end += n
		}
		list = append(list, s[:end])
		s = s[i+n:]
	}
	return list
}
