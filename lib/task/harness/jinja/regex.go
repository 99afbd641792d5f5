package jinja

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// regexReplace is Python's re.sub, for patterns that package regexp understands
// as Python does; see translated.
func regexReplace(_ *frame, v any, a *arguments) any {
	s := mustText(v, a)
	pattern := a.text(0, "pattern")
	repl := replacement(a.text(1, "repl"))
	most := a.intOr(2, "count", 0)
	if most < 0 {
		fail("regex_replace: the count %d is not known", most)
	}
	re, err := regexp.Compile(translated(pattern, s))
	if err != nil {
		fail("regex_replace: %v", err)
	}
	for i, name := range re.SubexpNames() {
		if name != "" && re.SubexpIndex(name) != i {
			fail("regex_replace: the pattern %s has two groups %q", repr(pattern), name)
		}
	}
	for i, part := range repl {
		if part.name != "" {
			repl[i].group = re.SubexpIndex(part.name)
		}
		if repl[i].group > re.NumSubexp() || part.name != "" && repl[i].group < 0 {
			fail("regex_replace: the replacement names a group that the pattern %s does not have", repr(pattern))
		}
	}
	if len(s) > maxWork/(1+len(pattern)) {
		fail("regex_replace: a pattern of %d bytes for a text of %d is too much work", len(pattern), len(s))
	}
	atMost := maxWork / (2 * partCost * (1 + re.NumSubexp()))
	matches := re.FindAllStringSubmatchIndex(s, atMost+1)
	if len(matches) > atMost {
		fail("regex_replace: the pattern %s has more than %d matches", repr(pattern), atMost)
	}
	nothing(re, matches, s)
	if most > 0 && most < len(matches) {
		matches = matches[:most]
	}
	var out []byte
	from := 0
	for _, m := range matches {
		out = append(out, s[from:m[0]]...)
		from = m[1]
		for _, part := range repl {
			if part.group < 0 {
				out = append(out, part.text...)
			} else if at := m[2*part.group:]; at[0] >= 0 {
				out = append(out, s[at[0]:at[1]]...)
			}
		}
		mustFit(len(out))
	}
	return bounded(string(append(out, s[from:]...)))
}

// nothing refuses a pattern that matches the empty text where Python's matches
// may be others: it also finds one behind a match, and one that is not empty where
// an empty one was. At the start of the text alone there is no such place.
func nothing(re *regexp.Regexp, matches [][]int, s string) {
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil || minimum(tree) > 0 {
		return
	}
	prefix := tree.Simplify()
	for len(prefix.Sub) > 0 && (prefix.Op == syntax.OpConcat || prefix.Op == syntax.OpCapture) {
		prefix = prefix.Sub[0]
	}
	if prefix.Op == syntax.OpBeginText {
		longest := regexp.MustCompile(re.String())
		longest.Longest()
		if m := longest.FindStringIndex(s); len(matches) == 0 || matches[0][1] > 0 || m[1] == 0 {
			return
		}
	}
	fail("regex_replace: the pattern %s can match nothing, of which Python may find more", repr(re.String()))
}

// minimum is the least length of what a pattern matches, in characters.
func minimum(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minimum(re.Sub[0])
	case syntax.OpRepeat:
		return min(re.Min, 1) * minimum(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n += minimum(sub)
		}
		return n
	case syntax.OpAlternate:
		n := minimum(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			n = min(n, minimum(sub))
		}
		return n
	}
	return 0
}

// classes are the characters of Python's classes, to stand inside brackets.
var classes = map[byte]string{'d': `\p{Nd}`, 'w': `\p{L}\p{N}_`, 's': `\t-\r\x1c-\x20\x{85}\p{Z}`}

// translated is a pattern of Python's for package regexp, as far as they mean the
// same in a text: \d, \w and \s are Unicode's, $ stands in front of a last line
// end too, and what only one of the two knows is refused.
func translated(pattern, s string) string {
	refuse := func(what string) { fail("regex_replace: %s in the pattern %s is not known", what, repr(pattern)) }
	ascii := ascii(s) && ascii(pattern)
	var b strings.Builder
	class := -1 // where the class started, outside of classes -1
	anchor := 0 // behind the last part that has no length
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		rest := pattern[i:]
		if anchor == i && i > 0 && strings.IndexByte("*+?{", c) >= 0 {
			refuse("a repeated " + pattern[i-1:i])
		}
		if class < 0 && (c == '^' || c == '$' || c == '\\' && len(rest) > 1 && strings.IndexByte("bBAZ", rest[1]) >= 0) {
			anchor = i + 1
			if c == '\\' {
				anchor++
			}
		}
		switch {
		case c == '\\':
			i++
			if i == len(pattern) {
				refuse(`a \ at the end`)
			}
			switch e := pattern[i]; {
			case e == 'd' || e == 'w' || e == 's':
				if class >= 0 {
					b.WriteString(classes[e])
				} else {
					b.WriteString("[" + classes[e] + "]")
				}
			case (e == 'D' || e == 'W' || e == 'S') && class < 0:
				b.WriteString("[^" + classes[e|0x20] + "]")
			case (e == 'b' || e == 'B') && class < 0 && ascii, e == 'A' && class < 0, strings.IndexByte(`fnrtv`, e) >= 0:
				b.WriteString(rest[:2])
			case e == 'Z' && class < 0:
				b.WriteString(`\z`)
			case e == 'x' && len(rest) >= 4 && isHex(rest[2]) && isHex(rest[3]):
				b.WriteString(rest[:4])
				i += 2
			case e < 0x80 && !isWord(e):
				b.WriteString(rest[:2])
			default:
				refuse(`\` + string(e))
			}
		case class >= 0:
			if c == ']' && i > class+1 && !(i == class+2 && pattern[class+1] == '^') {
				class = -1
			}
			if c == '[' || strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "~~") || strings.HasPrefix(rest, "||") {
				refuse("a set within a class")
			}
			b.WriteByte(c)
		case c == '[':
			class = i
			b.WriteByte(c)
		case c == '$' && strings.HasSuffix(s, "\n"):
			refuse("$ for a text that ends in a line end")
		case c == '{' && strings.HasPrefix(rest, "{,"):
			refuse("{,")
		case strings.HasPrefix(rest, "(?") && !strings.HasPrefix(rest, "(?:") && !strings.HasPrefix(rest, "(?P<"):
			end := strings.IndexAny(rest, ":)")
			if flags := rest[2:max(2, end)]; end < 0 || flags == "" || strings.Trim(flags, "ims") != "" || rest[end] == ')' && i > 0 || !ascii && strings.Contains(flags, "i") {
				refuse(rest[:max(end, 0)+1])
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// part of a replacement is a text, or what a group matched: by its name, or its
// number where that is not negative.
type part struct {
	text  string
	name  string
	group int
}

// replacement reads what re.sub puts in the place of a match.
func replacement(s string) []part {
	var list []part
	text := func(t string) { list = append(list, part{text: t, group: -1}) }
	for s != "" {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			text(s)
			break
		}
		if i+1 == len(s) {
			fail("regex_replace: a replacement ends in the middle of an escape")
		}
		text(s[:i])
		c := s[i+1]
		rest := s[i+2:]
		switch {
		case c >= '1' && c <= '9' && (rest == "" || rest[0] < '0' || rest[0] > '9'):
			list = append(list, part{group: int(c - '0')})
		case c == 'g' && strings.HasPrefix(rest, "<"):
			name, after, closed := strings.Cut(rest[1:], ">")
			if !closed || name == "" {
				fail("regex_replace: a group's name is not closed in %s", repr(s))
			}
			rest = after
			if strings.Trim(name, "0123456789") != "" {
				list = append(list, part{name: name, group: -1})
				break
			}
			n, err := strconv.Atoi(name)
			if err != nil {
				fail("regex_replace: no group %s", name)
			}
			list = append(list, part{group: n})
		case c == 'n':
			text("\n")
		case c == 't':
			text("\t")
		case c == '\\':
			text(`\`)
		case isWord(c) && c != '_':
			fail("regex_replace: the escape \\%c is not known", c)
		default:
			text(`\` + string(c))
		}
		s = rest
	}
	return list
}
