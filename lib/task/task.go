package task

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"strconv"
)

// Type says what a task measures. The names are those of the Inverse Scaling
// Prize, plus Generation.
type Type string

// The types of task.
const (
	// Classification: the loss on the right choice, normalised over the
	// choices. "classification_loss" is another name for it.
	Classification Type = "classification"
	// ClassificationAcc: as Classification, judged by accuracy alone.
	ClassificationAcc Type = "classification_acc"
	// Numeric: a number is sampled and compared with Targets[0] and Anchor.
	Numeric Type = "numeric"
	// SequenceProb: the log-probability of the only choice.
	SequenceProb Type = "sequence_prob"
	// LogOdds: the difference of two choices' log-probabilities after Prompt
	// less the same difference after OtherPrompt.
	LogOdds Type = "logodds"
	// AbsoluteLogOdds: the absolute value of the quantity of LogOdds.
	AbsoluteLogOdds Type = "absolute_logodds"
	// Generation: the model's text is compared with Targets.
	Generation Type = "generation"
)

// Types lists every type, in the order of this page.
var Types = []Type{Classification, ClassificationAcc, Numeric, SequenceProb, LogOdds, AbsoluteLogOdds, Generation}

// Item is one question of a task. All texts are the exact bytes of the file.
type Item struct {
	// ID is unique in the task and kept by perturbations. Formats without
	// identifiers get the row's position in the file, from "0": a row that was
	// skipped uses up its position, so that results of others join by it.
	ID string
	// Prompt is the context: everything in front of the choice. Trailing
	// white space is kept, and a scorer must give it to the continuation.
	Prompt string
	// OtherPrompt is the second context of log-odds tasks, else "".
	OtherPrompt string
	// Choices are the continuations in file order, with their leading space
	// where the file has one. Nil for Numeric and Generation tasks.
	Choices []string
	// Gold holds the indices of the right choices, ascending. Some tasks have
	// items with more than one; nil when there is none.
	Gold []int
	// Scores are BIG-bench's target_scores, one for each choice; nil means 1
	// for the choices in Gold and 0 for the others.
	Scores []float64
	// Targets are the right answers of a Generation task, any of which counts,
	// and the true answer of a Numeric one, as written in the file.
	Targets []string
	// Anchor is the number that the prompt of a Numeric task suggests, else "".
	Anchor string
	// Meta holds every other column or field of the item as text (JSON values
	// other than strings as JSON). Nil when there is none.
	Meta map[string]string
	// Line is where the item starts in its file, from 1; 0 for items that come
	// from no file.
	Line int
}

// Right reports whether choice i is among the right ones.
func (it *Item) Right(i int) bool {
	for _, g := range it.Gold {
		if g == i {
			return true
		}
	}
	return false
}

// FewShot says how solved examples are put in front of an item's prompt; see
// Task.Prompt for the layout.
type FewShot struct {
	// Prefix is the text that stands once in front of the examples
	// (BIG-bench: task_prefix). An item's Prompt starts with it.
	Prefix string
	// Separator stands after each example (BIG-bench: "\n"; lm-evaluation-
	// harness: "\n\n").
	Separator string
	// InputPrefix and OutputPrefix are what the format put around the question
	// (BIG-bench: "\nQ: ", "\nA: "). Prompts hold them already.
	InputPrefix, OutputPrefix string
	// ChoicePrefix stands in front of each choice where the prompts list them
	// (BIG-bench: "\n  choice: "); "" where they do not.
	ChoicePrefix string
	// Pool are the items to take examples from; nil means the task's own.
	Pool []Item
	// Fixed takes the first k of the pool, in order, for every item, instead of
	// drawing them.
	Fixed bool
	// Draw, where it is set, draws in the way of another tool: it returns the
	// places in the pool of k examples for the item with an identifier, in order,
	// fewer where there are no more, nil for an item that it does not know.
	Draw func(id string, k int, seed uint64) []int
}

// Task is a named list of items with what is known about the file.
type Task struct {
	// Name is the task's own name where the file has one, else the file's name
	// without folder and extension.
	Name string
	// Type says what is measured, Format how the file was written.
	Type   Type
	Format Format
	// Variant says which of a file's tasks this is: MC1 or MC2 of TruthfulQA, ""
	// where there is but one.
	Variant string
	// Items are in file order.
	Items []Item
	// Problems are the rows that were skipped while reading, in file order.
	// Check finds more.
	Problems []Problem
	// File is the path that was read, "" when there is none. SHA256 is the hash
	// of its bytes, in hexadecimal.
	File, SHA256 string
	// Description, Licence, Canary, Source and Author are the file's words about
	// itself, "" where it is silent.
	Description, Licence, Canary, Source, Author string
	// FewShot says how solved examples are laid out.
	FewShot FewShot
	// Delimiter is what each choice starts with that is not part of the answer,
	// so that lengths can be counted without it (lm-evaluation-harness:
	// target_delimiter). "" in most formats, whose choices are used as they are.
	Delimiter string
	// Stop and OutputRegex cut the generated text of a Generation task before
	// it is compared, in this order (BIG-bench: stop_string, output_regex).
	Stop, OutputRegex string
	// Metrics are the metrics that the file asks for, by the file's names.
	Metrics []string
}

// Item returns the item with the identifier, and whether there is one.
func (t *Task) Item(id string) (*Item, bool) {
	for i := range t.Items {
		if t.Items[i].ID == id {
			return &t.Items[i], true
		}
	}
	return nil, false
}

// Chance returns the expected accuracy of a guess among the choices: the mean
// over the items that have choices of the right ones' share (with Scores, of
// the mean score), in [0, 1]. NaN when no item has choices and a right one.
func (t *Task) Chance() float64 {
	sum, n := 0.0, 0
	for i := range t.Items {
		it := &t.Items[i]
		if len(it.Choices) == 0 || len(it.Gold) == 0 && it.Scores == nil {
			continue
		}
		n++
		if it.Scores == nil {
			sum += float64(len(it.Gold)) / float64(len(it.Choices))
			continue
		}
		total := 0.0
		for _, s := range it.Scores {
			total += s
		}
		sum += total / float64(len(it.Choices))
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// ChanceLoss returns the loss of a model that finds all choices equally likely:
// the mean of ln k - ln g over the items that have k choices and g >= 1 right
// ones, in nats. NaN when there is no such item.
func (t *Task) ChanceLoss() float64 {
	sum, n := 0.0, 0
	for i := range t.Items {
		if it := &t.Items[i]; len(it.Choices) > 0 && len(it.Gold) > 0 {
			sum += math.Log(float64(len(it.Choices)) / float64(len(it.Gold)))
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// Hash returns the identity of the task: the SHA-256, in hexadecimal, of
// everything that can change a score (type, few-shot layout and pool,
// delimiter, stop rules, and of each item the identifier, texts, right choices
// and scores). File names, formats, descriptions, Meta and source lines have no
// part in it, so the same task written in another format has the same hash.
func (t *Task) Hash() string {
	h := canonical{sha256.New()}
	h.text("bellwether task 1", string(t.Type), t.Delimiter, t.Stop, t.OutputRegex)
	f := t.FewShot
	h.text(f.Prefix, f.Separator, strconv.FormatBool(f.Fixed))
	h.items(f.Pool)
	h.items(t.Items)
	return hex.EncodeToString(h.Sum(nil))
}

// canonical writes texts with their lengths, so that no two lists of texts give
// the same bytes.
type canonical struct{ hash.Hash }

func (h canonical) text(texts ...string) {
	for _, s := range texts {
		fmt.Fprintf(h, "%d:", len(s))
		h.Write([]byte(s))
	}
}

func (h canonical) list(texts []string) {
	fmt.Fprintf(h, "[%d]", len(texts))
	h.text(texts...)
}

func (h canonical) items(items []Item) {
	fmt.Fprintf(h, "{%d}", len(items))
	for i := range items {
		it := &items[i]
		h.text(it.ID, it.Prompt, it.OtherPrompt, it.Anchor)
		h.list(it.Choices)
		h.list(it.Targets)
		fmt.Fprintf(h, "gold %v scores %v", it.Gold, it.Scores)
	}
}
