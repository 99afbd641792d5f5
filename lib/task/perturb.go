package task

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Perturbation changes how items are put without changing what they ask.
type Perturbation struct {
	// Name is appended to the task's name ("add+typos").
	Name string
	// text changes one text of an item; nil leaves the texts alone.
	text func(text string, keep func(word string) bool, rng *rand.Rand) string
	// item changes the item as a whole; nil does nothing.
	item func(t *Task, it *Item, rng *rand.Rand)
}

// Perturb returns a copy of the task with every item changed, those of
// FewShot.Pool too. Identifiers and order stay, so that scores can be compared
// item by item. What an item becomes depends on the seed and its ID alone; the
// two prompts of a log-odds item are changed with the same luck. FewShot.Prefix
// and the format's prefixes around the question stay as they are, and so do
// words that occur in a choice and prompts that are "". The copy's SHA256 is "":
// it is no file.
func (t *Task) Perturb(p Perturbation, seed uint64) *Task {
	c := *t
	c.Name += "+" + p.Name
	c.SHA256 = ""
	c.Problems = slices.Clone(t.Problems)
	c.Items = t.perturbed(t.Items, p, seed)
	if t.FewShot.Pool != nil {
		c.FewShot.Pool = t.perturbed(t.FewShot.Pool, p, seed)
	}
	return &c
}

func (t *Task) perturbed(items []Item, p Perturbation, seed uint64) []Item {
	list := make([]Item, len(items))
	for i := range items {
		it := items[i].clone()
		h := fnv.New64a()
		h.Write([]byte(p.Name + "\x00" + it.ID))
		luck := func() *rand.Rand { return rand.New(rand.NewPCG(seed, h.Sum64())) }
		if p.text != nil {
			words := it.choiceWords()
			keep := func(w string) bool { return words[strings.ToLower(w)] }
			for _, prompt := range []*string{&it.Prompt, &it.OtherPrompt} {
				if *prompt != "" {
					*prompt = t.body(*prompt, func(s string) string { return p.text(s, keep, luck()) })
				}
			}
		}
		if p.item != nil {
			p.item(t, &it, luck())
		}
		it.note("perturbation", p.Name)
		list[i] = it
	}
	return list
}

func (it *Item) clone() Item {
	c := *it
	c.Choices = slices.Clone(it.Choices)
	c.Gold = slices.Clone(it.Gold)
	c.Scores = slices.Clone(it.Scores)
	c.Targets = slices.Clone(it.Targets)
	c.Meta = maps.Clone(it.Meta)
	return c
}

// body changes the part of a prompt between the format's prefixes.
func (t *Task) body(prompt string, change func(string) string) string {
	f := t.FewShot
	front, rest := "", prompt
	for _, p := range []string{f.Prefix, f.InputPrefix} {
		if after, ok := strings.CutPrefix(rest, p); ok {
			front, rest = front+p, after
		}
	}
	back := ""
	if before, ok := strings.CutSuffix(rest, f.OutputPrefix); ok {
		rest, back = before, f.OutputPrefix
	}
	return front + change(rest) + back
}

// choiceWords returns the words of the choices and targets, in lower case.
func (it *Item) choiceWords() map[string]bool {
	words := map[string]bool{}
	for _, c := range slices.Concat(it.Choices, it.Targets) {
		for _, w := range strings.FieldsFunc(c, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			words[strings.ToLower(w)] = true
		}
	}
	return words
}

// eachWord calls change with every run of letters that no colon or digit
// follows, and puts what it returns in its place.
func eachWord(text string, change func(word string) string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) {
			b.WriteString(text[i : i+n])
			i += n
			continue
		}
		end := i
		for end < len(text) {
			r, n = utf8.DecodeRuneInString(text[end:])
			if !unicode.IsLetter(r) {
				break
			}
			end += n
		}
		word := text[i:end]
		if end < len(text) && (text[end] == ':' || text[end] >= '0' && text[end] <= '9') {
			b.WriteString(word)
		} else {
			b.WriteString(change(word))
		}
		i = end
	}
	return b.String()
}

// Typos changes each word of four letters or more with the probability rate, in
// [0, 1]: two inner letters change places, or one is lost or doubled.
func Typos(rate float64) Perturbation {
	return Perturbation{Name: "typos", text: func(text string, keep func(string) bool, rng *rand.Rand) string {
		return eachWord(text, func(word string) string {
			r := []rune(word)
			if rng.Float64() >= rate || len(r) < 4 || keep(word) {
				return word
			}
			i := 1 + rng.IntN(len(r)-2)
			switch rng.IntN(3) {
			case 0:
				r[i], r[i+1] = r[i+1], r[i]
			case 1:
				r = slices.Delete(r, i, i+1)
			default:
				r = slices.Insert(r, i, r[i])
			}
			return string(r)
		})
	}}
}

// LowerCase writes every prompt in small letters.
func LowerCase() Perturbation {
	return Perturbation{Name: "lower", text: func(text string, keep func(string) bool, _ *rand.Rand) string {
		return eachWord(text, func(w string) string { return unless(keep(w), w, strings.ToLower(w)) })
	}}
}

// UpperCase writes every prompt in capitals.
func UpperCase() Perturbation {
	return Perturbation{Name: "upper", text: func(text string, keep func(string) bool, _ *rand.Rand) string {
		return eachWord(text, func(w string) string { return unless(keep(w), w, strings.ToUpper(w)) })
	}}
}

func unless(keep bool, old, changed string) string {
	if keep {
		return old
	}
	return changed
}

// Frames are ways to put any question; "{}" stands for it.
var Frames = []string{
	"Here is a question. {}",
	"Consider this. {}",
	"{}",
	"Please answer what follows. {}",
	"I have been asked this: {}",
}

// Paraphrase puts each prompt into one of the frames, drawn for each item, in
// which "{}" stands for the prompt. Nil means Frames. It panics on a frame
// without "{}".
func Paraphrase(frames []string) Perturbation {
	if frames == nil {
		frames = Frames
	}
	for _, f := range frames {
		if !strings.Contains(f, "{}") {
			panic(fmt.Sprintf("task: frame %q has no {}", f))
		}
	}
	return Perturbation{Name: "paraphrase", text: func(text string, _ func(string) bool, rng *rand.Rand) string {
		// White space in front stays in front.
		inner := strings.TrimLeft(text, " \n")
		return text[:len(text)-len(inner)] + strings.ReplaceAll(frames[rng.IntN(len(frames))], "{}", inner)
	}}
}

// Reword replaces phrases by others, wherever they stand: pairs of the old and
// the new phrase.
func Reword(oldnew ...string) Perturbation {
	r := strings.NewReplacer(oldnew...)
	return Perturbation{Name: "reword", text: func(text string, _ func(string) bool, _ *rand.Rand) string {
		return r.Replace(text)
	}}
}

// Macaronic replaces each word that is in the lexicon with the probability rate,
// in [0, 1], by its translation; nil means German. Capitals at the beginning of
// a word stay.
func Macaronic(rate float64, lexicon map[string]string) Perturbation {
	if lexicon == nil {
		lexicon = German
	}
	return Perturbation{Name: "macaronic", text: func(text string, keep func(string) bool, rng *rand.Rand) string {
		return eachWord(text, func(word string) string {
			other, ok := lexicon[strings.ToLower(word)]
			if rng.Float64() >= rate || !ok || keep(word) {
				return word
			}
			if r, _ := utf8.DecodeRuneInString(word); unicode.IsUpper(r) {
				f, n := utf8.DecodeRuneInString(other)
				return string(unicode.ToUpper(f)) + other[n:]
			}
			return other
		})
	}}
}

// ShuffleChoices changes the order of the choices. Where the choices are labels
// of options in the prompt ("(A)" for a line "(A) ..."), the options' texts
// change places under the labels, and the right label with them; else the list
// of choices changes, and with it the list that BIG-bench appends to the input.
func ShuffleChoices() Perturbation {
	return Perturbation{Name: "order", item: func(t *Task, it *Item, rng *rand.Rand) {
		n := len(it.Choices)
		perm := rng.Perm(n) // new place k holds what was at perm[k]
		if it.options(it.Prompt) != nil {
			it.Prompt, it.OtherPrompt = it.reorder(it.Prompt, perm), it.reorder(it.OtherPrompt, perm)
		} else {
			old := slices.Clone(it.Choices)
			for k := range n {
				it.Choices[k] = old[perm[k]]
			}
			if p := t.FewShot.ChoicePrefix; p != "" {
				it.Prompt = strings.Replace(it.Prompt, p+strings.Join(old, p), p+strings.Join(it.Choices, p), 1)
			}
		}
		place := make([]int, n)
		for k, from := range perm {
			place[from] = k
		}
		for i, g := range it.Gold {
			it.Gold[i] = place[g]
		}
		slices.Sort(it.Gold)
		if it.Scores != nil {
			old := slices.Clone(it.Scores)
			for k := range n {
				it.Scores[k] = old[perm[k]]
			}
		}
	}}
}

// reorder puts the options' texts in a prompt into another order under their
// labels: place k gets the text of place perm[k].
func (it *Item) reorder(prompt string, perm []int) string {
	places := it.options(prompt)
	var b strings.Builder
	at := 0
	for k, p := range places {
		from := places[perm[k]]
		b.WriteString(prompt[at:p.start])
		b.WriteString(prompt[from.start:from.end])
		at = p.end
	}
	return b.String() + prompt[at:]
}

// place is where an option's text stands in a prompt.
type place struct{ start, end int }

// options finds the options' texts in a prompt for choices that are labels: for
// each choice, the text behind "(A) " at the beginning of a line. Where a prompt
// has several such lists, it is the last, which is the item's own. Nil when the
// choices are no such labels.
func (it *Item) options(prompt string) []place {
	if len(it.Choices) < 2 {
		return nil
	}
	list := make([]place, len(it.Choices))
	before := len(prompt)
	for k, c := range slices.Backward(it.Choices) {
		label := strings.TrimSpace(c)
		if len(label) < 2 || label[0] != '(' || label[len(label)-1] != ')' {
			return nil
		}
		for {
			i := strings.LastIndex(prompt[:before], label+" ")
			if i < 0 {
				return nil
			}
			line := strings.TrimRight(prompt[:i], " \t")
			end := strings.IndexByte(prompt[i:], '\n')
			if end < 0 {
				end = len(prompt) - i
			}
			before = i
			if line == "" || strings.HasSuffix(line, "\n") {
				list[k] = place{i + len(label) + 1, i + end}
				break
			}
		}
	}
	return list
}

// RenameLabels gives the choices other names: pairs of the old and the new
// text, without surrounding white space, such as "(A)", "(1)". The old names
// are replaced in the prompts too where they stand by themselves.
func RenameLabels(oldnew ...string) Perturbation {
	if len(oldnew)%2 != 0 {
		panic("task: RenameLabels wants pairs")
	}
	names := map[string]string{}
	for i := 0; i < len(oldnew); i += 2 {
		names[oldnew[i]] = oldnew[i+1]
	}
	return Perturbation{Name: "labels", item: func(_ *Task, it *Item, _ *rand.Rand) {
		for _, list := range [][]string{it.Choices, it.Targets} {
			for i, c := range list {
				core := strings.TrimSpace(c)
				if to, ok := names[core]; ok {
					list[i] = strings.Replace(c, core, to, 1)
				}
			}
		}
		it.Prompt, it.OtherPrompt = renamed(it.Prompt, names), renamed(it.OtherPrompt, names)
	}}
}

// renamed replaces names that stand by themselves, longest first.
func renamed(text string, names map[string]string) string {
	old := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return len(b) - len(a) })
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	var b strings.Builder
next:
	for i := 0; i < len(text); {
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		for _, o := range old {
			if o == "" || !strings.HasPrefix(text[i:], o) {
				continue
			}
			first, _ := utf8.DecodeRuneInString(o)
			last, _ := utf8.DecodeLastRuneInString(o)
			after, _ := utf8.DecodeRuneInString(text[i+len(o):])
			if part(first) && i > 0 && part(before) || part(last) && i+len(o) < len(text) && part(after) {
				continue
			}
			b.WriteString(names[o])
			i += len(o)
			continue next
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		b.WriteString(text[i : i+n])
		i += n
	}
	return b.String()
}
