package author_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/data"
	"bellwether/lib/task"
	"bellwether/lib/task/author"
)

// The tasks that are shipped are those that the generator makes, and clean.
func TestShipped(t *testing.T) {
	dir, err := data.Path("tasks")
	if err != nil {
		t.Fatal(err)
	}
	works := author.All(author.Seed)
	if len(works) < 14 {
		t.Errorf("%d tasks, want 14 or more", len(works))
	}
	if got, err := os.ReadFile(filepath.Join(dir, "README.md")); err != nil || string(got) != author.Index(works) {
		t.Errorf("README.md is not what the generator makes (%v); run: go run ./kernel tasks --write data/tasks", err)
	}
	for _, w := range works {
		t.Run(w.Task.Name, func(t *testing.T) {
			var b bytes.Buffer
			if err := task.Write(&b, w.Task, task.JSONL); err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string][]byte{".jsonl": b.Bytes(), ".md": []byte(w.Markdown())} {
				got, err := os.ReadFile(filepath.Join(dir, w.Task.Name+name))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s%s is not what the generator makes; run: go run ./kernel tasks --write data/tasks", w.Task.Name, name)
				}
			}
			got, err := task.Load(w.Task.Name)
			if err != nil {
				t.Fatal(err)
			}
			if got.Hash() != w.Task.Hash() {
				t.Error("the file has another identity than the task")
			}
			for _, p := range append(got.Problems, task.Check(got)...) {
				t.Error(p)
			}
			if n := len(got.Items); n < 200 && n != 50 {
				t.Errorf("%d items, want 200 or more (50 where they are written by hand)", n)
			}
			at := map[int]int{}
			for _, it := range got.Items {
				at[it.Gold[0]]++
			}
			if d := at[0] - at[1]; d < -1 || d > 1 {
				t.Errorf("the right choices are not balanced: %v", at)
			}
			if longer, unequal := byLength(got); unequal > 0 && got.Type == task.Classification { // in log-odds tasks the length cancels
				if share := float64(longer) / float64(unequal); share < .4 || share > .6 {
					t.Errorf("the longer answer is right in %d of %d items", longer, unequal)
				}
			}
			for _, s := range []string{w.Card.Title, w.Card.Hypothesis, w.Card.Why, w.Card.Expected, w.Card.Notes} {
				if s == "" {
					t.Error("a part of the card is empty")
				}
			}
		})
	}
}

// byLength counts the items whose answers differ in length, and those of them
// whose right answer is the longer one. Where choices are labels, "(A)", the
// answers are the options of the prompt.
func byLength(t *task.Task) (longer, unequal int) {
	for _, it := range t.Items {
		var n [2]int
		for i, c := range it.Choices {
			answer := c
			if _, option, ok := strings.Cut(it.Prompt, "\n"+c+" "); ok {
				answer, _, _ = strings.Cut(option, "\n")
			}
			n[i] = len(answer)
		}
		if right := it.Gold[0]; n[0] != n[1] {
			unequal++
			if n[right] > n[1-right] {
				longer++
			}
		}
	}
	return longer, unequal
}

func Example() {
	for _, w := range author.All(author.Seed)[:3] {
		fmt.Println(w.Task.Name, len(w.Task.Items), w.Card.Title)
	}
	// Output:
	// conditionals 240 four ways to conclude
	// imitated-falsehoods 240 answers that text gets wrong
	// negation-handwritten 50 texts with a negation
}
