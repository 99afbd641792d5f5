package task_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/lib/task"
)

// goldens returns the folder of real files, or skips the test.
func goldens(t testing.TB) string {
	dir := os.Getenv("BELLWETHER_GOLDENS")
	if dir == "" {
		t.Skip("BELLWETHER_GOLDENS is not set: no real task files to read")
	}
	return dir
}

// expected is one entry of dataset_expected.json.
type expected struct {
	Format      string
	N           int
	SHA256      string
	Error       string
	NChoices    map[string]int `json:"n_choices"`
	Chance      float64        `json:"chance_multiple_choice_grade"`
	FirstOrder  []string       `json:"first_example_choice_order"`
	Positions   map[string]int `json:"gold_position_counts"`
	MultiGold   int            `json:"n_multi_gold"`
	AnswerIndex map[string]int `json:"answer_index"`
	Label       map[string]int
	UnknownPos  map[string]int `json:"unknown_pos"`
	Matching    map[string]int
	NotMatching map[string]int `json:"not_matching"`
	Options     int            `json:"with_Options_block"`
	Unique      int            `json:"unique_questions"`
	QuestionLen int            `json:"question_bytes"`
	ClassBytes  int            `json:"class_bytes"`
	Correct     int            `json:"correct_split_semicolon"`
	Incorrect   int            `json:"incorrect_split_semicolon"`
	MC2Choices  int            `json:"mc2_choices"`
	Name        string
}

// Every file of the loader's oracle has the counts and hashes that an
// independent Python program found.
func TestGoldens(t *testing.T) {
	dir := goldens(t)
	b, err := os.ReadFile(filepath.Join(dir, "dataset_expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var oracle struct{ Files map[string]expected }
	if err := json.Unmarshal(b, &oracle); err != nil {
		t.Fatal(err)
	}
	for file, want := range oracle.Files {
		t.Run(file, func(t *testing.T) {
			got, err := task.Load(filepath.Join(dir, file))
			if want.Error != "" {
				if err == nil {
					t.Errorf("no error, want one as Python's: %s", want.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			check(t, got, want)
		})
	}
}

func check(t *testing.T, got *task.Task, want expected) {
	t.Helper()
	type facts struct {
		Format, SHA256 string
		N              int
		Problems       []task.Problem
	}
	if diff := cmp.Diff(facts{want.Format, want.SHA256, want.N, nil}, facts{string(got.Format), got.SHA256, len(got.Items), got.Problems}); diff != "" {
		t.Error(diff)
	}
	count := map[string]map[string]int{"gold": {}, "choices": {}, "unknown": {}, "matching": {}, "not": {}}
	questionLen, classBytes, options, multi := 0, 0, 0, 0
	for _, it := range got.Items {
		if len(it.Gold) > 0 {
			count["gold"][strconv.Itoa(it.Gold[0])]++
		}
		count["choices"][strconv.Itoa(len(it.Choices))]++
		count["unknown"][it.Meta["unknown"]]++
		questionLen += len(it.Prompt)
		if len(it.Choices) > 0 {
			options++
		}
		if len(it.Gold) > 1 {
			multi++
		}
		for i, c := range it.Choices {
			classBytes += len(c)
			if it.Right(i) {
				count["matching"][c]++
			} else {
				count["not"][c]++
			}
		}
	}
	same := func(what string, want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	switch got.Format {
	case task.BigBench:
		same("name", want.Name, got.Name)
		same("choices", want.NChoices, count["choices"])
		same("gold positions", want.Positions, count["gold"])
		same("several golds", want.MultiGold, multi)
		same("first item's choices", want.FirstOrder, got.Items[0].Choices)
		if d := got.Chance() - want.Chance; d > 1e-12 || d < -1e-12 {
			t.Errorf("chance %v, want %v", got.Chance(), want.Chance)
		}
	case task.BigBenchHard:
		same("items with options", want.Options, options)
	case task.PrizeJSONL:
		same("answer_index", want.AnswerIndex, count["gold"])
		same("bytes of the classes", want.ClassBytes, classBytes)
	case task.BBQ:
		same("label", want.Label, count["gold"])
		same("unknown", want.UnknownPos, count["unknown"])
	case task.ModelWritten:
		if want.Matching == nil {
			break // the list of occupations
		}
		same("matching", want.Matching, count["matching"])
		same("not matching", want.NotMatching, count["not"])
		same("bytes of the questions", want.QuestionLen, questionLen)
		again := 0
		for _, p := range task.Check(got) {
			if p.Code == "duplicate" || p.Code == "contradiction" {
				again++
			}
		}
		same("different questions", want.Unique, want.N-again)
	case task.TruthfulQACSV:
		all, err := task.Options{Variant: task.MC2}.Load(got.File)
		if err != nil {
			t.Fatal(err)
		}
		right, n := golds(all)
		same("answers", [2]int{want.Correct, want.Incorrect}, [2]int{right, n - right})
	case task.TruthfulQAMC:
		same("gold positions", map[string]int{"0": want.N}, count["gold"])
		all, err := task.Options{Variant: task.MC2}.Load(got.File)
		if err != nil {
			t.Fatal(err)
		}
		_, n := golds(all)
		same("mc2 choices", want.MC2Choices, n)
	}
}

// golds counts the right choices and all choices.
func golds(t *task.Task) (right, choices int) {
	for _, it := range t.Items {
		right += len(it.Gold)
		choices += len(it.Choices)
	}
	return right, choices
}
