package harness

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"bellwether/lib/task"
	"bellwether/lib/task/harness/jinja"
)

// render evaluates a template for a document.
func (m *maker) render(source string, d Document) (string, error) {
	t, ok := m.templates[source]
	if !ok {
		var err error
		if t, err = jinja.Compile(source); err != nil {
			return "", fmt.Errorf("template %.80q: %w", source, err)
		}
		m.templates[source] = t
	}
	text, err := t.Render(d.Values)
	if err != nil {
		return "", fmt.Errorf("template %.80q: %w", source, err)
	}
	return text, nil
}

// field returns the value of a document's field, if the source names one that
// any document has.
func (m *maker) field(source string, d Document) (v any, is bool, err error) {
	if !m.features[source] {
		return nil, false, nil
	}
	v, ok := d.Values[source]
	if !ok || v == nil {
		return nil, true, fmt.Errorf("the document has no %q", source)
	}
	return v, true, nil
}

// prompt is doc_to_text.
func (m *maker) prompt(d Document, source, choice any) (string, error) {
	var number bool
	text := ""
	switch s := source.(type) {
	case nil:
		return "", errors.New("the description has no doc_to_text")
	case string:
		v, is, err := m.field(s, d)
		switch {
		case err != nil:
			return "", fmt.Errorf("doc_to_text: %w", err)
		case is:
			if text, is = v.(string); !is {
				if _, number = v.(int); !number {
					return "", fmt.Errorf("doc_to_text: the field %q is not a text", s)
				}
				text = show(v)
			}
		default:
			if text, err = m.render(s, d); err != nil {
				return "", fmt.Errorf("doc_to_text: %w", err)
			}
			number = digits(text) && choice != nil
		}
	case int:
		number, text = true, show(s)
	default:
		return "", fmt.Errorf("doc_to_text: %s is neither a text nor a number", show(source))
	}
	if number && choice != nil {
		return "", errors.New("doc_to_text is a number: tasks whose contexts differ and whose choice does not (multiple inputs) are not supported")
	}
	return text, nil
}

// prefix is gen_prefix, and whether there is one.
func (m *maker) prefix(d Document, source any) (string, bool, error) {
	s, ok := source.(string)
	if !ok {
		return "", false, nil
	}
	if v, is, err := m.field(s, d); is || err != nil {
		return show(v), true, err
	}
	text, err := m.render(s, d)
	if err != nil {
		return "", true, fmt.Errorf("gen_prefix: %w", err)
	}
	return text, true, nil
}

// target is doc_to_target: a text, a number, or a list of them.
func (m *maker) target(d Document, source any) (any, error) {
	switch s := source.(type) {
	case nil:
		return nil, errors.New("the description has no doc_to_target")
	case string:
		v, is, err := m.field(s, d)
		if is || err != nil {
			if err != nil {
				err = fmt.Errorf("doc_to_target: %w", err)
			}
			return plain(v), err
		}
		text, err := m.render(s, d)
		if err != nil {
			return nil, fmt.Errorf("doc_to_target: %w", err)
		}
		if digits(text) && m.values["doc_to_choice"] != nil {
			return strconv.Atoi(text)
		}
		if len(text) >= 2 && text[0] == '[' && text[len(text)-1] == ']' {
			if v, err := jinja.Literal(text); err == nil {
				return plain(v), nil
			}
		}
		return text, nil
	}
	return source, nil
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// choices is doc_to_choice.
func (m *maker) choices(d Document, source any) ([]string, error) {
	var list []any
	switch s := source.(type) {
	case nil:
		return nil, errors.New("the description has no doc_to_choice")
	case string:
		v, is, err := m.field(s, d)
		if err != nil {
			return nil, fmt.Errorf("doc_to_choice: %w", err)
		}
		text, isText := v.(string)
		if !is {
			if text, err = m.render(s, d); err != nil {
				return nil, fmt.Errorf("doc_to_choice: %w", err)
			}
			isText = true
		}
		if isText {
			// A Python list in a text, as the prize's classes are.
			if texts, err := task.ParseTexts(text); err == nil {
				return texts, nil
			}
			if v, err = jinja.Literal(text); err != nil {
				return nil, fmt.Errorf("doc_to_choice: %w", err)
			}
		}
		var ok bool
		if list, ok = plain(v).([]any); !ok {
			return nil, fmt.Errorf("doc_to_choice: %.80s is not a list of texts", show(v))
		}
	case []any:
		list = s
	case *jinja.Dict:
		list = s.Values()
	default:
		return nil, fmt.Errorf("doc_to_choice: %.80s is not a list of texts", show(source))
	}
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = show(e)
	}
	return texts, nil
}

// plain turns the lists of templates into []any.
func plain(v any) any {
	switch v := v.(type) {
	case *jinja.List:
		return v.Items
	case jinja.Tuple:
		return []any(v)
	}
	return v
}

// gold finds the right choices from a number, a choice's text, or a list of
// them. In a column of numbers that was read as texts, a text is a number.
func gold(target any, choices []string) ([]int, error) {
	switch t := target.(type) {
	case []any:
		var all []int
		for _, e := range t {
			g, err := gold(e, choices)
			if err != nil {
				return nil, err
			}
			all = append(all, g...)
		}
		slices.Sort(all)
		return slices.Compact(all), nil
	case string:
		if i := slices.Index(choices, t); i >= 0 {
			return []int{i}, nil
		}
		if n, err := strconv.Atoi(strings.TrimSpace(t)); err == nil {
			return gold(n, choices)
		}
		return nil, fmt.Errorf("doc_to_target: %q is neither a choice's number nor one of %q", t, choices)
	case bool:
		n := 0
		if t {
			n = 1
		}
		return gold(n, choices)
	case float64:
		if t == math.Trunc(t) && math.Abs(t) < 1e6 {
			return gold(int(t), choices)
		}
	case int:
		if t < 0 || t >= len(choices) {
			return nil, fmt.Errorf("doc_to_target: %d is not one of %d choices", t, len(choices))
		}
		return []int{t}, nil
	}
	return nil, fmt.Errorf("doc_to_target: %.80s is neither a choice's number nor one of %q", show(target), choices)
}

// show writes a value as Python's str does.
func show(v any) string {
	text, err := jinja.Text(jinja.From(v))
	if err != nil {
		return fmt.Sprint(v)
	}
	return text
}
