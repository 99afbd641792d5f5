package jinja

import (
	"strings"
	"unicode/utf8"
)

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(s)
}

func formatFilter(s string, a *arguments) any {
	if len(a.named) == 0 {
		return percent(s, Tuple(a.list))
	}
	if len(a.list) > 0 {
		fail("format takes arguments with names or without, not both")
	}
	d := &Dict{}
	d.updateWith(a)
	return percent(s, d)
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
