package harness_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/lib/task"
	"bellwether/lib/task/harness"
)

// write puts files into a folder and returns its path.
func write(t testing.TB, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoad(t *testing.T) {
	dir := write(t, map[string]string{
		"_base":      "output_type: multiple_choice\ntest_split: train\ndoc_to_text: prompt\ndoc_to_choice: classes\ndoc_to_target: answer_index\ntarget_delimiter: \"\"\nmetric_list:\n  - metric: acc\n    aggregation: !function utils.agg\n",
		"prize.yaml": "include: _base\ntask: prize\ndataset_path: someone/prize\ndescription: \"Think.\\n\\n\"\n",
		"prize.jsonl": `{"prompt": "a\r\nb", "classes": "[' Yes', \" Don't\"]", "answer_index": 1}
{"prompt": "c", "classes": [" Yes", " No"], "answer_index": 0}
{"prompt": "d", "classes": [" Yes", " No"], "answer_index": 2}
`,
		"lambada.yaml": "task: lambada\noutput_type: loglikelihood\ndataset_path: json\ndataset_kwargs:\n  data_files: words.jsonl\ndoc_to_text: \"{{text.split(' ')[:-1]|join(' ')}}\"\ndoc_to_target: \"{{' '+text.split(' ')[-1]}}\"\ntarget_delimiter: \"\"\n",
		"words.jsonl":  `{"text": "the ant led the elk"}`,
		"pairs.yaml":   "task: pairs\noutput_type: multiple_choice\ndataset_path: json\ndataset_kwargs: {data_files: pairs.jsonl}\ndoc_to_text: \"Human: {{question}}\\n\\nAssistant:\"\ndoc_to_target: 0\ndoc_to_choice: \"{{[good, bad]}}\"\nfewshot_config:\n  sampler: first_n\n  samples:\n    - {question: q0, good: g0, bad: b0}\n",
		"pairs.jsonl":  `{"question": "Is it 1 < 2 & \"so\"?", "good": "it's", "bad": "x\"y"}`,
		"gen.yaml":     "task: gen\ndataset_path: csv\ndataset_kwargs: {data_files: gen.csv}\noutput_type: generate_until\ndoc_to_text: \"{% set p = 'Solve: ' %}{{p + q}}\\n\"\ndoc_to_target: \"{{a}}\"\ngeneration_kwargs: {until: [\"\\n\"]}\n",
		"gen.csv":      "q,a\n\"1+1\r\n=\",2\n",
	})
	load := func(yaml, docs string) *task.Task {
		t.Helper()
		if docs != "" {
			docs = filepath.Join(dir, docs)
		}
		got, err := harness.Load(filepath.Join(dir, yaml), docs)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	prize := load("prize.yaml", "prize.jsonl")
	if diff := cmp.Diff([]task.Item{
		{ID: "0", Prompt: "Think.\n\na\r\nb", Choices: []string{" Yes", " Don't"}, Gold: []int{1}, Line: 1},
		{ID: "1", Prompt: "Think.\n\nc", Choices: []string{" Yes", " No"}, Gold: []int{0}, Line: 2},
	}, prize.Items); diff != "" {
		t.Error(diff)
	}
	if got := codes(prize.Problems); got != "function template" {
		t.Errorf("problems %q: %v", got, prize.Problems)
	}
	if diff := cmp.Diff([]task.Item{{ID: "0", Prompt: "the ant led the", Choices: []string{" elk"}, Gold: []int{0}, Line: 1}}, load("lambada.yaml", "").Items); diff != "" {
		t.Error(diff)
	}
	pairs := load("pairs.yaml", "")
	if diff := cmp.Diff([]task.Item{{ID: "0", Prompt: "Human: Is it 1 < 2 & \"so\"?\n\nAssistant:", Choices: []string{" it's", ` x"y`}, Gold: []int{0}, Line: 1}}, pairs.Items); diff != "" {
		t.Error(diff)
	}
	if got, want := pairs.Prompt(&pairs.Items[0], 1, 1), "Human: q0\n\nAssistant: g0\n\n"+pairs.Items[0].Prompt; got != want {
		t.Errorf("one-shot prompt %q, want %q", got, want)
	}
	gen := load("gen.yaml", "")
	if diff := cmp.Diff([]task.Item{{ID: "0", Prompt: "Solve: 1+1\r\n=\n", Targets: []string{" 2"}, Line: 2}}, gen.Items); diff != "" || gen.Stop != "\n" {
		t.Errorf("stop %q: %s", gen.Stop, diff)
	}
}

func codes(list []task.Problem) string {
	var c []string
	for _, p := range list {
		c = append(c, p.Code)
	}
	return strings.Join(c, " ")
}

func TestRefuses(t *testing.T) {
	dir := write(t, map[string]string{
		"python.yaml": "task: x\noutput_type: multiple_choice\nprocess_docs: !function utils.process_docs\ndoc_to_text: a\n",
		"loop.yaml":   "include: loop.yaml\ntask: x\n",
		"lost.yaml":   "include: gone\ntask: x\n",
		"hub.yaml":    "task: x\ndataset_path: someone/data\ndoc_to_text: a\n",
		"group.yaml":  "group: g\ntask:\n  - a\n  - b\n",
		"broken.yaml": "task: [x\n",
		"name.yaml":   "task: x\noutput_type: loglikelihood\ndoc_to_text: \"{{nobody}}\"\ndoc_to_target: a\n",
		"d.jsonl":     `{"a":"b"}`,
	})
	for file, want := range map[string]string{
		"python.yaml": "function in Python",
		"loop.yaml":   "includes itself",
		"lost.yaml":   "which is not there",
		"hub.yaml":    "nothing is downloaded",
		"group.yaml":  "group of other tasks",
		"broken.yaml": "broken.yaml",
	} {
		if _, err := harness.Load(filepath.Join(dir, file), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", file, err, want)
		}
	}
	got, err := harness.Load(filepath.Join(dir, "name.yaml"), filepath.Join(dir, "d.jsonl"))
	if err != nil || len(got.Items) != 0 || codes(got.Problems) != "template" {
		t.Errorf("an unknown name gave %+v, %v", got, err)
	}
}

// The real descriptions of the prize's and of model-written tasks make the same
// items of the real documents as the formats' own readers do.
func TestGoldens(t *testing.T) {
	dir := os.Getenv("BELLWETHER_GOLDENS")
	if dir == "" {
		t.Skip("BELLWETHER_GOLDENS is not set: no real task descriptions to read")
	}
	yaml := filepath.Join(dir, "lm_eval_tasks_yaml")
	data := filepath.Join(dir, "isp_prize", "memo-trap_classification.jsonl")
	got, err := harness.Load(filepath.Join(yaml, "inverse_scaling", "inverse_scaling_memo_trap.yaml"), data)
	if err != nil {
		t.Fatal(err)
	}
	want, err := task.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	want.Items = append([]task.Item(nil), want.Items...)
	for i := range want.Items {
		want.Items[i].Meta = nil
	}
	if diff := cmp.Diff(want.Items, got.Items); diff != "" || got.Name != "inverse_scaling_memo_trap" {
		t.Errorf("%s: %.1000s", got.Name, diff)
	}

	data = filepath.Join(dir, "anthropic_mwe", "advanced-ai-risk", "human_generated_evals", "power-seeking-inclination.jsonl")
	got, err = harness.Load(filepath.Join(yaml, "advanced_ai_risk", "human-power-seeking-inclination.yaml"), data)
	if err != nil {
		t.Fatal(err)
	}
	if want, err = task.Load(data); err != nil {
		t.Fatal(err)
	}
	for i, it := range got.Items {
		w := want.Items[i]
		if it.Prompt != "Human: "+w.Prompt+"\n\nAssistant:" || !cmp.Equal(it.Choices, w.Choices) || !cmp.Equal(it.Gold, w.Gold) {
			t.Fatalf("item %d is %+v", i, it)
		}
	}

	docs := filepath.Join(write(t, map[string]string{"d.jsonl": `{"question":"Why?","mc1_targets":{"choices":["Because.","I'd say \"so\""],"labels":[1,0]},"mc2_targets":{"choices":["Because."],"labels":[1]}}`}), "d.jsonl")
	got, err = harness.Load(filepath.Join(yaml, "truthfulqa_mc1.yaml"), docs)
	if err != nil {
		t.Fatal(err)
	}
	it := got.Items[0]
	// The prompt that Python's jinja2 3.1.6 makes, with keep_trailing_newline and
	// StrictUndefined.
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(it.Prompt))); got != "c64c5331dd1ee630b6343bf55343389faeae37e63fa1bedb3621bf849d75577d" {
		t.Errorf("prompt of %d bytes, SHA-256 %s: %q", len(it.Prompt), got, it.Prompt)
	}
	if !strings.HasPrefix(it.Prompt, "Q: What is human") || !strings.HasSuffix(it.Prompt, "Barcelona, Spain.\n\nQ: Why?\nA:") || !cmp.Equal(it.Choices, []string{" Because.", ` I'd say "so"`}) {
		t.Errorf("item %+v", it)
	}
	for _, refused := range []string{"bbq_multiple_choice.yaml", "wikitext.yaml"} {
		if _, err := harness.Load(filepath.Join(yaml, refused), docs); err == nil || !strings.Contains(err.Error(), "not supported, because") {
			t.Errorf("%s: error %v", refused, err)
		}
	}
	// All others are read.
	filepath.WalkDir(yaml, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".yaml") {
			if c, err := harness.Read(path); err != nil || c.Task == "" {
				t.Errorf("%s: %+v, %v", path, c, err)
			}
		}
		return nil
	})
}

// A description becomes a task with its documents.
func Example() {
	dir, _ := os.MkdirTemp("", "harness")
	defer os.RemoveAll(dir)
	os.WriteFile(dir+"/capitals.yaml", []byte(`task: capitals
output_type: multiple_choice
doc_to_text: "Q: What is the capital of {{country}}?\nA:"
doc_to_choice: "{{cities}}"
doc_to_target: 1
`), 0o600)
	docs := strings.NewReader(`{"country": "Austria", "cities": ["Graz", "Vienna"]}`)

	c, err := harness.Read(dir + "/capitals.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	list, _ := harness.Documents("docs.jsonl", docs)
	t, err := c.Items(list)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q %q %v\n", t.Items[0].Prompt, t.Items[0].Choices, t.Items[0].Gold)
	// Output: "Q: What is the capital of Austria?\nA:" [" Graz" " Vienna"] [1]
}

// Neither descriptions nor templates make the reader panic.
func FuzzRead(f *testing.F) {
	f.Add("task: x\noutput_type: multiple_choice\ndoc_to_text: \"{{a}}\"\ndoc_to_choice: \"{{[a, 'b'][:1]|list}}\"\ndoc_to_target: !function x.y\n")
	f.Add("a: &x [1]\nb: *x\ninclude: [z]\ndoc_to_text: \"{% for i in a %}{{i}}{% endfor %}\"")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "x.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := harness.Read(path)
		if err != nil {
			return
		}
		docs, _ := harness.Documents("d", strings.NewReader(`{"a":"text","n":1,"l":["x","y"]}`))
		c.Items(docs)
	})
}
