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
// # Our own JSON Lines (format "jsonl")
//
// One JSON object a line. The first line may be a head, an object with the key
// "task":
//
//	{"task":"add","type":"classification","description":"Sums of two numbers.","licence":"MIT"}
//
// Its other keys, all optional: "author", "source" and "canary" (texts),
// "delimiter" (what each choice starts with that is no part of the answer),
// "stop" and "output_regex" (how generated text is cut), "metrics" (a list of
// names) and "few_shot", an object with "prefix", "input_prefix",
// "output_prefix", "choice_prefix", "separator" (texts; the separator is two newlines by default), "fixed" (true or false) and "pool" (a list of items to draw examples from).
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
package task
