package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"bellwether/lib/task"
	"bellwether/lib/task/harness/jinja"
)

// Load reads a task description and makes a task of its documents. The path of
// the documents may be "" when the description names a file; the few-shot
// examples are then those of its few-shot split, if that is a file too.
func Load(path, documents string) (*task.Task, error) {
	c, err := Read(path)
	if err != nil {
		return nil, err
	}
	if c.refused != nil {
		return nil, c.refused
	}
	if documents == "" {
		if documents, err = c.file(); err != nil {
			return nil, err
		}
		if split, other := c.fewShotSplit(); other {
			if examples := c.local(split); examples != "" {
				if c.examples, err = open(examples); err != nil {
					return nil, err
				}
			}
		}
	}
	docs, err := open(documents)
	if err != nil {
		return nil, err
	}
	return c.Items(docs)
}

func open(path string) ([]Document, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("harness: %w", err)
	}
	return Documents(path, bytes.NewReader(b))
}

// fewShotSplit returns the split that the harness takes examples from, and
// whether it is another than that of the documents.
func (c *Config) fewShotSplit() (split string, other bool) {
	documents := c.either("test_split", "validation_split")
	if split = c.fewShotText(); split == "" {
		split = c.either("training_split", "validation_split")
	}
	return split, split != "" && documents != "" && split != documents
}

// fewShotText returns the split that the description itself names, "" if it does not.
func (c *Config) fewShotText() string {
	few, _ := c.values["fewshot_config"].(*jinja.Dict)
	if s, ok := get(few, "split").(string); ok {
		return s
	}
	return c.text("fewshot_split")
}

// either returns the first of the values that is not empty.
func (c *Config) either(list ...string) string {
	for _, key := range list {
		if s := c.text(key); s != "" {
			return s
		}
	}
	return ""
}

// local returns the file of a split, with "" that of a description whose files
// are not those of splits; "" where the description names none.
func (c *Config) local(split string) string {
	if c.DatasetPath != "json" && c.DatasetPath != "csv" {
		return ""
	}
	kwargs, _ := c.values["dataset_kwargs"].(*jinja.Dict)
	files := get(kwargs, "data_files")
	if d, ok := files.(*jinja.Dict); ok {
		files = get(d, split)
	} else if split != "" {
		return ""
	}
	if list, ok := files.([]any); ok && len(list) == 1 {
		files = list[0]
	}
	file, ok := files.(string)
	if !ok || filepath.IsAbs(file) {
		return file
	}
	path := filepath.Join(filepath.Dir(c.File), file)
	if _, err := os.Stat(path); err != nil {
		if _, err := os.Stat(file); err == nil { // where the harness looks
			return file
		}
	}
	return path
}

// file returns the file of documents that the description names.
func (c *Config) file() (string, error) {
	for _, split := range []string{c.text("test_split"), c.text("validation_split"), c.text("training_split"), ""} {
		if file := c.local(split); file != "" {
			return file, nil
		}
	}
	name := "a dataset that it does not name"
	if c.DatasetPath != "" {
		name = fmt.Sprintf("the dataset %q", c.DatasetPath)
	}
	if c.DatasetName != "" {
		name += " (" + c.DatasetName + ")"
	}
	return "", &Error{c.File, c.lines["dataset_path"], "documents", "its documents are " + name + ", which is not part of the file, and nothing is downloaded: save them as JSON Lines and pass that file (--docs)"}
}

// get returns the value of a key, nil if there is none.
func get(d *jinja.Dict, key string) any {
	if d == nil {
		return nil
	}
	v, _ := d.Get(key)
	return v
}
