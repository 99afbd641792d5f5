package harness_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bellwether/lib/task/harness"
)

// The layouts are those of the harness's guide to formats (docs/writing_tasks/
// prompt_formats.md of version 0.5), for questions of our own.
func TestFormats(t *testing.T) {
	const head = "task: x\ndataset_path: json\ndataset_kwargs: {data_files: d.jsonl}\ntest_split: train\ndoc_to_text: question\ndoc_to_target: answer\ndoc_to_choice: choices\n"
	const question = "Which is a gas?"
	const lettered = "\nA. ice\nB. steam\nC. lead\n"
	for _, tt := range []struct {
		name, yaml, prompt string
		choices            []string
		gold               []int
		targets            []string
		problems           int
	}{
		{"mcqa", "formats: mcqa", "Question: " + question + lettered + "Answer:", []string{" A", " B", " C"}, []int{1}, nil, 0},
		{"cloze", "formats: cloze", "Question: " + question + "\nAnswer:", []string{" ice", " steam", " lead"}, []int{1}, nil, 0},
		{"generate", "formats: generate", "Given the following question and 3 candidate answers (A, B and C), choose the best answer.\nQuestion: " + question + lettered +
			"Your response should end with \"The best answer is [answer_letter]\" where the [answer_letter] is one of A, B or C.\nThe best answer is", nil, nil, []string{"\nB"}, 1},
		{"cot", "formats: cot", "Given the following problem, reason step by step to find the final answer.\nProblem: " + question +
			"\nYour response should end with \"The final answer is [answer]\" where [answer] is the response to the problem.", nil, nil, []string{"\nsteam"}, 1},
		{
			"parts", "formats:\n  type: mcqa\n  instruction: \"Pick one of {{ _num_choices }}.\\n\\n\"\n  question_prefix: null\n  choice_labels: numbers\n  choice_delimiter: \" / \"\n  answer_prompt: \"Option ({{ _choice_list_or }}):\"\n",
			"Pick one of 3.\n\n" + question + "\n1. ice / 2. steam / 3. lead\nOption (1, 2 or 3):",
			[]string{" 1", " 2", " 3"},
			[]int{1},
			nil, 0,
		},
		{"labels", "formats: {type: mcqa, choice_labels: [I, II, III, IV]}", "Question: " + question + "\nI. ice\nII. steam\nIII. lead\nAnswer:", []string{" I", " II", " III"}, []int{1}, nil, 0},
		{"the first of several", "formats:\n  cloze: {question_prefix: \"Q: \"}\n  mcqa: null\n", "Q: " + question + "\nAnswer:", []string{" ice", " steam", " lead"}, []int{1}, nil, 1},
	} {
		dir := write(t, map[string]string{"x.yaml": head + tt.yaml + "\n", "d.jsonl": `{"question":"` + question + `","choices":["ice","steam","lead"],"answer":1}
{"question":"` + question + `","choices":["ice","steam","lead"],"answer":"steam"}
`})
		got, err := harness.Load(filepath.Join(dir, "x.yaml"), "")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if len(got.Problems) != tt.problems || len(got.Items) != 2 {
			t.Errorf("%s: %d items, problems %v", tt.name, len(got.Items), got.Problems)
			continue
		}
		for i, it := range got.Items {
			targets := tt.targets
			if i == 1 && tt.name == "generate" {
				targets = []string{"\nsteam"} // what is no number stays what it is
			}
			if it.Prompt != tt.prompt || !slices.Equal(it.Choices, tt.choices) || !slices.Equal(it.Gold, tt.gold) || !slices.Equal(it.Targets, targets) {
				t.Errorf("%s: item %d is %q, choices %q, gold %v, targets %q", tt.name, i, it.Prompt, it.Choices, it.Gold, it.Targets)
			}
		}
	}
	for yaml, want := range map[string]string{
		"formats: mcq":                                              ":8: formats: mcq is not one of mcqa, cloze, generate, cot, nor a mapping of them",
		"formats: {type: mcqa, prefix: a}":                          `mcqa has no part "prefix"; its parts are instruction,`,
		"formats: {type: mcqa, choice_labels: roman}":               `choice_labels is roman, not "letters", "numbers", a list or null`,
		"formats: {type: mcqa, answer_prompt: 3}":                   "answer_prompt of mcqa is 3",
		"formats: {type: cloze, instruction: '{{ _num_choices }}'}": "names the number or the labels of choices that the prompt does not show",
		"formats: mcqa\ndoc_to_choice: null":                        "doc_to_text, doc_to_target and, for a choice, doc_to_choice have to say which columns they are",
	} {
		yaml = strings.Replace(head, "doc_to_choice: choices\n", "", 1) + "doc_to_choice: choices\n" + yaml + "\n"
		if strings.Contains(yaml, "null\n") {
			yaml = strings.Replace(yaml, "doc_to_choice: choices\n", "", 1)
		}
		dir := write(t, map[string]string{"x.yaml": yaml, "d.jsonl": "{}\n"})
		if _, err := harness.Load(filepath.Join(dir, "x.yaml"), ""); err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %q", yaml, err, want)
		}
	}
}

// What fewshot_config says of examples alone holds for them alone.
func TestFewShotConfig(t *testing.T) {
	dir := write(t, map[string]string{
		"x.yaml": "task: x\noutput_type: multiple_choice\ndataset_path: json\ndataset_kwargs: {data_files: {test: d.jsonl, dev: e.jsonl}}\ntest_split: test\ndoc_to_text: q\ndoc_to_target: g\ndoc_to_choice: [a, b]\n" +
			"fewshot_config: {sampler: first_n, split: dev, target_delimiter: \" = \", fewshot_delimiter: \"; \", fewshot_indices: [1]}\n",
		"d.jsonl": `{"q":"p","g":0}`, "e.jsonl": "{\"q\":\"r\",\"g\":1}\n{\"q\":\"s\",\"g\":0}",
	})
	got, err := harness.Load(filepath.Join(dir, "x.yaml"), "")
	if err != nil {
		t.Fatal(err)
	}
	if text := got.Prompt(&got.Items[0], 2, 1); text != "r = b; s = a; p" {
		t.Errorf("the prompt is %q", text)
	}
	if text := fmt.Sprint(got.Problems); len(got.Problems) != 1 || !strings.Contains(text, "fewshot_config: fewshot_indices is not read") {
		t.Errorf("problems %s", text)
	}
}
