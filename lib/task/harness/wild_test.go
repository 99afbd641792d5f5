package harness_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/lib/task/harness"
)

// Descriptions in the manner of the harness's own, our texts: the prompt of the
// first document, what is scored, the right choices and the prompt after one
// example, as the harness 0.4 makes them (a Python program that follows its
// ConfigurableTask and ContextSampler, with jinja2 3.1.6 and PyYAML 6.0.3).
func TestWild(t *testing.T) {
	const mc = "task: x\noutput_type: multiple_choice\n"
	for _, tt := range []struct{ name, yaml, docs, want string }{
		{
			"the manner of ARC", mc + `doc_to_text: "Question: {{question}}\nAnswer:"
doc_to_target: "{{choices.label.index(answerKey)}}"
doc_to_choice: "{{choices.text}}"`,
			`{"question":"Hot?","choices":{"text":["ice's","the \"sun\""],"label":["A","B"]},"answerKey":"B"}
{"question":"Cold?","choices":{"text":["ice","fire"],"label":["1","2"]},"answerKey":"1"}`,
			`"Question: Hot?\nAnswer:" [" ice's" " the \"sun\""] [1] "Question: Cold?\nAnswer: ice\n\nQuestion: Hot?\nAnswer:"`,
		},
		{
			"the manner of SciQ", mc + `doc_to_text: "{{support.lstrip()}}\nQuestion: {{question}}\nAnswer:"
doc_to_target: 1
doc_to_choice: "{{[wrong, right]}}"`,
			`{"support":" \n Cells.","question":"q","wrong":"a","right":"b"}
{"support":"","question":"r","wrong":"c","right":"d"}`,
			`"Cells.\nQuestion: q\nAnswer:" [" a" " b"] [1] "\nQuestion: r\nAnswer: d\n\nCells.\nQuestion: q\nAnswer:"`,
		},
		{
			"the manner of MultiRC: a list in a text", mc + `doc_to_text: q
doc_to_target: label
doc_to_choice: "['''{{a}}\\nRight? yes''', '''{{a}}\\nRight? no''']"`,
			`{"q":"p","a":"it's","label":1}`,
			`"p" [" it's\nRight? yes" " it's\nRight? no"] [1] "p"`,
		},
		{
			"the manner of MMLU", mc + `doc_to_text: "{{question.strip()}}\n{% for c in choices %}{{ 'ABCD'[loop.index0] }}. {{c}}\n{% endfor %}Answer:"
doc_to_target: answer
doc_to_choice: ["A", "B"]
description: "Questions about {{ 'sums' }}.\n\n"`,
			`{"question":" 1+1?\n","choices":["2","3"],"answer":0}
{"question":"1+2?","choices":["2","3"],"answer":1}`,
			`"Questions about sums.\n\n1+1?\nA. 2\nB. 3\nAnswer:" [" A" " B"] [0] "Questions about sums.\n\n1+2?\nA. 2\nB. 3\nAnswer: B\n\n1+1?\nA. 2\nB. 3\nAnswer:"`,
		},
		{
			"loglikelihood: no delimiter in front of the target, but in examples", "task: x\noutput_type: loglikelihood\n" + `doc_to_text: "{{text.split(' ')[:-1]|join(' ')}}"
doc_to_target: "{{' '+text.split(' ')[-1]}}"`,
			`{"text":"the ant led"}
{"text":"we saw"}`,
			`"the ant" [" led"] [0] "we  saw\n\nthe ant"`,
		},
		{
			"a number in a text is the choice's place", mc + `doc_to_text: q
doc_to_target: "{{answer}}"
doc_to_choice: ["1", "2", "3"]`,
			`{"q":"p","answer":"1"}
{"q":"r","answer":2}`,
			`"p" [" 1" " 2" " 3"] [1] "r 3\n\np"`,
		},
		{
			"a truth value in a text is a text", mc + `doc_to_text: q
doc_to_target: "{{answer}}"
doc_to_choice: ["True", "False"]`,
			`{"q":"p","answer":true}
{"q":"r","answer":false}`,
			`"p" [" True" " False"] [0] "r False\n\np"`,
		},
		{
			"several right choices", mc + `doc_to_text: q
doc_to_target: gold
doc_to_choice: opts`,
			`{"q":"p","gold":[0,2],"opts":["x","y","z"]}
{"q":"r","gold":[1],"opts":["x","y","z"]}`,
			`"p" [" x" " y" " z"] [0 2] "r 1\n\np"`,
		},
		{
			"a mapping of choices, in its order, and YAML 1.1's no", mc + `doc_to_text: q
doc_to_target: g
doc_to_choice: {b: "yes", a: no}`,
			`{"q":"p","g":1}`,
			`"p" [" yes" " False"] [1] "p"`,
		},
		{
			"gen_prefix", mc + `doc_to_text: "Is {{q}}?"
doc_to_target: label
doc_to_choice: ["no", "yes"]
gen_prefix: "Answer {{q}}:"`,
			`{"q":"p","label":1}
{"q":"r","label":0}`,
			`"Is p? Answer p:" [" no" " yes"] [1] "Is r? Answer r: no\n\nIs p? Answer p:"`,
		},
		{
			"examples laid out in their own way", "task: x\noutput_type: generate_until\n" + `doc_to_text: "Q: {{q}}\nA:"
doc_to_target: "{{a}}"
fewshot_config:
  doc_to_text: "Q: {{q}}\nThink:"
  doc_to_target: "{{why}} So {{a}}"`,
			`{"q":"p","a":"x","why":"y"}
{"q":"r","a":"b","why":"c."}`,
			`"Q: p\nA:" [" x"] [] "Q: r\nThink: c. So b\n\nQ: p\nA:"`,
		},
		{
			"a list of targets, numbers and None shown as Python does", "task: x\noutput_type: generate_until\n" + `doc_to_text: "{{n}} {{f}} {{none1}} {{l}} {{d}}"
doc_to_target: "{{answers}}"`,
			`{"n":3,"f":1.0,"none1":null,"l":["a'b",1.5,true],"d":{"z":1,"a":[]},"answers":["x","it's"]}`,
			`"3 1.0 None [\"a'b\", 1.5, True] {'z': 1, 'a': []}" [" x" " it's"] [] "3 1.0 None [\"a'b\", 1.5, True] {'z': 1, 'a': []}"`,
		},
		{
			"an anchor and a block", mc + `doc_to_text: &text |-
  Passage: {{p}}

  Question?
doc_to_decontamination_query: *text
doc_to_target: 0
doc_to_choice: ["a", "b"]`,
			`{"p":"x"}`,
			`"Passage: x\n\nQuestion?" [" a" " b"] [0] "Passage: x\n\nQuestion?"`,
		},
		{
			"documents of the harness's own log", "task: x\noutput_type: generate_until\ndoc_to_text: q\ndoc_to_target: a\n",
			`{"doc_id":0,"doc":{"q":"p","a":"x"},"target":"x"}`,
			`"p" [" x"] [] "p"`,
		},
		{
			"the harness's own filter", "task: x\noutput_type: generate_until\n" + `doc_to_text: '{{ q | regex_replace("\\s+", " ") }}'
doc_to_target: '{{ q | regex_replace("(b+)", "<\\1>") }}'`,
			`{"q":"a  bb \n c"}`,
			`"a bb c" [" a  <bb> \n c"] [] "a bb c"`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := write(t, map[string]string{"x.yaml": tt.yaml, "d.jsonl": tt.docs})
			got, err := harness.Load(filepath.Join(dir, "x.yaml"), filepath.Join(dir, "d.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Items) == 0 {
				t.Fatal(got.Problems)
			}
			it := &got.Items[0]
			text := fmt.Sprintf("%q %q %v %q", it.Prompt, append(it.Choices, it.Targets...), it.Gold, got.Prompt(it, 1, 1))
			if diff := cmp.Diff(tt.want, text); diff != "" {
				t.Errorf("%s problems %v", diff, got.Problems)
			}
		})
	}
}

// What a description or its documents lack is said with its line, or makes it
// refused.
func TestWildProblems(t *testing.T) {
	const mc = "task: x\noutput_type: multiple_choice\ndoc_to_choice: [a, b]\n"
	for _, tt := range []struct{ name, yaml, docs, want string }{
		{"a field that one document lacks", mc + "doc_to_text: q\ndoc_to_target: g\n", "{\"q\":\"p\",\"g\":0}\n\n{\"g\":1}", "line 3: document 1: doc_to_text: the document has no \"q\" [template]"},
		{"a field that no document has", mc + "doc_to_text: question\ndoc_to_target: g\n", `{"q":"p","g":0}`, `line 4: doc_to_text: no document has a field "question": the word itself is used, as in the harness [template]`},
		{"no label", mc + "doc_to_text: q\ndoc_to_target: g\n", "[\n{\"q\":\"p\",\"g\":0},\n{\"q\":\"p\",\"g\":-1}]", "line 3: document 1: doc_to_target: -1 is not one of 2 choices [template]"},
		{"samples of Python", mc + "doc_to_text: q\ndoc_to_target: g\nfewshot_config:\n  samples: !function utils.samples\n", `{"q":"p","g":0}`, "line 6: fewshot_config: !function utils.samples is a function in Python, which is not run: there are no few-shot examples [few-shot]"},
		{"a description for each document", mc + "doc_to_text: q\ndoc_to_target: g\ndescription: \"{{q}}. \"\n", "{\"q\":\"p\",\"g\":0}\n{\"q\":\"r\",\"g\":0}", "line 6: the description differs from document to document: few-shot examples would stand in front of it, not behind [description]"},
		{"images", mc + "doc_to_text: q\ndoc_to_target: g\ndoc_to_image: i\n", `{"q":"p","g":0}`, "harness: x.yaml:6: not supported, because the model is shown images (doc_to_image)"},
		{"a class", "task: x\nclass: !function task.Squad\n", `{}`, `harness: x.yaml:2: not supported, because "class: !function task.Squad" is a function in Python, which decides what the model is shown and is not run here; write the items it makes to JSON Lines (see lib/task) and load those`},
		{"a function that an include replaces", "include: base.yaml\ndoc_to_text: q\n" + mc + "doc_to_target: g\n", `{"q":"p","g":0}`, ""},
		{"broken", "task: x\ndoc_to_text: a: b\n", `{}`, "harness: x.yaml:2: "},
		{"no documents", "task: x\ndataset_path: some/data\ndataset_name: part\n", "", `harness: x.yaml:2: its documents are the dataset "some/data" (part), which is not part of the file`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := write(t, map[string]string{"x.yaml": tt.yaml, "d.jsonl": tt.docs, "base.yaml": "doc_to_text: !function utils.text\n"})
			docs := filepath.Join(dir, "d.jsonl")
			if tt.docs == "" {
				docs = ""
			}
			got, err := harness.Load(filepath.Join(dir, "x.yaml"), docs)
			text := ""
			switch {
			case err != nil:
				text = strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
			case len(got.Problems) > 0:
				text = got.Problems[len(got.Problems)-1].String()
			}
			if (tt.want == "") != (text == "") || !strings.HasPrefix(text, tt.want) {
				t.Errorf("%s\nwant %s", text, tt.want)
			}
		})
	}
}

// Columns of CSV have the types that the harness gives them.
func TestDocumentsCSV(t *testing.T) {
	docs, err := harness.Documents("x.csv", strings.NewReader("q,n,f,b,e,m\n1 a,1,1.5,True,,1\nb,02,2,False,x,\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"q": "1 a", "n": 1, "f": 1.5, "b": true, "e": nil, "m": 1.0},
		{"q": "b", "n": 2, "f": 2.0, "b": false, "e": "x", "m": nil},
	}
	for i, d := range docs {
		if diff := cmp.Diff(want[i], d.Values); diff != "" || d.Line != i+2 {
			t.Errorf("line %d: %s", d.Line, diff)
		}
	}
}

// Generated text is cut at the first of the stop texts, which are the few-shot
// delimiter where the description names none.
func TestStops(t *testing.T) {
	for kwargs, want := range map[string]string{
		"":                                    "a. Q: b",
		"generation_kwargs: {until: \"Q\"}\n": "a. ",
		"generation_kwargs: {until: [\"</s>\", \"Q\", \".\"]}\n": "a",
		"generation_kwargs: {until: [\"</s>\", \"?\"]}\n":        "a. Q: b\n\nc",
		"generation_kwargs: {until: []}\n":                       "a. Q: b\n\nc",
		"fewshot_delimiter: \" \"\n":                             "a.",
	} {
		dir := write(t, map[string]string{"x.yaml": "task: x\noutput_type: greedy_until\ndoc_to_text: q\ndoc_to_target: q\n" + kwargs, "d.jsonl": `{"q":"p"}`})
		got, err := harness.Load(filepath.Join(dir, "x.yaml"), filepath.Join(dir, "d.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if cut, err := got.Answer("a. Q: b\n\nc"); cut != want || err != nil || len(got.Problems) > 0 {
			t.Errorf("%q cuts to %q, want %q; %v, problems %v", kwargs, cut, want, err, got.Problems)
		}
	}
}

// Examples come from the split that the harness takes them from, where its file
// is there; else a problem says that they do not.
func TestFewShotSplit(t *testing.T) {
	const head = "task: x\noutput_type: multiple_choice\ndoc_to_text: q\ndoc_to_target: g\ndoc_to_choice: [a, b]\nfewshot_config: {sampler: first_n}\n"
	const docs, other = `{"q":"p","g":0}
{"q":"r","g":1}`, `{"q":"s","g":1}
{"q":"u","g":2}
{"q":"v","g":0}`
	for _, tt := range []struct{ name, yaml, documents, want, problem string }{
		{"of a split with a file", "dataset_path: json\ndataset_kwargs: {data_files: {test: d.jsonl, train: [o.jsonl]}}\ntest_split: test\ntraining_split: train\n", "", "s b\n\nv a\n\np", `document 1 of the split "train", for few-shot examples: doc_to_target: 2 is not one of 2 choices`},
		{"of the split that is named", "dataset_path: json\ndataset_kwargs: {data_files: {test: d.jsonl, dev: o.jsonl}}\ntest_split: test\ntraining_split: train\nfewshot_split: dev\n", "", "s b\n\nv a\n\np", `document 1 of the split "dev"`},
		{"of a split that is not there", "dataset_path: someone/x\ntest_split: test\nvalidation_split: val\n", "d.jsonl", "r b\n\np", `the harness takes those of the split "val"`},
		{"of the documents' split", "dataset_path: someone/x\nvalidation_split: val\n", "d.jsonl", "r b\n\np", ""},
		{"of the only file", "dataset_path: json\ndataset_kwargs: {data_files: d.jsonl}\ntest_split: train\n", "", "r b\n\np", ""},
	} {
		dir := write(t, map[string]string{"x.yaml": head + tt.yaml, "d.jsonl": docs, "o.jsonl": other})
		if tt.documents != "" {
			tt.documents = filepath.Join(dir, tt.documents)
		}
		got, err := harness.Load(filepath.Join(dir, "x.yaml"), tt.documents)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if text := got.Prompt(&got.Items[0], 3, 1); text != tt.want {
			t.Errorf("%s: prompt %q, want %q", tt.name, text, tt.want)
		}
		if text := fmt.Sprint(got.Problems); (tt.problem == "") != (len(got.Problems) == 0) || !strings.Contains(text, tt.problem) {
			t.Errorf("%s: problems %s, want %q", tt.name, text, tt.problem)
		}
	}
}

// Examples are those that the harness draws. The prompts were made by Python, with
// random.Random(1234).sample for one document after another.
func TestFewShotDraws(t *testing.T) {
	const head = "task: x\noutput_type: multiple_choice\ndataset_path: json\ndoc_to_text: q\ndoc_to_target: g\ndoc_to_choice: [a, b]\ndataset_kwargs: {data_files: {test: test.jsonl, train: train.jsonl}}\n"
	var test, train strings.Builder
	for i := range 24 {
		fmt.Fprintf(&test, "{\"q\":\"t%d\",\"g\":%d}\n", i%12, i%2)
	}
	for i := range 30 {
		fmt.Fprintf(&train, "{\"q\":\"r%d\",\"g\":%d}\n", i, i/2%2)
	}
	for yaml, want := range map[string][3]string{
		"test_split: test\ntraining_split: train\n":       {"r24 a\n\nr14 b\n\nr3 b\n\nt0", "r0 a\n\nr2 b\n\nr29 a\n\nt1", "r10 b\n\nr4 a\n\nr22 b\n\nt11"},
		"test_split: test\nfewshot_split: test\n":         {"t2 a\n\nt3 b\n\nt2 a\n\nt0", "t6 a\n\nt9 b\n\nt10 a\n\nt1", "t0 a\n\nt3 b\n\nt10 a\n\nt11"},
		"validation_split: test\ntraining_split: train\n": {"r24 a\n\nr14 b\n\nr3 b\n\nt0", "r2 b\n\nr29 a\n\nr25 a\n\nt1", "r14 b\n\nr1 a\n\nr13 a\n\nt11"},
	} {
		dir := write(t, map[string]string{"x.yaml": head + yaml, "test.jsonl": test.String(), "train.jsonl": train.String()})
		got, err := harness.Load(filepath.Join(dir, "x.yaml"), "")
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range []int{0, 1, 23} {
			if text := got.Prompt(&got.Items[i], 3, 1234); text != want[k] {
				t.Errorf("%s item %d: %q, want %q", yaml, i, text, want[k])
			}
		}
		if text := got.Prompt(&got.Items[1], 3, 1234); text != want[1] {
			t.Errorf("%s item 1, asked again: %q, want %q", yaml, text, want[1])
		}
		if text := got.Prompt(&got.Items[0], 99, 1234); strings.Count(text, "\n\n") < 22 {
			t.Errorf("%s with more examples than there are: %q", yaml, text)
		}
	}
}

// The document itself is no example, even where the few-shot split has nothing else.
func TestFewShotSelf(t *testing.T) {
	dir := write(t, map[string]string{
		"x.yaml":  "task: x\noutput_type: multiple_choice\ndataset_path: json\ndoc_to_text: q\ndoc_to_target: g\ndoc_to_choice: [a, b]\ndataset_kwargs: {data_files: {test: d.jsonl, train: e.jsonl}}\ntest_split: test\ntraining_split: train\n",
		"d.jsonl": `{"q":"p","g":0}`, "e.jsonl": `{"q":"p","g":0}`,
	})
	got, err := harness.Load(filepath.Join(dir, "x.yaml"), "")
	if err != nil {
		t.Fatal(err)
	}
	if text := got.Prompt(&got.Items[0], 1, 1234); text != "p" {
		t.Errorf("the prompt is %q", text)
	}
}
