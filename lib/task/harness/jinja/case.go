package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// The cases of a text are Unicode's full ones, as in Python: "ß" has the upper
// case "SS", and the last sigma of a word is another letter.

func upper(s string) string {
	if ascii(s) {
		return strings.ToUpper(s)
	}
	return cases.Upper(language.Und).String(s)
}

func lower(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	return cases.Lower(language.Und).String(s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// casefold is str.casefold.
func casefold(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cherokee, r) }) {
		fail("casefold of Cherokee letters is not known")
	}
	return cases.Fold().String(s)
}

// large is the title case of a character.
func large(r rune) string {
	if r < utf8.RuneSelf {
		return string(unicode.ToUpper(r))
	}
	return cases.Title(language.Und, cases.NoLower).String(string(r))
}

// letter reports whether a character has cases.
func letter(r rune) bool { return isUpper(r) || isLower(r) || unicode.IsTitle(r) }

func capitalize(s string) string {
	if s == "" {
		return s
	}
	if ascii(s) {
		return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
	}
	small := lowered(s)
	r, _ := utf8.DecodeRuneInString(s)
	return large(r) + strings.Join(small[1:], "")
}

// lowered are the lower cases of the characters of a text, each in view of its
// neighbours.
func lowered(s string) []string {
	all := []rune(lower(s))
	var list []string
	for _, r := range s {
		n := 1
		if r == 'İ' { // the one with a lower case of two
			n = 2
		}
		list = append(list, string(all[:n]))
		all = all[n:]
	}
	return list
}

// title is str.title: a letter is large where no letter stands in front of it.
func title(s string) string {
	small := lowered(s)
	inside := false
	for i, r := range []rune(s) {
		if !inside {
			small[i] = large(r)
		}
		inside = letter(r)
	}
	return strings.Join(small, "")
}

// swapcase is str.swapcase.
func swapcase(s string) string {
	small := lowered(s)
	for i, r := range []rune(s) {
		switch {
		case isLower(r):
			small[i] = upper(string(r))
		case !isUpper(r):
			small[i] = string(r)
		}
	}
	return strings.Join(small, "")
}

// titleFilter is Jinja's title: parts start behind white space, "-" and opening
// brackets.
func titleFilter(s string) string {
	var b strings.Builder
	for s != "" {
		divides := func(r rune) bool { return isSpace(r) || strings.ContainsRune("-({[<", r) }
		n := strings.IndexFunc(s, divides)
		if n == 0 {
			n = strings.IndexFunc(s, func(r rune) bool { return !divides(r) })
		}
		if n < 0 {
			n = len(s)
		}
		r, k := utf8.DecodeRuneInString(s)
		b.WriteString(upper(string(r)) + lower(s[k:n]))
		s = s[n:]
	}
	return b.String()
}
