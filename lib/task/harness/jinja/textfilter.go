package jinja

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(s)
}

// regexReplace is Python's re.sub. The syntax of package regexp is that of
// Python but for look-around and references back, which are errors.
func regexReplace(_ *frame, v any, a *arguments) any {
	s := mustText(v, a)
	re, err := regexp.Compile(a.text(0, "pattern"))
	if err != nil {
		fail("regex_replace: %v", err)
	}
	with := a.text(1, "repl")
	most := a.intOr(2, "count", 0)
	var out []byte
	from := 0
	for i, m := range re.FindAllStringSubmatchIndex(s, -1) {
		if most > 0 && i == most {
			break
		}
		out = append(out, s[from:m[0]]...)
		from = m[1]
		for k := 0; k < len(with); k++ {
			if with[k] != '\\' || k+1 == len(with) {
				out = append(out, with[k])
				continue
			}
			k++
			group := -1
			switch c := with[k]; {
			case c >= '1' && c <= '9':
				group = int(c - '0')
			case c == 'g' && strings.HasPrefix(with[k:], "g<"):
				name, _, closed := strings.Cut(with[k+2:], ">")
				if !closed {
					fail("regex_replace: a group's name is not closed in %s", repr(with))
				}
				if group = re.SubexpIndex(name); group < 0 {
					n, err := strconv.Atoi(name)
					if err != nil {
						fail("regex_replace: no group %q", name)
					}
					group = n
				}
				k += 2 + len(name)
			case c == 'n':
				out = append(out, '\n')
			case c == 't':
				out = append(out, '\t')
			case c == '\\':
				out = append(out, '\\')
			case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '0':
				fail("regex_replace: the escape \\%c is not known", c)
			default:
				out = append(out, '\\', c)
			}
			if group >= 0 {
				if 2*group+1 >= len(m) {
					fail("regex_replace: no group %d", group)
				}
				if m[2*group] >= 0 {
					out = append(out, s[m[2*group]:m[2*group+1]]...)
				}
			}
		}
	}
	return bounded(string(append(out, s[from:]...)))
}

func formatFilter(_ *frame, v any, a *arguments) any {
	if _, ok := v.(markup); ok {
		fail("format: what becomes of a text that is marked as safe is not known")
	}
	if len(a.named) == 0 {
		return percent(str(v), Tuple(a.list))
	}
	if len(a.list) > 0 {
		fail("format takes arguments with names or without, not both")
	}
	d := &Dict{}
	d.updateWith(a)
	return percent(str(v), d)
}

func indent(_ *frame, v any, a *arguments) any {
	pad := "    "
	if w, ok := a.get(0, "width"); ok {
		if s, ok := w.(string); ok {
			pad = s
		} else {
			pad = times(" ", max(0, a.int(0, "width"))).(string)
		}
	}
	first, blank := a.flag(1, "first"), a.flag(2, "blank")
	list := lines(mustText(v, a)+"\n", false)
	if len(list) > maxText/max(1, len(pad)) {
		mustFit(maxText + 1)
	}
	for i := range list {
		if i > 0 && (blank || list[i] != "") || i == 0 && first {
			list[i] = pad + list[i]
		}
	}
	return joinedTexts(list, "\n")
}

func truncate(_ *frame, v any, a *arguments) any {
	s := mustText(v, a)
	width, kill, end, leeway := a.intOr(0, "length", 255), a.flag(1, "killwords"), a.textOr(2, "end", "..."), a.intOrNone(3, "leeway", 5)
	n := width - utf8.RuneCountInString(end)
	if n < 0 || leeway < 0 {
		fail("truncate: the length %d is less than that of %s, or the leeway %d less than 0", width, repr(end), leeway)
	}
	runes := []rune(s)
	if len(runes)-leeway <= width {
		return s
	}
	cut := string(runes[:n])
	if i := strings.LastIndexByte(cut, ' '); i >= 0 && !kill {
		cut = cut[:i]
	}
	return cut + end
}
