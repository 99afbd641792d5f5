package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"bellwether/lib/task"
)

// Document is one record of a dataset.
type Document struct {
	// Line is where it starts in its file, from 1; 0 where that is not known.
	Line int
	// Values are the fields: texts, int, float64, bool, nil, []any and
	// map[string]any.
	Values map[string]any
}

// Documents reads documents from JSON Lines, a JSON list of objects, or CSV with
// a header (all values are texts then). The name is for messages; a name that
// ends in ".csv" is CSV.
func Documents(name string, r io.Reader) ([]Document, error) {
	var list []Document
	if strings.HasSuffix(name, ".csv") {
		var header []string
		for row, err := range task.Rows(name, r) {
			switch {
			case err != nil:
				return nil, fmt.Errorf("harness: %w", err)
			case header == nil:
				header = row.Fields
				continue
			case len(row.Fields) != len(header):
				return nil, fmt.Errorf("harness: %s:%d: %d fields where the header has %d", name, row.Line, len(row.Fields), len(header))
			}
			d := Document{row.Line, map[string]any{}}
			for i, f := range row.Fields {
				d.Values[header[i]] = f
			}
			list = append(list, d)
		}
		return list, nil
	}
	dec := json.NewDecoder(r)
	dec.UseNumber()
	for n := 1; ; n++ {
		var v any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("harness: %s: document %d: %w", name, n, err)
		}
		switch v := plain(v).(type) {
		case map[string]any:
			list = append(list, Document{n, v}) // one a line in JSON Lines
		case []any:
			for i, e := range v {
				m, ok := e.(map[string]any)
				if !ok {
					return nil, fmt.Errorf("harness: %s: entry %d is not an object", name, i)
				}
				list = append(list, Document{0, m})
			}
		default:
			return nil, fmt.Errorf("harness: %s: document %d is not an object", name, n)
		}
	}
}

// plain turns json.Number into int or float64.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// Items makes a task of documents. One that a template cannot use is skipped,
// as a problem of the task.
func (c *Config) Items(docs []Document) (*task.Task, error) {
	if c.refused != nil {
		return nil, c.refused
	}
	t := &task.Task{
		Name: c.Task, File: c.File, Format: task.HarnessYAML, Problems: slices.Clone(c.Problems),
		Delimiter: c.textOr("target_delimiter", " "),
		FewShot:   task.FewShot{Prefix: c.text("description"), Separator: c.textOr("fewshot_delimiter", "\n\n")},
	}
	switch c.OutputType {
	case "multiple_choice":
		t.Type = task.Classification
	case "loglikelihood", "loglikelihood_rolling":
		t.Type = task.SequenceProb
	case "generate_until":
		t.Type = task.Generation
		if kwargs, ok := c.values["generation_kwargs"].(map[string]any); ok {
			switch until := kwargs["until"].(type) {
			case string:
				t.Stop = until
			case []any:
				if len(until) > 0 {
					t.Stop = fmt.Sprint(until[0])
				}
				if len(until) > 1 {
					t.Problems = append(t.Problems, task.Problem{Code: "until", Message: fmt.Sprintf("of the stop texts %q only the first is used", until)})
				}
			}
		}
	default:
		return nil, fmt.Errorf("harness: %s: output_type %q is not one of multiple_choice, loglikelihood, loglikelihood_rolling, generate_until", c.File, c.OutputType)
	}
	if b, err := os.ReadFile(c.File); err == nil {
		sum := sha256.Sum256(b)
		t.SHA256 = hex.EncodeToString(sum[:])
	}
	if list, ok := c.values["metric_list"].([]any); ok {
		for _, m := range list {
			if m, ok := m.(map[string]any); ok {
				t.Metrics = append(t.Metrics, fmt.Sprint(m["metric"]))
			}
		}
	}
	for i, d := range docs {
		it, err := c.item(d)
		if err != nil {
			t.Problems = append(t.Problems, task.Problem{Code: "template", Line: d.Line, Message: fmt.Sprintf("document %d: %v", i, err)})
			continue
		}
		it.ID, it.Line = strconv.Itoa(i), d.Line
		t.Items = append(t.Items, it)
	}
	if few, ok := c.values["fewshot_config"].(map[string]any); ok {
		if few["sampler"] == "first_n" {
			t.FewShot.Fixed = true
		}
		if samples, ok := few["samples"].([]any); ok {
			for i, s := range samples {
				m, _ := s.(map[string]any)
				it, err := c.item(Document{Values: m})
				if err != nil {
					return nil, fmt.Errorf("harness: %s: fewshot_config: sample %d: %w", c.File, i, err)
				}
				it.ID = "sample-" + strconv.Itoa(i)
				t.FewShot.Pool = append(t.FewShot.Pool, it)
			}
		}
	}
	return t, nil
}

// item makes an item of one document, as ConfigurableTask of the harness does.
func (c *Config) item(d Document) (task.Item, error) {
	var it task.Item
	if d.Values == nil {
		return it, errors.New("it is not a mapping")
	}
	delimiter := c.textOr("target_delimiter", " ")
	textValue, err := c.value("doc_to_text", d)
	if err != nil {
		return it, err
	}
	if _, ok := textValue.(int); ok {
		return it, errors.New("doc_to_text is a number: tasks whose contexts differ and whose choice does not (multiple inputs) are not supported")
	}
	prompt := show(textValue)
	target, err := c.value("doc_to_target", d)
	if err != nil {
		return it, err
	}
	if c.OutputType == "loglikelihood_rolling" {
		// The whole text is scored, from an empty context.
		it.Choices, it.Gold = []string{show(target)}, []int{0}
		return it, nil
	}
	it.Prompt = c.text("description") + prompt
	switch c.OutputType {
	case "loglikelihood":
		it.Choices, it.Gold = []string{delimiter + show(target)}, []int{0}
		return it, nil
	case "generate_until":
		if list, ok := target.([]any); ok {
			for _, e := range list {
				it.Targets = append(it.Targets, delimiter+show(e))
			}
		} else {
			it.Targets = []string{delimiter + show(target)}
		}
		return it, nil
	}
	choices, err := c.value("doc_to_choice", d)
	if err != nil {
		return it, err
	}
	list, err := texts(choices)
	if err != nil {
		return it, fmt.Errorf("doc_to_choice: %w", err)
	}
	for _, ch := range list {
		it.Choices = append(it.Choices, delimiter+ch)
	}
	it.Gold, err = gold(target, list)
	return it, err
}

// gold finds the right choices from a number, a text that is one, a choice's
// text, or a list of them.
func gold(target any, choices []string) ([]int, error) {
	if list, ok := target.([]any); ok {
		var all []int
		for _, e := range list {
			g, err := gold(e, choices)
			if err != nil {
				return nil, err
			}
			all = append(all, g...)
		}
		slices.Sort(all)
		return slices.Compact(all), nil
	}
	n, isNumber := target.(int)
	if s, ok := target.(string); ok {
		if i := slices.Index(choices, s); i >= 0 {
			return []int{i}, nil
		}
		var err error
		n, err = strconv.Atoi(strings.TrimSpace(s))
		isNumber = err == nil
	}
	if b, ok := target.(bool); ok {
		n, isNumber = map[bool]int{false: 0, true: 1}[b], true
	}
	if !isNumber {
		return nil, fmt.Errorf("doc_to_target: %q is neither a choice's number nor one of %q", show(target), choices)
	}
	if n < 0 || n >= len(choices) {
		return nil, fmt.Errorf("doc_to_target: %d is not one of %d choices", n, len(choices))
	}
	return []int{n}, nil
}

// texts turns a list, a mapping (its values) or a Python list in a text into
// texts.
func texts(v any) ([]string, error) {
	var list []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			list = append(list, show(e))
		}
		return list, nil
	case []string:
		return v, nil
	case string:
		return task.ParseTexts(v)
	}
	return nil, fmt.Errorf("%T is not a list of texts", v)
}

// value evaluates one of the doc_to_ keys for a document.
func (c *Config) value(key string, d Document) (any, error) {
	switch v := c.values[key].(type) {
	case nil:
		return nil, fmt.Errorf("the description has no %s", key)
	case string:
		if field, ok := d.Values[v]; ok {
			return field, nil
		}
		out, err := render(v, d.Values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		return out, nil
	case uint64:
		return int(v), nil
	case int64:
		return int(v), nil
	default:
		return v, nil
	}
}

// show writes a value as Python's str does.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".en") {
			s += ".0"
		}
		return s
	}
	return fmt.Sprint(v)
}
