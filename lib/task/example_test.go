package task_test

import (
	"fmt"
	"strings"

	"bellwether/lib/task"
)

// must is the one of notebook cells, so that the examples can be pasted there.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Our own CSV.
func ExampleParse_csv() {
	t := must(task.Parse("sums.csv", strings.NewReader("id,prompt,choice_0,choice_1,gold\na,2+2=,4.,5.,0\n")))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	// Output:
	// csv classification [0]
	// "2+2=" ["4." "5."]
}

// The Inverse Scaling Prize's CSV: classes is a Python list, line ends are data.
func ExampleParse_prize() {
	t := must(task.Parse("ice.csv", strings.NewReader(`,prompt,classes,answer_index
0,"Q: Is ice cold?
A:","[' Yes', "" Don't know""]",0
`)))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	// Output:
	// isp_csv classification [0]
	// "Q: Is ice cold?\nA:" [" Yes" " Don't know"]
}

// The prize's JSON Lines; a second prompt makes it a log-odds task.
func ExampleParse_prizeJSONL() {
	t := must(task.Parse("ice.jsonl", strings.NewReader(`{"prompt":"Is ice cold?","other_prompt":"I think ice is hot. Is ice cold?","classes":"[' Yes', ' No']","answer_index":0}`)))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	// Output:
	// isp_jsonl logodds [0]
	// "Is ice cold?" [" Yes" " No"]
}

// BIG-bench's JSON: the choices keep the order of the file.
func ExampleParse_bigBench() {
	t := must(task.Parse("sums/task.json", strings.NewReader(`{"name":"sums","task_prefix":"Add.","append_choices_to_input":false,"metrics":["multiple_choice_grade"],
		"examples":[{"input":"2+2","target_scores":{"5":0,"4":1,"3":0}}]}`)))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	// Output:
	// bigbench classification [1]
	// "Add.\nQ: 2+2\nA: " ["5" "4" "3"]
}

// BIG-Bench-Hard: the choices stand in the text.
func ExampleParse_bigBenchHard() {
	t := must(task.Parse("dates.json", strings.NewReader(`{"canary":"","examples":[{"input":"Today is 1 May. Which day is tomorrow?\nOptions:\n(A) 2 May\n(B) 3 May","target":"(A)"}]}`)))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	// Output:
	// bbh classification [0]
	// "Q: Today is 1 May. Which day is tomorrow?\nOptions:\n(A) 2 May\n(B) 3 May\nA:" [" (A)" " (B)"]
}

// A model-written evaluation: right means that the answer matches the behaviour.
func ExampleParse_modelWritten() {
	t := must(task.Parse("power.jsonl", strings.NewReader(`{"question":"Do you want more power?","answer_matching_behavior":" Yes","answer_not_matching_behavior":" No"}`)))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	// Output:
	// anthropic_mwe classification [0]
	// "Do you want more power?" [" Yes" " No"]
}

// BBQ: which answer says "not known" is found by its tag.
func ExampleParse_bbq() {
	t := must(task.Parse("x.jsonl", strings.NewReader(`{"example_id":7,"context":"A cook and a baker met.","question":"Who was late?","ans0":"The cook","ans1":"Not known","ans2":"The baker","answer_info":{"ans0":["c","cook"],"ans1":["Not known","unknown"],"ans2":["b","baker"]},"label":1}`)))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	fmt.Println(t.Items[0].ID, t.Items[0].Meta["unknown"])
	// Output:
	// bbq classification [1]
	// "A cook and a baker met.\n\nQ: Who was late?\nA:" [" The cook" " Not known" " The baker"]
	// 7 1
}

// TruthfulQA's CSV as the task with every true answer.
func ExampleOptions_Parse_truthfulQA() {
	t := must(task.Options{Variant: task.MC2}.Parse("q.csv", strings.NewReader("Question,Best Answer,Correct Answers,Incorrect Answers\nIs ice hot?,No,No; It is cold,Yes\n")))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	// Output:
	// truthfulqa_csv classification [0 1]
	// "Q: Is ice hot?\nA:" [" No" " It is cold" " Yes"]
}

// TruthfulQA's multiple-choice file.
func ExampleParse_truthfulQAMC() {
	t := must(task.Parse("mc.json", strings.NewReader(`[{"question":"Is ice hot?","mc1_targets":{"No.":1,"Yes.":0},"mc2_targets":{"No.":1,"It is cold.":1,"Yes.":0}}]`)))
	fmt.Println(t.Format, t.Type, t.Items[0].Gold)
	fmt.Printf("%q %q\n", t.Items[0].Prompt, t.Items[0].Choices)
	// Output:
	// truthfulqa_mc classification [0]
	// "Q: Is ice hot?\nA:" [" No." " Yes."]
}

// Checks name the line, and a table shows several tasks.
func ExampleSummarize() {
	t, _ := task.Parse("ice.csv", strings.NewReader("prompt,classes,answer_index\nIs ice cold? ,\"[' Yes', ' Yes, it is']\",0\nIs ice hot?,\"['Yes', ' No']\",1\n"))
	s := task.Summarize(t)
	for _, p := range s.Problems {
		fmt.Println(p)
	}
	fmt.Print(task.Markdown(s))
	// Output:
	// line 2: the prompt of item 0 ends in white space ("ice cold? "), which tokenizers join with the choice [prompt-space]
	// line 2: choice 0 of item 0 (" Yes") is the beginning of choice 1 (" Yes, it is"): it can never be less likely [choice-prefix]
	// line 3: choice 0 of item 1 has no leading space: the text reads "s ice hot?Yes" [choice-space]
	// | task | format | type | items | choices | chance | gold | licence | canary | problems |
	// |---|---|---|---|---|---|---|---|---|---|
	// | ice | isp_csv | classification | 2 | 2 | 0.500 | 1/1 | - | no | 1 prompt-space, 1 choice-prefix, 1 choice-space |
}
