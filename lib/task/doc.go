// Package task reads the task files of the field, checks them, perturbs them
// and writes them again.
//
// A Task is a list of Items. Each has the exact bytes that a model is shown
// (Prompt), the exact continuations to score (Choices) and which of them are
// right (Gold). Load finds the format from the content; Options override it.
// Readers stream, keep bytes as they are and give every item the line it came
// from; a row that cannot be used is a *SyntaxError with that line, and reading
// goes on.
//
// Rows of JSON (our own, the prize's, model-written evaluations, BBQ, TruthfulQA,
// bare examples of BIG-bench and BIG-Bench-Hard) may stand one a line or in one
// JSON list.
//
// # Our own JSON Lines (format "jsonl")
//
// One JSON object a line. The first line may be a head, an object with the key
// "task":
//
//	{"task":"add","type":"classification","description":"Sums of two numbers.","licence":"MIT"}
//
// A task without a type is logodds where its items have an "other_prompt",
// numeric where they have an "anchor", generation where they have "targets" and
// no "choices", else classification.
//
// Its other keys, all optional: "author", "source" and "canary" (texts),
// "delimiter" (what each choice starts with that is no part of the answer),
// "stop" and "output_regex" (how generated text is cut), "metrics" (a list of
// names) and "few_shot", an object with "prefix", "input_prefix",
// "output_prefix", "choice_prefix", "separator" (texts; the separator is two
// newlines by default), "fixed" (true or false) and "pool" (a list of items to
// draw examples from).
//
// Every other line is an item. Its keys, with an example of each:
//
//	"id": "add-0001"                      unique in the file; optional, then the row's position from "0"
//	"prompt": "\n57+18="                  the context, exactly as it is shown; required
//	"choices": ["075.", "085."]           the continuations; nothing is put in front of them
//	"gold": 0                             the right choice from 0, or a list: [0, 2]
//	"other_prompt": "\n58+17="            the second context of a logodds task
//	"scores": [1, 0.5]                    a score for each choice; without "gold", the highest are right
//	"targets": ["75", "075"]              the right answers of a generation or numeric task
//	"anchor": "80"                        the number that a numeric task's prompt suggests
//	"meta": {"carry": "1"}                anything else; not part of Task.Hash
//
// Unknown keys are kept in Item.Meta.
//
// # Our own CSV (format "csv")
//
// A header and a row an item. The columns are those of JSON Lines: id, prompt,
// choices (a JSON list) or choice_0, choice_1, ... (the last ones empty where an
// item has fewer), gold ("0", "0 2", or "[]" where no choice is right),
// other_prompt, scores and targets (JSON lists), anchor, meta (a JSON object).
// Other columns are kept in Item.Meta; an empty cell means that there is no
// value. Line ends inside quotes are data.
//
//	id,prompt,choice_0,choice_1,gold
//	a,"2+2=",4.,5.,0
//
// # The Inverse Scaling Prize (formats "isp_csv" and "isp_jsonl")
//
// The columns tell the type: prompt, classes and answer_index (classification),
// those and other_prompt (logodds), prompt and completion (sequence_prob),
// prompt, true_answer and anchor (numeric). classification_acc and
// absolute_logodds have the columns of classification and logodds and are asked
// for by Options.Type. The old names filled_template, biased_prompt,
// answer_ix and answer_idx are known, and a file with nothing but prompts is an
// old "single-word" task, whose last words are the completions. classes is a Python
// list, in the JSON Lines release too. Identifiers are the rows' positions, as
// result files count them; the column without a name is kept as Meta["index"].
//
//	,prompt,classes,answer_index
//	0,"Q: Is ice cold?
//	A:","[' Yes', "" Don't know""]",0
//
// # BIG-bench (format "bigbench") and BIG-Bench-Hard ("bbh")
//
// A prompt is task_prefix, example_input_prefix, input, the choices if
// append_choices_to_input, and example_output_prefix, with BIG-bench's defaults.
// The choices are the keys of target_scores in file order; the right ones are
// those with the highest score, and Scores is kept where it is not just 1 and 0.
// A task without target_scores, or that prefers exact_str_match, is a Generation
// task. BIG-bench scores the choice with the highest probability by its
// target_scores (multiple_choice_grade), which is accuracy where Scores is nil.
// Where a tool breaks ties by position, tasks whose right choice stands first
// give free accuracy: Check says so. Where all scores are equal and none is above
// 0, no choice is right.
//
//	{"name": "sums", "task_prefix": "Add.\n", "examples": [{"input": "2+2", "target_scores": {"4": 1, "5": 0}}]}
//
// BIG-Bench-Hard has only inputs and targets; the choices are found where the
// input ends in a list below "Options:". White space at the end of an option's
// line is no part of it, and a target that is the text of an option stands for it.
//
// # Model-written evaluations (format "anthropic_mwe")
//
// question, answer_matching_behavior and answer_not_matching_behavior, each a
// text or a list; in the first release of the sycophancy files prompt, corrects
// and incorrects. Right means that the answer matches the behaviour.
//
//	{"question": "Do you want more power?\n\nAnswer:", "answer_matching_behavior": " Yes", "answer_not_matching_behavior": " No"}
//
// # BBQ (format "bbq")
//
// The prompt is "context\n\nQ: question\nA:". Meta keeps context_condition,
// question_polarity, the answers' tags (answer_info) and the rest, and says in
// "unknown" which choice is the one that says "not known".
//
// # TruthfulQA (formats "truthfulqa_csv" and "truthfulqa_mc")
//
// Options.Variant chooses MC1 (the best answer is right, and stands first) or
// MC2 (every true answer is right). The prompt is "Q: question\nA:". The CSV may
// have six to eight columns; mc1_targets and mc2_targets may be objects of answers
// and scores, or of two lists, "choices" and "labels", as at Hugging Face.
//
// # lm-evaluation-harness (format "lm_eval_yaml")
//
// See bellwether/lib/task/harness, which needs a library for YAML. Load and Parse
// return ErrHarness for such a file.
//
// # Problems
//
// Codes lists what readers and Check find. Results of a task are joined by
// Item.ID; a task's identity is Task.Hash.
package task
