package task_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/lib/task"
)

// Files in the forms that people publish them in, our own texts: the format that
// is detected, the type, and each item's prompt, choices or targets, and golds.
func TestWild(t *testing.T) {
	const names = `"name":"n","metrics":["multiple_choice_grade"],"preferred_score":"multiple_choice_grade"`
	for _, tt := range []struct {
		name, file string
		variant    string
		want       string // format type, and then a line an item
	}{
		{
			"sycophancy of the first release", `{"prompt":"p\n\nAnswer:","corrects":[" (B)"],"incorrects":[" (A)"," (C)"]}`, "",
			`anthropic_mwe classification
"p\n\nAnswer:" [" (B)" " (A)" " (C)"] [0]`,
		},
		{
			"model-written with a column prompt", `{"question":"q","prompt":"x","answer_matching_behavior":" Yes","answer_not_matching_behavior":" No"}`, "",
			`anthropic_mwe classification
"q" [" Yes" " No"] [0]`,
		},
		{
			"model-written as a list", "[\n {\"question\":\"q\",\"answer_matching_behavior\":\" Yes\",\"answer_not_matching_behavior\":\" No\"}\n]", "",
			`anthropic_mwe classification
"q" [" Yes" " No"] [0]`,
		},
		{
			"prize rows with a column task", `{"task":"neqa","prompt":"p","classes":"[' A', ' B']","answer_index":1}
{"task":"neqa","prompt":"q","classes":[" A"," B"],"answer_index":0.0}`, "",
			`isp_jsonl classification
"p" [" A" " B"] [1]
"q" [" A" " B"] [0]`,
		},
		{
			"prize as a list", `[{"prompt":"p","completion":" c"}]`, "",
			`isp_jsonl sequence_prob
"p" [" c"] [0]`,
		},
		{
			"prize with answer_idx", ",prompt,classes,answer_idx\n0,p,\"['A', 'B']\",1\n", "",
			`isp_csv classification
"p" ["A" "B"] [1]`,
		},
		{
			"prize with a column gold", "prompt,classes,answer_index,gold\np,\"['A', 'B']\",1,B\n", "",
			`isp_csv classification
"p" ["A" "B"] [1]`,
		},
		{
			"ours with a column task", `{"prompt":"p","choices":["a","b"],"gold":1,"task":"t"}
{"task":"t","prompt":"q","choices":["a","b"],"gold":0}`, "",
			`jsonl classification
"p" ["a" "b"] [1]
"q" ["a" "b"] [0]`,
		},
		{
			"ours, generated answers", `{"prompt":"1+1=","targets":["2","two"]}`, "",
			`jsonl generation
"1+1=" ["2" "two"] []`,
		},
		{
			"ours behind a head without a type", `{"task":"t"}
{"prompt":"p","other_prompt":"o","choices":["a","b"],"gold":0}`, "",
			`jsonl logodds
"p" ["a" "b"] [0]`,
		},
		{
			"ours as CSV, numbers", "prompt,targets,anchor\nHow many?,10,3\n", "",
			`csv numeric
"How many?" ["10"] []`,
		},
		{
			"ours as CSV, scores where there is no gold", "prompt,choices,gold,scores\np,\"[\"\"a\"\",\"\"b\"\"]\",,\"[0.1,0.9]\"\nq,\"[\"\"a\"\",\"\"b\"\"]\",0,\"[0.1,0.9]\"\nr,\"[\"\"a\"\",\"\"b\"\"]\",[],\"[0.1,0.9]\"\n", "",
			`csv classification
"p" ["a" "b"] [1]
"q" ["a" "b"] [0]
"r" ["a" "b"] []`,
		},
		{
			"ours as a list", `[{"prompt":"p","choices":["a","b"],"gold":1}, {"prompt":"q"}]`, "",
			`jsonl classification
"p" ["a" "b"] [1]
"q" [] []`,
		},
		{
			"BBQ with a label in quotes", `{"context":"c","question":"q","ans0":"a","ans1":"b","ans2":"Unknown","label":"2","answer_info":"{\"ans2\":[\"x\",\"unknown\"]}"}`, "",
			`bbq classification
"c\n\nQ: q\nA:" [" a" " b" " Unknown"] [2]`,
		},
		{
			"BIG-bench, examples first", `{"examples":[{"input":"q","target_scores":{"b":1,"a":0}}],` + names + `}`, "",
			`bigbench classification
"\nQ: q\n  choice: b\n  choice: a\nA: " ["b" "a"] [0]`,
		},
		{
			"BIG-bench, nothing but examples", `{"canary":"c","examples":[{"input":7,"target":["a","b"]}]}`, "",
			`bigbench generation
"\nQ: 7\nA: " ["a" "b"] []`,
		},
		{
			"BIG-bench, scores", `{` + names + `,"append_choices_to_input":false,"examples":[
{"input":"zero","target_scores":{"a":0,"b":0}},
{"input":"negative","target_scores":{"a":-1,"b":0}},
{"input":"part","target_scores":{"a":0.25,"b":0.75}},
{"input":"two","target_scores":{"a":1.0,"b":0,"c":1}},
{"input":"bool","target_scores":{"a":false,"b":true}}]}`, "",
			`bigbench classification
"\nQ: zero\nA: " ["a" "b"] []
"\nQ: negative\nA: " ["a" "b"] [1]
"\nQ: part\nA: " ["a" "b"] [1]
"\nQ: two\nA: " ["a" "b" "c"] [0 2]
"\nQ: bool\nA: " ["a" "b"] [1]`,
		},
		{
			"BIG-bench, false as Python has it", `{` + names + `,"append_choices_to_input":0,"examples":[{"input":"q","target_scores":{"b":1,"a":0}}]}`, "",
			`bigbench classification
"\nQ: q\nA: " ["b" "a"] [0]`,
		},
		{
			"BIG-bench-hard, a space behind an option", `{"canary":"c","examples":[{"input":"q\nOptions:\n- valid \n- invalid","target":"valid"}]}`, "",
			`bbh classification
"Q: q\nOptions:\n- valid \n- invalid\nA:" [" valid" " invalid"] [0]`,
		},
		{
			"BIG-bench-hard, the text of an option", `{"examples":[{"input":"q\nOptions:\n(A) Up, Inc\n(B) Down","target":"Up, Inc"}]}`, "",
			`bbh classification
"Q: q\nOptions:\n(A) Up, Inc\n(B) Down\nA:" [" (A)" " (B)"] [0]`,
		},
		{
			"BIG-bench, nothing but rows", "{\"input\":\"q\",\"target_scores\":{\"b\":1,\"a\":0}}\n{\"input\":\"r\",\"target_scores\":{\"b\":0,\"a\":1}}\n", "",
			`bigbench classification
"\nQ: q\n  choice: b\n  choice: a\nA: " ["b" "a"] [0]
"\nQ: r\n  choice: b\n  choice: a\nA: " ["b" "a"] [1]`,
		},
		{
			"BIG-bench-hard, nothing but rows", "{\"input\":\"q\\nOptions:\\n(A) x\\n(B) y\",\"target\":\"(B)\"}\n", "",
			`bbh classification
"Q: q\nOptions:\n(A) x\n(B) y\nA:" [" (A)" " (B)"] [1]`,
		},
		{
			"BIG-bench-hard, a list", `[{"input":"not True is","target":"False"}]`, "",
			`bbh generation
"Q: not True is\nA:" [" False"] []`,
		},
		{
			"TruthfulQA with eight columns", "Type,Category,Question,Best Answer,Best Incorrect Answer,Correct Answers,Incorrect Answers,Source\nA,M,Q?,g,b,g; h,b; w;,s\n", "",
			`truthfulqa_csv classification
"Q: Q?\nA:" [" g" " b" " w"] [0]`,
		},
		{
			"TruthfulQA without the best answer", "Question,Correct Answers,Incorrect Answers\nQ?,g; h,b\n", task.MC2,
			`truthfulqa_csv classification
"Q: Q?\nA:" [" g" " h" " b"] [0 1]`,
		},
		{
			"TruthfulQA of Hugging Face", `{"question":"Q?","mc1_targets":{"choices":["g","b"],"labels":[1,0]},"mc2_targets":{"choices":["g","b","h"],"labels":[1,0,1]}}`, task.MC2,
			`truthfulqa_mc classification
"Q: Q?\nA:" [" g" " b" " h"] [0 2]`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := task.Options{Variant: tt.variant}.Parse("file", strings.NewReader(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("%s %s", got.Format, got.Type)
			for _, it := range got.Items {
				answers := it.Choices
				if answers == nil {
					answers = it.Targets
				}
				text += fmt.Sprintf("\n%q %q %v", it.Prompt, answers, it.Gold)
			}
			if diff := cmp.Diff(tt.want, text); diff != "" {
				t.Errorf("%s problems %v", diff, got.Problems)
			}
		})
	}
}

// What is wrong with the items of a file that is a task otherwise.
func TestWildProblems(t *testing.T) {
	const tqa = "Question,Best Answer,Correct Answers,Incorrect Answers\n"
	for _, tt := range []struct{ name, file, want string }{
		{"TruthfulQA without a question", tqa + ",b,b,w\n", "file:2: the question is empty [no-prompt]"},
		{"TruthfulQA without its best answer", tqa + "Q?,,b,w\n", "file:2: the question needs a right and a wrong answer [no-answer]"},
		{"TruthfulQA, an empty question", `[{"question":"","mc1_targets":{"a":1,"b":0}}]`, "the entry has no \"question\" [no-prompt]"},
		{"three classes of log-odds", `{"prompt":"a","other_prompt":"b","classes":[" A"," B"," C"],"answer_index":0}`, "item 0 has 3 choices, a task of type logodds has 2 [choice-count]"},
		{"gold in words", "prompt,choices,gold\np,\"[\"\"a\"\"]\",a\n", "file:2: gold: \"a\" is not a whole number [gold]"},
		{"no true answer", "prompt,true_answer,anchor\nq,,5\n", "item 0 has no true answer [number]"},
		{"an infinite answer", "prompt,true_answer,anchor\nq,inf,5\n", "\"inf\" of item 0 is not finite [number]"},
	} {
		got, err := task.Parse("file", strings.NewReader(tt.file))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if text := fmt.Sprint(append(got.Problems, task.Check(got)...)); !strings.Contains(text, tt.want[strings.Index(tt.want, ": ")+1:]) {
			t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
		}
	}
}

// What is wrong with a file that is no task, and what to do about it.
func TestWildErrors(t *testing.T) {
	for file, want := range map[string]string{
		"prompt,answer\n1+1=,2\n":                        `beside "prompt" a task of the prize has "classes"`,
		"prompt, classes, answer_index\np,\"['a']\"":     `the columns are ["prompt" " classes" " answer_index"]`,
		"prompt;classes;answer_index\np;['a'];0\n":       "separated by semicolons",
		"\x1f\x8b\x08\x00":                               "compressed (gzip)",
		`{"name":"Ann","age":5}`:                         `the keys ["name" "age"] is none of the formats`,
		"tag: x\noutput_type: multiple_choice\n":         "task description of lm-evaluation-harness",
		"[{\"prompt\":\"p\",\"gold\":0},\n{,]":           "x:2: JSON has ','",
		"\x80\x04\x95\x00":                               "a pickle of Python (protocol 4)",
		`{"name":"n","keywords":[],"subtasks":["a"]}`:    `no key "examples": they are in the files of its "subtasks"`,
		`{"name":"n","keywords":[]}`:                     `no key "examples" among ["name" "keywords"]`,
		"PAR1\x15\x04":                                   "is Parquet",
		"BZh91AY&SY":                                     "compressed (bzip2)",
		"x.csv\x00\x00":                                  "holds no text: byte 5 is zero",
		"p\x00r\x00,\x00\n\x00":                          "UTF-16",
		"\x00{\x00\"\x00p\x00\"":                         "UTF-16",
		"version https://git-lfs.github.com/spec/v1\n":   "git lfs pull",
		"<!DOCTYPE html>\n":                              "web page",
		"prompt|classes|answer_index\np|['a']|0\n":       "separated by vertical bars",
		"sep=,\nprompt,classes\n":                        "the first row is \"sep=,\"",
		"Prompt,Classes\n":                               `write "Prompt" as "prompt"`,
		",,,\n":                                          "empty",
		"index,loss,correct,predicted,total_logprob\r\n": `results (those of the prize have such columns: "index", "loss"`,
		`{"results":{},"configs":{},"versions":{}}`:      "results (those of lm-evaluation-harness",
		`{"doc_id":0,"doc":{"question":"q"},"resps":[]}`: "results (those of lm-evaluation-harness",
		`{"scores":[],"model":{},"task":{}}`:             "results (those of BIG-bench",
		`{"version":2,"status":"success","eval":{}}`:     "results (those of Inspect",
		`[{"name":{"name":"x"},"count":1,"sum":2.0}]`:    "results (those of HELM",
		`{"schema":1,"task":{"name":"x"},"model":{}}`:    "results (those of Bellwether",
	} {
		if _, err := task.Parse("x", strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", file, err, want)
		}
	}
}

// Every problem that is reported is explained.
func TestCodes(t *testing.T) {
	known := map[string]bool{}
	for _, c := range task.Codes {
		if known[c.Code] || c.Meaning == "" {
			t.Errorf("code %q: %q", c.Code, c.Meaning)
		}
		known[c.Code] = true
	}
	for _, file := range []string{
		"{\"prompt\":\"\"}\n\n{\"prompt\":\"a\",\"prompt\":1}\n{\"gold\":1}\n{\"id\":\"\",\"prompt\":\"\"}\n{\"prompt\":\"a\",\"scores\":[1]}\nx",
		"prompt,classes,answer_index\np,,0\np,\"[1]\",0\np,\"['a']\",\np,\"['a']\",x\np,\"['a']\",2\np\n\"p\"q,,",
		"prompt,completion\np,\n",
		`{"context":"c","ans0":"","label":"x"}`,
		`{"question":"c","answer_matching_behavior":""}`,
		`{"name":"n","examples":[{"input":"a"},{"target":"a"},{"input":"a","target_scores":{"a":1,"a":2}}]}`,
		"prompt,choice_0,choice_1,gold\np,,b,1\n",
	} {
		got, err := task.Parse("x", strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range append(got.Problems, task.Check(got)...) {
			if !known[p.Code] {
				t.Errorf("%q: code %q is not in Codes: %s", file, p.Code, p.Message)
			}
		}
	}
}

// A prompt that is longer than what detection looks at first hides nothing.
func TestWildLong(t *testing.T) {
	long := strings.Repeat("a word ", 1<<17)
	for name, tt := range map[string]struct{ file, want string }{
		"prize":         {`{"prompt":"` + long + `","completion":" end"}` + "\n", "isp_jsonl sequence_prob"},
		"prize, a list": {`[{"prompt":"` + long + `","classes":[" a"," b"],"answer_index":0}]`, "isp_jsonl classification"},
		"ours":          {`{"prompt":"` + long + `","other_prompt":"p","choices":[" a"," b"],"gold":0}` + "\n", "jsonl logodds"},
		"model-written": {`{"question":"` + long + `","answer_matching_behavior":" a","answer_not_matching_behavior":" b"}`, "anthropic_mwe classification"},
		"BIG-bench":     {`{"examples":[{"input":"` + long + `","target":"a"}],"metrics":["exact_str_match"]}`, "bigbench generation"},
	} {
		got, err := task.Parse("x", strings.NewReader(tt.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text := fmt.Sprint(got.Format, " ", got.Type); text != tt.want || len(got.Items) != 1 {
			t.Errorf("%s: %s with %d items, want %s", name, text, len(got.Items), tt.want)
		}
	}
}
