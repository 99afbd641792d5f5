package task

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Checks says what Check looks for. The zero value knows no tokenizer.
type Checks struct {
	// Tokens counts the tokens of a text, without any that a tokenizer adds at
	// the ends; an error is a text that has no tokens. When nil, a token is taken
	// to be four bytes, and only choices without a visible character count as
	// tokenizing to nothing.
	Tokens func(string) (int, error)
	// MaxTokens is how many tokens the prompt and a choice may have together;
	// 0 means 2048.
	MaxTokens int
}

// Check looks for what makes a task measure something else than meant, and
// returns what it finds, by line. It does not repeat t.Problems.
func Check(t *Task) []Problem { return Checks{}.Check(t) }

// Check is as the function Check, with what c says.
func (c Checks) Check(t *Task) []Problem {
	var list []Problem
	if c.MaxTokens == 0 {
		c.MaxTokens = 2048
	}
	for i := range t.Items {
		it := &t.Items[i]
		report := func(code, format string, args ...any) {
			list = append(list, Problem{code, it.Line, fmt.Sprintf(format, args...)})
		}
		c.prompts(t, it, report)
		c.choices(t, it, report)
		c.texts(it, report)
	}
	if p := t.FewShot.OutputPrefix; endsInSpace(p) && len(t.Items) > 0 {
		list = append(list, Problem{"prompt-space", 0, fmt.Sprintf("every prompt ends in white space (the output prefix is %q), which tokenizers join with the choice", p)})
	}
	if len(t.Items) == 0 && len(t.Problems) == 0 {
		list = append(list, Problem{"no-items", 0, "the file has no items"})
	}
	list = append(list, repeated(t)...)
	list = append(list, balance(t)...)
	if t.Licence == "" && (t.Format == JSONL || t.Format == "") {
		list = append(list, Problem{"licence", 0, "the file names no licence: nobody knows whether it may be shared"})
	}
	if t.Canary == "" && (t.Format == BigBench || t.Format == BigBenchHard) {
		list = append(list, Problem{"canary", 0, "the file has no canary string, which lets trainers keep it out of their data"})
	}
	slices.SortStableFunc(list, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return list
}

type reporter = func(code, format string, args ...any)

func (c Checks) prompts(t *Task, it *Item, report reporter) {
	switch {
	case strings.TrimSpace(it.Prompt) == "":
		report("empty-prompt", "the prompt of item %s is empty", it.ID)
	case endsInSpace(it.Prompt) && !endsInSpace(t.FewShot.OutputPrefix):
		report("prompt-space", "the prompt of item %s ends in white space (%q), which tokenizers join with the choice", it.ID, tail(it.Prompt))
	}
	switch t.Type {
	case LogOdds, AbsoluteLogOdds:
		if it.OtherPrompt == "" {
			report("other-prompt", "item %s has no second prompt", it.ID)
		} else if it.OtherPrompt == it.Prompt {
			report("other-prompt", "the two prompts of item %s are equal: its log-odds are 0 for every model", it.ID)
		}
	case Numeric:
		for _, s := range append([]string{it.Anchor}, it.Targets...) {
			x, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(s), ",", ""), 64)
			if s != "" && err != nil {
				report("number", "%q of item %s is not a number", s, it.ID)
			} else if math.IsInf(x, 0) || math.IsNaN(x) {
				report("number", "%q of item %s is not finite", s, it.ID)
			}
		}
		if len(it.Targets) == 0 || it.Targets[0] == "" {
			report("number", "item %s has no true answer", it.ID)
		}
	}
}

func endsInSpace(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsSpace(r)
}

// tail returns the end of a text for a message.
func tail(s string) string {
	for n, i := 0, len(s); i > 0; n++ {
		if n == 10 {
			return s[i:]
		}
		_, w := utf8.DecodeLastRuneInString(s[:i])
		i -= w
	}
	return s
}

func (c Checks) choices(t *Task, it *Item, report reporter) {
	least := map[Type]int{Classification: 2, ClassificationAcc: 2, LogOdds: 2, AbsoluteLogOdds: 2, SequenceProb: 1}[t.Type]
	if len(it.Choices) < least {
		report("choice-count", "item %s has %d choices, a task of type %s needs %d", it.ID, len(it.Choices), t.Type, least)
	} else if most := map[Type]int{LogOdds: 2, AbsoluteLogOdds: 2, SequenceProb: 1}[t.Type]; most > 0 && len(it.Choices) > most {
		report("choice-count", "item %s has %d choices, a task of type %s has %d", it.ID, len(it.Choices), t.Type, most)
	} else if least > 0 && len(it.Gold) == 0 {
		report("no-gold", "no choice of item %s is right", it.ID)
	}
	tokens := func(what, s string) int {
		n, err := c.tokens(s)
		if err != nil {
			report("token", "%s of item %s: %v", what, it.ID, err)
		}
		return n
	}
	// One finding of a kind for an item, with the first case: a task with 84
	// choices (dyck_languages of BIG-bench) has 144 pairs with a common beginning.
	var space, same, begins rest
	longest, last := 0, "" // of the choices
	for i, a := range it.Choices {
		n, err := c.tokens(a)
		switch {
		case err != nil:
			report("token", "choice %d of item %s: %v", i, it.ID, err)
		case n == 0:
			report("choice-empty", "choice %d of item %s (%q) tokenizes to nothing", i, it.ID, a)
			continue
		}
		if n > longest {
			longest, last = n, a
		}
		if glued(it.Prompt, a) {
			space.add("choice %d of item %s has no leading space: the text reads %q", i, it.ID, tail(it.Prompt)+a)
		}
		for j, b := range it.Choices {
			switch {
			case i < j && a == b:
				same.add("choices %d and %d of item %s are both %q", i, j, it.ID, a)
			case i != j && a != b && strings.HasPrefix(b, a):
				begins.add("choice %d of item %s (%q) is the beginning of choice %d (%q): it can never be less likely", i, it.ID, a, j, b)
			}
		}
	}
	space.report("choice-space", report)
	same.report("choice-equal", report)
	begins.report("choice-prefix", report)
	n, about := tokens("the prompt", it.Prompt), "about "
	context := it.Prompt
	if it.OtherPrompt != "" {
		if other := tokens("the second prompt", it.OtherPrompt); other > n {
			n, context = other, it.OtherPrompt
		}
	}
	n += longest
	if c.Tokens != nil && n > c.MaxTokens { // tokens may merge where the two meet
		about = ""
		if exact, err := c.Tokens(context + last); err == nil {
			n = exact
		}
	}
	if n > c.MaxTokens {
		report("long", "item %s has %s%d tokens, more than the context of %d: it would be cut on the left", it.ID, about, n, c.MaxTokens)
	}
}

// rest is the first case of a finding, and how many there are.
type rest struct {
	first string
	n     int
}

func (r *rest) add(format string, args ...any) {
	if r.n++; r.n == 1 {
		r.first = fmt.Sprintf(format, args...)
	}
}

func (r *rest) report(code string, report reporter) {
	switch r.n {
	case 0:
	case 1:
		report(code, "%s", r.first)
	default:
		report(code, "%s; %d such cases in this item", r.first, r.n)
	}
}

func (c Checks) tokens(s string) (int, error) {
	switch {
	case c.Tokens != nil:
		return c.Tokens(s)
	case strings.TrimSpace(s) == "":
		return 0, nil
	}
	return (len(s) + 3) / 4, nil
}

// glued reports whether a choice starts with a letter or digit right behind a
// word or a punctuation mark that a space should follow. Formulas ("57+18=")
// and opening brackets are no such thing.
func glued(prompt, choice string) bool {
	first, _ := utf8.DecodeRuneInString(choice)
	last, _ := utf8.DecodeLastRuneInString(prompt)
	if !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		return false
	}
	return unicode.IsLetter(last) || unicode.IsDigit(last) || strings.ContainsRune(".,:;!?)", last)
}

func (c Checks) texts(it *Item, report reporter) {
	check := func(what, s string) {
		if !utf8.ValidString(s) {
			report("utf8", "%s of item %s has bytes that are not UTF-8", what, it.ID)
			return
		}
		if n := strings.Count(s, "\r"); n > 0 {
			report("carriage-return", "%s of item %s holds %d CR characters, which models see as text", what, it.ID, n)
		}
		if strings.ContainsRune(s, utf8.RuneError) {
			report("replacement", "%s of item %s holds U+FFFD, the mark of a lost character", what, it.ID)
		}
		for _, r := range s {
			if r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
				report("control", "%s of item %s holds the control character %U", what, it.ID, r)
				break
			}
		}
	}
	check("the prompt", it.Prompt)
	check("the second prompt", it.OtherPrompt)
	for i, s := range it.Choices {
		check("choice "+strconv.Itoa(i), s)
	}
}

// repeated finds items that occur again.
func repeated(t *Task) []Problem {
	var list []Problem
	// Hashes, so that the texts are not in memory twice.
	type hash [sha256.Size]byte
	type earlier struct{ all, answer map[hash]int }
	seen := earlier{map[hash]int{}, map[hash]int{}}
	h, piece := sha256.New(), make([]byte, 16<<10)
	for i := range t.Items {
		it := &t.Items[i]
		if it.Prompt == "" {
			continue
		}
		// The order of the choices makes no other question.
		right := make([]string, len(it.Gold))
		for k, g := range it.Gold {
			right[k] = it.Choices[g]
		}
		slices.Sort(right)
		choices := slices.Sorted(slices.Values(it.Choices))
		h.Reset()
		for _, text := range []string{it.Prompt, it.OtherPrompt} {
			fmt.Fprintf(h, "%d ", len(text))
			for ; len(text) > len(piece); text = text[len(piece):] { // no copy of a long text
				h.Write(piece[:copy(piece, text)])
			}
			h.Write(piece[:copy(piece, text)])
		}
		fmt.Fprintf(h, "%q", choices)
		question := hash(h.Sum(nil))
		fmt.Fprintf(h, "%q%v%q%s", right, it.Scores, it.Targets, it.Anchor)
		whole := hash(h.Sum(nil))
		if first, ok := seen.all[whole]; ok {
			list = append(list, Problem{"duplicate", it.Line, fmt.Sprintf("item %s repeats item %s of line %d", it.ID, t.Items[first].ID, t.Items[first].Line)})
			continue
		}
		if first, ok := seen.answer[question]; ok {
			list = append(list, Problem{"contradiction", it.Line, fmt.Sprintf("item %s has the question of item %s (line %d) and another answer", it.ID, t.Items[first].ID, t.Items[first].Line)})
		} else {
			seen.answer[question] = i
		}
		seen.all[whole] = i
	}
	return list
}

// balance finds tasks that can be solved by the place or the length of a choice.
func balance(t *Task) []Problem {
	if t.Type != Classification && t.Type != ClassificationAcc {
		return nil
	}
	var list []Problem
	at := map[int]int{}
	n, longest, shortest := 0, 0, 0
	for i := range t.Items {
		it := &t.Items[i]
		if len(it.Gold) == 0 || len(it.Choices) < 2 {
			continue
		}
		n++
		at[it.Gold[0]]++
		if len(it.Gold) > 1 {
			continue
		}
		more, less := true, true
		for j, c := range it.Choices {
			if j != it.Gold[0] {
				more = more && len(c) < len(it.Choices[it.Gold[0]])
				less = less && len(c) > len(it.Choices[it.Gold[0]])
			}
		}
		longest += b2i(more)
		shortest += b2i(less)
	}
	if n < 10 {
		return nil
	}
	for place, count := range at {
		switch share := float64(count) / float64(n); {
		case count == n:
			list = append(list, Problem{"gold-balance", 0, fmt.Sprintf("choice %d is right in all %d items: breaking a tie by position would give the answer", place, n)})
		case share >= 0.75:
			list = append(list, Problem{"gold-balance", 0, fmt.Sprintf("choice %d is right in %d of %d items: always taking it scores %.0f%%", place, count, n, 100*share)})
		}
	}
	if longest*10 >= n*8 {
		list = append(list, Problem{"gold-length", 0, fmt.Sprintf("the right choice is the longest in %d of %d items", longest, n)})
	}
	if shortest*10 >= n*8 {
		list = append(list, Problem{"gold-length", 0, fmt.Sprintf("the right choice is the shortest in %d of %d items", shortest, n)})
	}
	return list
}
