// Package harness reads the task descriptions of the Language Model Evaluation
// Harness (lm-evaluation-harness, YAML) into tasks.
//
// A description says how a document of a dataset becomes a prompt and its
// choices. The documents are not part of it and are never downloaded: they come
// from a JSON Lines, JSON or CSV file that is passed along, or that the
// description itself names (dataset_path: json or csv, dataset_kwargs:
// data_files).
//
// What is read: include (a file or a list, beside the description), doc_to_text,
// doc_to_target and doc_to_choice as a column's name, a number, a list or a
// Jinja template, description, target_delimiter, fewshot_delimiter,
// fewshot_config (samples, sampler first_n), generation_kwargs.until,
// metric_list, and the output types multiple_choice, loglikelihood,
// loglikelihood_rolling and generate_until. A !function is Python and is not
// run: where it shapes the documents, prompts or choices, the task is refused;
// where it only computes a metric from the scores, it is a problem that says so.
package harness

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"bellwether/lib/task"
)

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
	refused error // why Task cannot be used
}

// keys that have no effect on what a model is shown or how it is scored here.
var neutral = []string{
	"tag", "group", "task", "task_alias", "group_alias", "include", "dataset_path", "dataset_name", "dataset_kwargs",
	"training_split", "validation_split", "test_split", "fewshot_split", "num_fewshot", "output_type", "description",
	"doc_to_text", "doc_to_target", "doc_to_choice", "target_delimiter", "fewshot_delimiter", "fewshot_config",
	"generation_kwargs", "metric_list", "metadata", "should_decontaminate", "doc_to_decontamination_query", "repeats",
	"version", "group_config", "unsafe_code",
}

// shaping are the keys of which a !function cannot be passed over.
var shaping = []string{"process_docs", "doc_to_text", "doc_to_target", "doc_to_choice", "custom_dataset", "class", "doc_to_image", "doc_to_audio"}

// Read reads a task description and what it includes.
func Read(path string) (*Config, error) {
	c := &Config{File: path, values: map[string]any{}}
	if err := c.read(path, nil); err != nil {
		return nil, err
	}
	c.Task = c.text("task")
	c.DatasetPath, c.DatasetName = c.text("dataset_path"), c.text("dataset_name")
	c.OutputType = c.text("output_type")
	if c.OutputType == "" {
		c.OutputType = "generate_until" // the harness's default
	}
	if _, list := c.values["task"].([]any); list || c.values["group"] != nil && c.values["doc_to_text"] == nil {
		c.refuse("a group of other tasks: load them one by one")
	}
	for key := range c.values {
		if !slices.Contains(neutral, key) && !slices.Contains(shaping, key) && key != "process_results" && key != "filter_list" {
			c.Problems = append(c.Problems, task.Problem{Code: "unknown-key", Message: fmt.Sprintf("the key %q has no effect here", key)})
		}
	}
	if c.values["filter_list"] != nil && c.OutputType == "generate_until" {
		c.Problems = append(c.Problems, task.Problem{Code: "filter", Message: "filter_list is not applied: generated text is compared as it is, cut at the stop texts"})
	}
	slices.SortStableFunc(c.Problems, func(a, b task.Problem) int { return strings.Compare(a.Message, b.Message) })
	return c, nil
}

func (c *Config) refuse(format string, args ...any) {
	if c.refused == nil {
		c.refused = fmt.Errorf("harness: %s: not supported, because "+format, append([]any{c.File}, args...)...)
	}
}

// read merges one file into the values; what it includes comes first.
func (c *Config) read(path string, from []string) error {
	if slices.Contains(from, path) {
		return fmt.Errorf("harness: %s includes itself by way of %s", path, strings.Join(from, ", "))
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && len(from) > 0 {
		return fmt.Errorf("harness: %s includes %s, which is not there", from[len(from)-1], path)
	}
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return fmt.Errorf("harness: %s: %s", path, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return fmt.Errorf("harness: %s is empty", path)
	}
	mine := map[string]any{}
	body, ok := mapping(file.Docs[0].Body)
	if !ok {
		return fmt.Errorf("harness: %s is not a YAML mapping", path)
	}
	for _, pair := range body {
		key := pair.Key.GetToken().Value
		c.functions(key, pair.Value, pair.Key.GetToken().Position.Line)
		var value any
		if err := yaml.NodeToValue(pair.Value, &value); err != nil {
			return fmt.Errorf("harness: %s:%d: %s: %w", path, pair.Key.GetToken().Position.Line, key, err)
		}
		mine[key] = value
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
		if err := c.read(filepath.Join(filepath.Dir(path), i), append(from, path)); err != nil {
			return err
		}
	}
	for k, v := range mine {
		c.values[k] = v
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

// functions looks for !function in the value of a key.
func (c *Config) functions(key string, n ast.Node, line int) {
	ast.Walk(visit(func(n ast.Node) {
		tag, ok := n.(*ast.TagNode)
		if !ok || tag.Start == nil {
			return
		}
		what := fmt.Sprintf("%s: %s", key, strings.Join(strings.Fields(tag.String()), " "))
		if slices.Contains(shaping, key) {
			c.refuse("line %d has %q: that is a function in Python, which decides what the model is shown and is not run here; write the items it makes to JSON Lines (see lib/task) and load those", line, what)
			return
		}
		c.Problems = append(c.Problems, task.Problem{Code: "function", Line: line, Message: what + " is a function in Python, which is not run: its metric is not computed"})
	}), n)
}

type visit func(ast.Node)

func (v visit) Visit(n ast.Node) ast.Visitor { v(n); return v }

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

// Load reads a task description and makes a task of its documents. The path of
// the documents may be "" when the description names a file.
func Load(path, documents string) (*task.Task, error) {
	c, err := Read(path)
	if err != nil {
		return nil, err
	}
	if c.refused != nil {
		return nil, c.refused
	}
	if documents == "" {
		if documents, err = c.files(); err != nil {
			return nil, err
		}
	}
	b, err := os.ReadFile(documents)
	if err != nil {
		return nil, fmt.Errorf("harness: %w", err)
	}
	docs, err := Documents(documents, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return c.Items(docs)
}

// files returns the file of documents that the description names.
func (c *Config) files() (string, error) {
	if c.DatasetPath == "json" || c.DatasetPath == "csv" {
		kwargs, _ := c.values["dataset_kwargs"].(map[string]any)
		switch files := kwargs["data_files"].(type) {
		case string:
			return filepath.Join(filepath.Dir(c.File), files), nil
		case map[string]any:
			for _, split := range []string{"test_split", "validation_split", "training_split"} {
				if s, ok := files[c.text(split)].(string); ok {
					return filepath.Join(filepath.Dir(c.File), s), nil
				}
			}
		}
	}
	name := c.DatasetPath
	if c.DatasetName != "" {
		name += " (" + c.DatasetName + ")"
	}
	return "", fmt.Errorf("harness: %s: its documents are the dataset %q, which is not part of the file, and nothing is downloaded: save them as JSON Lines and pass that file (--docs)", c.File, name)
}
