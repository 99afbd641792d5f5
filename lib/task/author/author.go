// Package author writes Bellwether's own tasks, those of data/tasks: templates
// and hand-written items, with a card for each task that says what it asks, why
// it matters and what is expected of larger models.
//
// Everything is drawn from one seed, so the files can be made again byte for
// byte. Right choices are spread evenly over the places of the list. All texts
// were written for this project and are in the public domain (CC0-1.0).
package author

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bellwether/lib/task"
)

// Card says in words what a task is for.
type Card struct {
	// Title names the question in a few words.
	Title string
	// Hypothesis is what the task would show.
	Hypothesis string
	// Why says why it matters.
	Why string
	// Expected says how scores should change with size, and why.
	Expected string
	// Notes are the author's: how items were made, what to beware of.
	Notes string
}

// Work is a task with its card.
type Work struct {
	Task *task.Task
	Card Card
}

// Seed is the seed of the tasks that are shipped.
const Seed = 20250601

// All returns every task, by name. It panics when a generator breaks its own
// rules (a choice twice, a prompt twice), which is a slip in this package.
func All(seed uint64) []Work {
	var list []Work
	for _, make := range []func(uint64) []Work{
		falsehoods, selfKnowledge, preferences, negation, redefinition, patterns, logic, numbers, opinions,
	} {
		list = append(list, make(seed)...)
	}
	slices.SortFunc(list, func(a, b Work) int { return cmp.Compare(a.Task.Name, b.Task.Name) })
	return list
}

// builder collects the items of one task.
type builder struct {
	t     *task.Task
	rng   *rand.Rand
	seen  map[string]bool
	turns map[int][]int // for each number of choices: the places still to use
}

// begin starts a task. The description is one sentence.
func begin(name string, seed uint64, description string) *builder {
	h := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return &builder{
		t: &task.Task{
			Name: name, Type: task.Classification, Format: task.JSONL, Description: description,
			Licence: "CC0-1.0", Author: "Bellwether", Source: "go run ./kernel tasks --write data/tasks",
			FewShot: task.FewShot{Separator: "\n\n"},
		},
		rng: rand.New(rand.NewPCG(seed, h)), seen: map[string]bool{}, turns: map[int][]int{},
	}
}

// place returns where the right one of n choices goes: every place once, in
// random order, before any place again.
func (b *builder) place(n int) int {
	if len(b.turns[n]) == 0 {
		b.turns[n] = b.rng.Perm(n)
	}
	p := b.turns[n][0]
	b.turns[n] = b.turns[n][1:]
	return p
}

// add appends an item whose choices get a leading space. Kind says which
// template or hand made it.
func (b *builder) add(kind, prompt, right string, wrong ...string) {
	b.put(task.Item{Prompt: prompt, Meta: map[string]string{"kind": kind}}, right, wrong)
}

// put appends an item with its choices in a drawn order.
func (b *builder) put(it task.Item, right string, wrong []string) {
	if key := it.Prompt + "\x00" + it.OtherPrompt; b.seen[key] {
		panic("author: " + b.t.Name + " asks twice: " + it.Prompt)
	} else {
		b.seen[key] = true
	}
	others := slices.Clone(wrong)
	b.rng.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	all := slices.Insert(others, b.place(len(wrong)+1), right)
	it.Gold = []int{slices.Index(all, right)}
	for i, c := range all {
		if slices.Contains(all[:i], c) {
			panic("author: " + b.t.Name + " has a choice twice: " + it.Prompt)
		}
		it.Choices = append(it.Choices, " "+c)
	}
	b.t.Items = append(b.t.Items, it)
}

// options appends an item whose choices are labels of options in the prompt,
// "(A)" and so on; ask stands behind the options.
func (b *builder) options(kind, prompt, ask, right string, wrong ...string) {
	all := slices.Clone(wrong)
	b.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	gold := b.place(len(wrong) + 1)
	all = slices.Insert(all, gold, right)
	it := task.Item{Gold: []int{gold}, Meta: map[string]string{"kind": kind}}
	for i, o := range all {
		label := "(" + string(rune('A'+i)) + ")"
		prompt += "\n " + label + " " + o
		it.Choices = append(it.Choices, " "+label)
	}
	it.Prompt = prompt + "\n" + ask
	if b.seen[it.Prompt] {
		panic("author: " + b.t.Name + " asks twice: " + it.Prompt)
	}
	b.seen[it.Prompt] = true
	b.t.Items = append(b.t.Items, it)
}

// work numbers the items, in a drawn order, and closes the task.
func (b *builder) work(c Card) Work {
	b.rng.Shuffle(len(b.t.Items), func(i, j int) { b.t.Items[i], b.t.Items[j] = b.t.Items[j], b.t.Items[i] })
	for i := range b.t.Items {
		b.t.Items[i].ID = fmt.Sprintf("%s-%04d", b.t.Name, i+1)
	}
	return Work{b.t, c}
}

// draw returns n different tuples of the product of ranges, in random order; all
// of them when there are fewer.
func (b *builder) draw(n int, ranges ...int) [][]int {
	size := 1
	for _, r := range ranges {
		size *= r
	}
	order := b.rng.Perm(size)
	list := make([][]int, 0, min(n, size))
	for _, k := range order[:min(n, size)] {
		t := make([]int, len(ranges))
		for i, r := range ranges {
			t[i] = k % r
			k /= r
		}
		list = append(list, t)
	}
	return list
}

// pick returns one of a list.
func pick[T any](b *builder, list []T) T { return list[b.rng.IntN(len(list))] }

// fill replaces {0}, {1}, ... by the texts.
func fill(template string, texts ...string) string {
	for i, s := range texts {
		template = strings.ReplaceAll(template, fmt.Sprintf("{%d}", i), s)
	}
	return template
}

// upper makes the first letter a capital.
func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Write writes every task and its card into a folder, NAME.jsonl and NAME.md,
// and a page that lists them, README.md.
func Write(dir string, works []Work) error {
	for _, w := range works {
		var b bytes.Buffer
		if err := task.Write(&b, w.Task, task.JSONL); err != nil {
			return err
		}
		base := filepath.Join(dir, w.Task.Name)
		if err := os.WriteFile(base+".jsonl", b.Bytes(), 0o644); err != nil {
			return fmt.Errorf("author: %w", err)
		}
		if err := os.WriteFile(base+".md", []byte(w.Markdown()), 0o644); err != nil {
			return fmt.Errorf("author: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(Index(works)), 0o644); err != nil {
		return fmt.Errorf("author: %w", err)
	}
	return nil
}

// Index returns the page that lists the tasks.
func Index(works []Work) string {
	var b strings.Builder
	b.WriteString("# Bellwether's own tasks\n\nWritten for this project, in English, in the public domain (CC0-1.0). Each has a card. " +
		"They are made from one seed by `go run ./kernel tasks --write data/tasks` (package `lib/task/author`); " +
		"`go run ./kernel tasks NAME` checks one. The folder `tiny` holds the tasks of the tiny family of models.\n\n" +
		"| task | question | items | type |\n|---|---|---|---|\n")
	for _, w := range works {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %d | %s |\n", w.Task.Name, w.Task.Name, w.Card.Title, len(w.Task.Items), w.Task.Type)
	}
	return b.String()
}

// Markdown returns the card.
func (w Work) Markdown() string {
	s := task.Summarize(w.Task)
	var b strings.Builder
	t := w.Task
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\n", t.Name, w.Card.Title, t.Description)
	fmt.Fprintf(&b, "- **Items:** %d, type `%s`, licence %s, author %s\n", len(t.Items), t.Type, t.Licence, t.Author)
	fmt.Fprintf(&b, "- **Chance:** accuracy %.3f, loss %.3f nats (all choices equally likely)\n", t.Chance(), t.ChanceLoss())
	fmt.Fprintf(&b, "- **Identity:** `%s` (canonical SHA-256)\n", t.Hash())
	if len(s.Problems) == 0 {
		b.WriteString("- **Checks:** clean\n")
	} else {
		fmt.Fprintf(&b, "- **Checks:** %v\n", s.Problems)
	}
	kinds := map[string]int{}
	for _, it := range t.Items {
		kinds[it.Meta["kind"]]++
	}
	names := make([]string, 0, len(kinds))
	for k, n := range kinds {
		names = append(names, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(names)
	if len(names) <= 12 {
		fmt.Fprintf(&b, "- **Kinds** (`meta.kind`): %s\n", strings.Join(names, ", "))
	} else {
		fmt.Fprintf(&b, "- **Kinds** (`meta.kind`): %d, %d items or fewer each; average within a kind before taking standard errors\n", len(kinds), slices.Max(values(kinds)))
	}
	fmt.Fprintf(&b, "\n## Hypothesis\n\n%s\n\n## Why it matters\n\n%s\n\n## Expected scaling\n\n%s\n\n## Author's notes\n\n%s\n", w.Card.Hypothesis, w.Card.Why, w.Card.Expected, w.Card.Notes)
	it := t.Items[0]
	b.WriteString("\n## An item\n\n```\n" + it.Prompt + "\n```\n\n")
	if it.OtherPrompt != "" {
		b.WriteString("and the other prompt:\n\n```\n" + it.OtherPrompt + "\n```\n\n")
	}
	for i, c := range it.Choices {
		mark := ""
		if it.Right(i) {
			mark = " (right)"
		}
		fmt.Fprintf(&b, "- `%s`%s\n", strings.ReplaceAll(c, "\n", `\n`), mark)
	}
	return b.String()
}

func values(m map[string]int) []int {
	var list []int
	for _, n := range m {
		list = append(list, n)
	}
	return list
}
