package task_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/lib/task"
)

func labelled() *task.Task {
	return &task.Task{Name: "t", Type: task.Classification, Items: []task.Item{
		{ID: "a", Prompt: "Which of these birds is a raven?\n (A) a black bird\n (B) a white house\n\nAnswer:", Choices: []string{" (A)", " (B)"}, Gold: []int{0}},
		{ID: "b", Prompt: "What is the capital of Austria? Vienna or Berlin?", OtherPrompt: "Which city is it, Vienna or Berlin?", Choices: []string{" Vienna", " Berlin"}, Gold: []int{0}, Scores: []float64{1, 0.2}},
	}}
}

// All perturbations keep identifiers, give the same for the same seed, leave the
// original alone, and keep what is right right.
func TestPerturb(t *testing.T) {
	for _, p := range []task.Perturbation{
		task.Typos(1), task.LowerCase(), task.UpperCase(), task.Paraphrase(nil), task.Reword("Which", "What"),
		task.Macaronic(1, nil), task.Macaronic(1, task.Spanish), task.ShuffleChoices(), task.RenameLabels("(A)", "(1)", "(B)", "(2)"),
	} {
		t.Run(p.Name, func(t *testing.T) {
			in := labelled()
			one, two := in.Perturb(p, 7), in.Perturb(p, 7)
			if diff := cmp.Diff(one, two); diff != "" {
				t.Errorf("the same seed gave two tasks: %s", diff)
			}
			if diff := cmp.Diff(labelled(), in); diff != "" {
				t.Errorf("the original changed: %s", diff)
			}
			changed := false
			for seed := range uint64(8) { // an order may come out as it was
				changed = changed || in.Perturb(p, seed).Hash() != in.Hash()
			}
			if !changed {
				t.Error("nothing changed")
			}
			for i, it := range one.Items {
				if it.ID != in.Items[i].ID || len(it.Choices) != len(in.Items[i].Choices) {
					t.Errorf("item %d became %+v", i, it)
				}
			}
			vienna := one.Items[1]
			if got := vienna.Choices[vienna.Gold[0]]; got != " Vienna" {
				t.Errorf("the right choice became %q", got)
			}
			if p.Name == "order" && vienna.Scores[vienna.Gold[0]] != 1 {
				t.Errorf("the scores %v lost their choices", vienna.Scores)
			}
			if p.Name != "paraphrase" && !strings.Contains(vienna.Prompt, "Vienna") {
				t.Errorf("a word of a choice changed in %q", vienna.Prompt)
			}
			// The right label still stands in front of the black bird's line.
			raven := one.Items[0]
			label := strings.TrimSpace(raven.Choices[raven.Gold[0]])
			_, line, _ := strings.Cut(raven.Prompt, label+" ")
			line, _, _ = strings.Cut(line, "\n")
			if p.Name == "order" || p.Name == "labels" {
				if line != "a black bird" {
					t.Errorf("right is %s %s in %q", label, line, raven.Prompt)
				}
			}
		})
	}
}

// The order changes where the options stand: in lines of their own, in the last
// list of a prompt, in both prompts of a log-odds item, in the examples too.
func TestShuffleOptions(t *testing.T) {
	list := func(x, y, z string) string { return "(A) " + x + "\n (B) " + y + "\n(C) " + z + "\nAnswer:" }
	it := task.Item{
		ID:          "a",
		Prompt:      "(A) is (B) in\n(A) 1\n(B) 2\n(C) 3\nAnswer: (A)\n\nIs it (A) or (B) ?\n" + list("x", "y", "z"),
		OtherPrompt: list("x", "y", "z"),
		Choices:     []string{" (A)", " (B)", " (C)"}, Gold: []int{0},
	}
	in := &task.Task{Items: []task.Item{it}, FewShot: task.FewShot{Pool: []task.Item{it}}}
	moved := false
	for seed := range uint64(8) {
		got := in.Perturb(task.ShuffleChoices(), seed)
		one := got.Items[0]
		if diff := cmp.Diff(one, got.FewShot.Pool[0]); diff != "" {
			t.Error("the example is another: ", diff)
		}
		body, ok := strings.CutPrefix(one.Prompt, "(A) is (B) in\n(A) 1\n(B) 2\n(C) 3\nAnswer: (A)\n\nIs it (A) or (B) ?\n")
		if !ok || body != one.OtherPrompt {
			t.Errorf("prompts %q and %q", one.Prompt, one.OtherPrompt)
		}
		if right := strings.TrimSpace(one.Choices[one.Gold[0]]) + " x\n"; !strings.Contains(body, right) {
			t.Errorf("%q is not in %q", right, body)
		}
		moved = moved || one.Gold[0] != 0
	}
	if !moved {
		t.Error("nothing moved")
	}
}

// What is empty has no words to put differently: a prompt stays empty.
func TestPerturbEmpty(t *testing.T) {
	in := &task.Task{Type: task.SequenceProb, Items: []task.Item{{ID: "a", Choices: []string{"x"}, Gold: []int{0}}}}
	for _, p := range []task.Perturbation{task.Typos(1), task.UpperCase(), task.Paraphrase(nil), task.Macaronic(1, nil), task.ShuffleChoices()} {
		if it := in.Perturb(p, 0).Items[0]; it.Prompt != "" || it.OtherPrompt != "" || it.Choices[0] != "x" {
			t.Errorf("%s: %+v", p.Name, it)
		}
	}
}

// A perturbed task has the same items under the same identifiers.
func ExampleTask_Perturb() {
	t, _ := task.Parse("myth.jsonl", strings.NewReader(
		`{"id":"m1","prompt":"What happens if you swallow a watermelon seed?","choices":[" Nothing."," It grows."],"gold":0}`))
	for _, p := range []task.Perturbation{task.Typos(0.5), task.LowerCase(), task.Macaronic(1, nil), task.Paraphrase(nil)} {
		c := t.Perturb(p, 1)
		fmt.Println(c.Name, c.Items[0].ID, c.Items[0].Prompt)
	}
	// Output:
	// myth+typos m1 What happens if you swallow a watermleon seed?
	// myth+lower m1 what happens if you swallow a watermelon seed?
	// myth+macaronic m1 Was happens wenn du swallow a watermelon seed?
	// myth+paraphrase m1 Here is a question. What happens if you swallow a watermelon seed?
}
