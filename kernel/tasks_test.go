package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/lib/task"
)

// runTasks runs the verb and returns what it prints.
func runTasks(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	c := tasksCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&errs)
	err := c.Execute()
	return out.String() + errs.String(), err
}

func TestTasks(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ice.csv")
	if err := os.WriteFile(file, []byte("prompt,classes,answer_index\nIs ice hot?,\"[' Yes', ' No']\",1\nIs ice cold?,\"[' Yes', ' No']\",2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := runTasks(t, "--json", file, filepath.Join(dir, "gone"))
	if err == nil {
		t.Error("a file that is not there is no error")
	}
	first, second, _ := strings.Cut(got, "\n")
	if !strings.HasPrefix(first, `{"file":"`+file+`","sha256":"`) || !strings.HasSuffix(first, `","format":"isp_csv","type":"classification","items":1,"choices":[2,2],"gold_positions":{"1":1},"problems":[{"code":"gold","line":3,"message":"gold 2 is not one of 2 choices"}]}`) {
		t.Errorf("first line %s", first)
	}
	if want := `{"file":"` + filepath.Join(dir, "gone") + `","sha256":null,"format":null,"type":null,"items":null,"choices":null,"gold_positions":null,"problems":[{"code":"unreadable","line":0,"message":"task: no file ` + filepath.Join(dir, "gone") + `"}]}` + "\n"; second != want {
		t.Errorf("second line %s, want %s", second, want)
	}
	empty := filepath.Join(dir, "empty.csv")
	if err := os.WriteFile(empty, []byte("prompt,classes,answer_index\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := runTasks(t, "--json", empty); err == nil || !strings.Contains(got, `"items":0,"choices":[0,0],"gold_positions":{},"problems":[{"code":"no-items",`) {
		t.Errorf("a file without items: %s, %v", got, err)
	}
	// A description without its documents, whatever its name: what is known of it.
	description := filepath.Join(dir, "_template_yaml")
	if err := os.WriteFile(description, []byte("task: x\noutput_type: multiple_choice\ndataset_path: some/data\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := runTasks(t, "--json", description); err == nil || !strings.Contains(got, `","format":"lm_eval_yaml","type":null,"items":null,`) || !strings.Contains(got, `"code":"documents"`) {
		t.Errorf("a description without documents: %s, %v", got, err)
	}
	if got, err := runTasks(t, "--prompt", "0", file); got != "Is ice hot?" || err != nil {
		t.Errorf("prompt %q, %v", got, err)
	}
	if got, err := runTasks(t, "--prompt", "0", "--shots", "2", file); got != "Is ice hot?note: 0 examples instead of 2: the task has no more for this item\n" || err != nil {
		t.Errorf("prompt %q, %v", got, err)
	}
	if _, err := runTasks(t, "--prompt", "0", "--other", file); err == nil {
		t.Error("a second context that is not there is no error")
	}
	if _, err := runTasks(t, "--prompt", "7", file); err == nil {
		t.Error("an item that is not there is no error")
	}
	if _, err := runTasks(t); err == nil {
		t.Error("no file is no error")
	}
	if got, err := runTasks(t, "--table", "tiny/add"); !strings.Contains(got, "| add | jsonl | classification |") || err != nil {
		t.Errorf("table %s, %v", got, err)
	}
}

// A tokenizer measures prompts and choices: here a vocabulary of characters, as
// that of the tiny family, without "z" and with a normalizer for nothing.
func TestTasksTokenizer(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sum.jsonl")
	rows := `{"prompt":"1+1=","choices":["2.","3."],"gold":0}
{"prompt":"11+11+11=","choices":["33."," "],"gold":0}
{"prompt":"z=","choices":["2.",""],"gold":0}
`
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := runTasks(t, "--json", "--tokenizer", "../data/models/tiny/tiny-9k-s3", "--context", "11", file)
	if err != nil {
		t.Fatal(err)
	}
	var s task.Summary
	if err := json.Unmarshal([]byte(got), &s); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range s.Problems {
		if p.Code != "licence" && p.Code != "choice-space" {
			found = append(found, p.String())
		}
	}
	want := []string{
		"line 2: item 1 has 12 tokens, more than the context of 11: it would be cut on the left [long]",
		`line 3: choice 1 of item 2 ("") tokenizes to nothing [choice-empty]`,
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	if _, err := runTasks(t, "--tokenizer", dir, file); err == nil || !strings.Contains(err.Error(), "--tokenizer") {
		t.Errorf("a folder without a tokenizer: %v", err)
	}
}

// The verb's JSON agrees with the independent oracle.
func TestTasksOracle(t *testing.T) {
	dir := os.Getenv("BELLWETHER_GOLDENS")
	if dir == "" {
		t.Skip("BELLWETHER_GOLDENS is not set: no real task files to read")
	}
	b, err := os.ReadFile(filepath.Join(dir, "dataset_expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var oracle struct {
		Files map[string]struct {
			Format, SHA256, Error string
			N                     int
			NChoices              map[string]int `json:"n_choices"`
			NClasses              map[string]int `json:"n_classes"`
			GoldPositions         map[string]int `json:"gold_position_counts"`
			AnswerIndex           map[string]int `json:"answer_index"`
			Label                 map[string]int
		}
	}
	if err := json.Unmarshal(b, &oracle); err != nil {
		t.Fatal(err)
	}
	for file, want := range oracle.Files {
		line, err := runTasks(t, "--json", filepath.Join(dir, file))
		if (err != nil) != (want.Error != "") {
			t.Errorf("%s: %v", file, err)
		}
		var got task.Summary
		if err := json.Unmarshal([]byte(line), &got); err != nil || strings.Count(line, "\n") != 1 {
			t.Fatalf("%s: %v in %s", file, err, line)
		}
		if string(got.Format) != want.Format || got.SHA256 != want.SHA256 || got.Items != want.N {
			t.Errorf("%s: %s, %s, %d items, want %+v", file, got.Format, got.SHA256, got.Items, want)
		}
		for _, golds := range []map[string]int{want.GoldPositions, want.AnswerIndex, want.Label} {
			if diff := cmp.Diff(golds, got.GoldPositions); golds != nil && diff != "" {
				t.Errorf("%s: %s", file, diff)
			}
		}
		for _, choices := range []map[string]int{want.NChoices, want.NClasses} {
			if choices == nil {
				continue
			}
			least, most := 99, 0
			for k := range choices {
				n, _ := strconv.Atoi(k)
				least, most = min(least, n), max(most, n)
			}
			if got.Choices != [2]int{least, most} {
				t.Errorf("%s: choices %v, want %d to %d", file, got.Choices, least, most)
			}
		}
		if want.Error != "" && (len(got.Problems) != 1 || got.Problems[0].Line != 54) {
			t.Errorf("%s: problems %v, want line 54 as Python says: %s", file, got.Problems, want.Error)
		}
	}
}

// Flags that would have no effect, or no meaning, are said.
func TestTasksFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.jsonl")
	if err := os.WriteFile(file, []byte(`{"prompt":"p","choices":["a","b"],"gold":0}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"--shots -1: want 0 or more": {"--prompt", "0", "--shots", "-1", file},
		"--shots goes with --prompt": {"--shots", "2", file},
		"--seed goes with --prompt":  {"--seed", "2", file},
		"--other goes with --prompt": {"--other", file},
		`format "x" is not one of [jsonl csv isp_csv isp_jsonl bigbench bbh anthropic_mwe bbq truthfulqa_csv truthfulqa_mc lm_eval_yaml]`: {"--prompt", "0", "--format", "x", file},
	} {
		if _, err := runTasks(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", args, err, want)
		}
	}
}
