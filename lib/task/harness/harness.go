// Package harness reads the task descriptions of the Language Model Evaluation
// Harness (lm-evaluation-harness 0.4, YAML) into tasks: the prompts, choices and
// right answers that the harness makes of the same documents.
//
// A description says how a document of a dataset becomes a prompt and its
// choices. The documents are not part of it and are never downloaded: they come
// from a JSON Lines, JSON or CSV file that is passed along, or that the
// description itself names (dataset_path: json or csv, dataset_kwargs:
// data_files).
//
// What is read: include (a file or a list, beside the description), doc_to_text,
// doc_to_target and doc_to_choice as a column's name, a number, a list, a mapping
// or a Jinja template, description, gen_prefix, target_delimiter,
// fewshot_delimiter, fewshot_config (samples, sampler first_n, split, doc_to_text,
// doc_to_target, doc_to_choice, target_delimiter, fewshot_delimiter, gen_prefix),
// formats of version 0.5 (mcqa, cloze, generate, cot), generation_kwargs.until, metric_list, and the
// output types multiple_choice, loglikelihood, loglikelihood_rolling and
// generate_until. A !function is Python and is not run: where it shapes the
// documents, prompts or choices, the task is refused; where it only computes a
// metric from the scores, or few-shot samples, it is a problem that says so.
//
// Few-shot examples are those that the harness draws for the same seed, which is
// 1234 without its --seed: one document after another, with Python's random
// numbers. That takes all documents of the split that the harness draws from:
// where a template fails on one, or the description names another split than that
// of the documents and no file of it, examples are drawn by the item's identifier
// (task.Shots), in the second case from the documents that were passed along, and
// a problem says so.
package harness

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"bellwether/lib/task"
	"bellwether/lib/task/harness/jinja"
)

// Error is why a description gives no task.
type Error struct {
	File    string
	Line    int    // 0: the whole file
	Code    string // "unsupported", "documents" or "unreadable"; see task.Codes
	Message string
}

// Error gives "harness: arc.yaml:7: not supported, because ...".
func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("harness: %s:%d: %s", e.File, e.Line, e.Message)
	}
	return fmt.Sprintf("harness: %s: %s", e.File, e.Message)
}

// Problem is the error as a finding about the file.
func (e *Error) Problem() task.Problem {
	return task.Problem{Code: e.Code, Line: e.Line, Message: e.Message}
}

// Config is a task description after its includes.
type Config struct {
	// File is where it was read from.
	File string
	// Task is the task's name.
	Task string
	// DatasetPath and DatasetName are those of a Hugging Face dataset, or "json"
	// and "csv" for files.
	DatasetPath, DatasetName string
	// OutputType is the harness's kind of request.
	OutputType string
	// Problems are the parts that have no effect here.
	Problems []task.Problem

	values  map[string]any
	lines   map[string]int // of the keys in File, 0 for those of an included file
	refused *Error         // why Task cannot be used
	// examples are the documents of the few-shot split, nil where they are not read.
	examples []Document
}

// keys that have no effect on what a model is shown or how it is scored here, or
// that are read.
var neutral = []string{
	"tag", "gen_prefix", "fewshot_split", "num_fewshot", "multiple_inputs", "group", "task", "task_alias", "group_alias", "include", "dataset_path", "dataset_name", "dataset_kwargs",
	"training_split", "validation_split", "test_split", "output_type", "description",
	"doc_to_text", "doc_to_target", "doc_to_choice", "target_delimiter", "fewshot_delimiter", "fewshot_config",
	"generation_kwargs", "metric_list", "metadata", "should_decontaminate", "doc_to_decontamination_query", "repeats",
	"version", "group_config", "unsafe_code", "formats",
}

// shaping are the keys of which a !function cannot be passed over.
var shaping = []string{"process_docs", "doc_to_text", "doc_to_target", "doc_to_choice", "custom_dataset", "class", "gen_prefix", "description"}

// foreign are the keys that change what a model is shown in ways that are not
// read, whatever their value.
var foreign = map[string]string{
	"doc_to_image":     "the model is shown images",
	"doc_to_audio":     "the model is played sounds",
	"use_prompt":       "the prompt is one of promptsource's",
	"template_aliases": "template_aliases are of an old version of the harness",
	"class":            "the task is a class in Python",
}

// Read reads a task description and what it includes.
func Read(path string) (*Config, error) {
	c := &Config{File: path, values: map[string]any{}, lines: map[string]int{}}
	if err := c.read(path, nil); err != nil {
		return nil, err
	}
	if c.values["formats"] != nil {
		if err := c.layOut(); err != nil {
			return nil, err
		}
	}
	c.Task = c.text("task")
	c.DatasetPath, c.DatasetName = c.text("dataset_path"), c.text("dataset_name")
	c.OutputType = c.text("output_type")
	if c.OutputType == "" || c.OutputType == "greedy_until" {
		c.OutputType = "generate_until" // the harness's default, and its present name
	}
	c.functions()
	if _, list := c.values["task"].([]any); list || c.values["group"] != nil && c.values["doc_to_text"] == nil {
		c.refuse(0, "it is a group of other tasks: load them one by one")
	}
	for _, key := range c.keys() {
		value := c.values[key]
		if why, ok := foreign[key]; ok && value != nil {
			c.refuse(c.lines[key], "%s (%s)", why, key)
		}
		if foreign[key] == "" && !slices.Contains(neutral, key) && !slices.Contains(shaping, key) && key != "process_results" && key != "filter_list" {
			c.Problems = append(c.Problems, task.Problem{Code: "unknown-key", Line: c.lines[key], Message: fmt.Sprintf("the key %q has no effect here", key)})
		}
	}
	if c.values["filter_list"] != nil && c.OutputType == "generate_until" {
		c.Problems = append(c.Problems, task.Problem{Code: "filter", Line: c.lines["filter_list"], Message: "filter_list is not applied: generated text is compared as it is, cut at the stop texts"})
	}
	slices.SortStableFunc(c.Problems, func(a, b task.Problem) int { return strings.Compare(a.Message, b.Message) })
	return c, nil
}

func (c *Config) refuse(line int, format string, args ...any) {
	if c.refused == nil {
		c.refused = &Error{c.File, line, "unsupported", "not supported, because " + fmt.Sprintf(format, args...)}
	}
}

// read merges one file into the values; what it includes comes first.
func (c *Config) read(path string, from []string) error {
	if slices.Contains(from, path) {
		return &Error{path, 0, "unreadable", "it includes itself by way of " + strings.Join(from, ", ")}
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && len(from) > 0 {
		return &Error{from[len(from)-1], 0, "unreadable", fmt.Sprintf("it includes %s, which is not there", path)}
	}
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		line := 0
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			line = syntax.GetToken().Position.Line
		}
		return &Error{path, line, "unreadable", strings.TrimSpace(yaml.FormatError(err, false, false))}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return &Error{path, 0, "unreadable", "it is empty"}
	}
	body, ok := mapping(file.Docs[0].Body)
	if !ok {
		return &Error{path, 0, "unreadable", "it is not a YAML mapping"}
	}
	left := 100000
	v := values{anchors: map[string]ast.Node{}, left: &left}
	v.find(file.Docs[0].Body)
	mine, lines := map[string]any{}, map[string]int{}
	for _, pair := range body {
		key, line := pair.Key.GetToken().Value, pair.Key.GetToken().Position.Line
		value, err := v.of(pair.Value)
		if err != nil {
			return &Error{path, line, "unreadable", fmt.Sprintf("%s: %v", key, err)}
		}
		if len(from) > 0 {
			line = 0 // of another file
		}
		if pair.Key.IsMergeKey() {
			if d, ok := value.(*jinja.Dict); ok {
				for _, k := range d.Keys() {
					if _, have := mine[fmt.Sprint(k)]; !have {
						mine[fmt.Sprint(k)], _ = d.Get(k)
					}
				}
			}
			continue
		}
		mine[key], lines[key] = value, line
	}
	var includes []string
	switch v := mine["include"].(type) {
	case nil:
	case string:
		includes = []string{v}
	case []any:
		for _, i := range v {
			includes = append(includes, fmt.Sprint(i))
		}
	}
	for _, i := range includes {
		if !filepath.IsAbs(i) {
			i = filepath.Join(filepath.Dir(path), i)
		}
		if err := c.read(i, append(from, path)); err != nil {
			return err
		}
	}
	for k, v := range mine {
		c.values[k], c.lines[k] = v, lines[k]
	}
	return nil
}

// mapping returns the pairs of a mapping.
func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// functions looks for what is Python in the values, after the includes: a value
// that was replaced has no say.
func (c *Config) functions() {
	for _, key := range c.keys() {
		for _, what := range pythons(c.values[key]) {
			text := fmt.Sprintf("%s: %s", key, what)
			switch {
			case slices.Contains(shaping, key):
				c.refuse(c.lines[key], "%q is a function in Python, which decides what the model is shown and is not run here; write the items it makes to JSON Lines (see lib/task) and load those", text)
			case key == "fewshot_config":
				c.Problems = append(c.Problems, task.Problem{Code: "few-shot", Line: c.lines[key], Message: text + " is a function in Python, which is not run: there are no few-shot examples"})
			case key == "metric_list" || key == "process_results":
				c.Problems = append(c.Problems, task.Problem{Code: "function", Line: c.lines[key], Message: text + " is a function in Python, which is not run: its metric is not computed"})
			case key != "doc_to_decontamination_query" && key != "metadata":
				c.Problems = append(c.Problems, task.Problem{Code: "function", Line: c.lines[key], Message: text + " is a function in Python, which is not run"})
			}
		}
	}
}

// keys returns the keys in the order of their lines, those of included files first.
func (c *Config) keys() []string {
	list := slices.Sorted(maps.Keys(c.values))
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(c.lines[a], c.lines[b]) })
	return list
}

// pythons lists the functions in a value.
func pythons(v any) []string {
	var list []string
	switch v := v.(type) {
	case pyFunction:
		return []string{string(v)}
	case []any:
		for _, e := range v {
			list = append(list, pythons(e)...)
		}
	case *jinja.Dict:
		for _, e := range v.Values() {
			list = append(list, pythons(e)...)
		}
	}
	return list
}

// text returns a value that should be a text, "" when there is none.
func (c *Config) text(key string) string {
	if s, ok := c.values[key].(string); ok {
		return s
	}
	return ""
}

func (c *Config) textOr(key, otherwise string) string {
	if s, ok := c.values[key].(string); ok {
		return s
	}
	return otherwise
}
