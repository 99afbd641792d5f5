package harness

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bellwether/lib/task"
	"bellwether/lib/task/harness/jinja"
)

// format is how version 0.5 of the harness lays out a prompt where a description
// names only the columns (formats: mcqa). It becomes the templates of the other
// keys, as the harness's FormatConfig.to_task_config does
// (lm_eval/config/formats/_base.py).
type format struct {
	outputType string
	// texts are the parts by the names that they have in a description. A part that
	// is not there, or null, is left out.
	texts map[string]string
	// labels of the choices: "letters", "numbers", a list of texts, or nil.
	labels any
}

// formats are those of the harness.
func formats(name string) (format, bool) {
	f := format{"multiple_choice", map[string]string{
		"question_prefix": "Question: ", "choice_delimiter": "\n", "section_separator": "\n",
		"answer_prompt": "Answer:", "target_delimiter": " ", "fewshot_delimiter": "\n\n",
	}, "letters"}
	switch name {
	case "mcqa":
		return f, true
	case "cloze":
		f.labels = nil
		return f, true
	}
	f.outputType, f.texts["target_delimiter"], f.texts["scorer"] = "generate_until", "\n", "first_token"
	switch name {
	case "generate":
		f.texts["instruction"] = "Given the following question and {{ _num_choices }} candidate answers ({{ _choice_list_and }}), choose the best answer.\n"
		f.texts["answer_prompt"] = `Your response should end with "The best answer is [answer_letter]" where the [answer_letter] is one of {{ _choice_list_or }}.`
		f.texts["gen_prefix"] = "The best answer is"
		return f, true
	case "cot":
		f.labels = nil
		f.texts["instruction"] = "Given the following problem, reason step by step to find the final answer.\n"
		f.texts["question_prefix"] = "Problem: "
		f.texts["answer_prompt"] = `Your response should end with "The final answer is [answer]" where [answer] is the response to the problem.`
		return f, true
	}
	return f, false
}

// formatFields are what a description can set of a format.
var formatFields = []string{
	"instruction", "question_prefix", "choice_labels", "choice_delimiter", "section_separator", "answer_instruction",
	"answer_prompt", "gen_prefix", "target_delimiter", "fewshot_delimiter", "scorer", "output_type",
}

// layOut replaces the columns of a description by the templates of its format.
func (c *Config) layOut() error {
	f, err := c.format(c.values["formats"])
	if err != nil {
		return &Error{c.File, c.lines["formats"], "unsupported", "formats: " + err.Error()}
	}
	var columns [3]string
	for i, key := range []string{"doc_to_text", "doc_to_target", "doc_to_choice"} {
		switch v := c.values[key].(type) {
		case nil:
		case string:
			columns[i] = v
		case int:
			columns[i] = "{{" + strconv.Itoa(v) + "}}"
		case pyFunction: // for which the task is refused
			return nil
		case []any:
			if key == "doc_to_choice" {
				columns[i] = show(v)
				continue
			}
			return &Error{c.File, c.lines[key], "unsupported", key + " is a list, of which no format makes a prompt"}
		default:
			return &Error{c.File, c.lines[key], "unsupported", fmt.Sprintf("%s is %s, of which no format makes a prompt", key, show(v))}
		}
	}
	text, target, choice := columns[0], columns[1], columns[2]
	if text == "" || target == "" || choice == "" && f.outputType == "multiple_choice" {
		return &Error{c.File, c.lines["formats"], "unsupported", "formats: doc_to_text, doc_to_target and, for a choice, doc_to_choice have to say which columns they are"}
	}
	prompt, err := f.prompt(text, choice)
	if err != nil {
		return &Error{c.File, c.lines["formats"], "unsupported", "formats: " + err.Error()}
	}
	c.values["doc_to_text"], c.values["doc_to_target"] = prompt, f.target(target, choice)
	if choice != "" {
		shown := inner(choice)
		if f.labels != nil {
			shown = f.labelsTo(shown + "|length")
		}
		c.values["doc_to_choice"] = "{{ " + shown + " }}"
	}
	c.values["output_type"] = f.outputType
	for _, key := range []string{"target_delimiter", "fewshot_delimiter", "gen_prefix"} {
		if s, ok := f.texts[key]; ok {
			c.values[key] = s
		}
	}
	if scorer := f.texts["scorer"]; scorer != "" {
		c.Problems = append(c.Problems, task.Problem{Code: "filter", Line: c.lines["formats"], Message: fmt.Sprintf("formats: the scorer %q is not applied: generated text is compared as it is, cut at the stop texts", scorer)})
	}
	return nil
}

// format returns the format that a value names: by its name, with other parts
// (type: name, ...), or as the first of several.
func (c *Config) format(v any) (format, error) {
	parts := &jinja.Dict{}
	name, ok := v.(string)
	if d, isDict := v.(*jinja.Dict); isDict && len(d.Keys()) > 0 {
		if t, typed := d.Get("type"); typed {
			name, ok = t.(string)
			parts = d
		} else {
			name, ok = d.Keys()[0].(string)
			switch of := d.Values()[0].(type) {
			case nil:
			case string:
				name = of
			case *jinja.Dict:
				parts = of
				if t, typed := of.Get("type"); typed { // which the harness lets win
					name, ok = t.(string)
				}
			default:
				ok = false
			}
			if n := len(d.Keys()); n > 1 {
				c.Problems = append(c.Problems, task.Problem{Code: "unknown-key", Line: c.lines["formats"], Message: fmt.Sprintf("formats has %d formats: the first, %q, is taken, as in the harness", n, name)})
			}
		}
	}
	f, known := formats(name)
	if !ok || !known {
		return f, fmt.Errorf("%s is not one of mcqa, cloze, generate, cot, nor a mapping of them", show(v))
	}
	for i, k := range parts.Keys() {
		key, value := show(k), parts.Values()[i]
		text, isText := value.(string)
		switch {
		case key == "type":
		case !slices.Contains(formatFields, key):
			return f, fmt.Errorf("%s has no part %q; its parts are %s", name, key, strings.Join(formatFields, ", "))
		case key == "output_type" && (text == "multiple_choice" || text == "generate_until"):
			f.outputType = text
		case key == "choice_labels":
			if list, isList := value.([]any); isList {
				for _, e := range list {
					if _, isText := e.(string); !isText {
						return f, fmt.Errorf("the choice label %s is not a text", show(e))
					}
				}
			} else if value != nil && text != "letters" && text != "numbers" {
				return f, fmt.Errorf(`choice_labels is %s, not "letters", "numbers", a list or null`, show(value))
			}
			if f.labels = value; isText && text == "" {
				f.labels = nil
			} else if list, isList := value.([]any); isList && len(list) == 0 {
				f.labels = nil
			}
		case value == nil && slices.Contains([]string{"instruction", "question_prefix", "answer_instruction", "gen_prefix", "scorer"}, key):
			delete(f.texts, key)
		case !isText || key == "output_type":
			return f, fmt.Errorf("%s of %s is %s", key, name, show(value))
		default:
			f.texts[key] = text
		}
	}
	return f, nil
}

// outer and inner are a column, or the expression of a template, as text that is
// shown and as a part of other expressions.
func outer(field string) string {
	if strings.Contains(field, "{{") {
		return strings.TrimSpace(field)
	}
	return "{{" + field + "}}"
}

func inner(field string) string {
	if !strings.Contains(field, "{{") {
		return field
	}
	s := strings.TrimSpace(strings.NewReplacer("{{", "", "}}", "").Replace(field))
	if word.MatchString(s) {
		return s
	}
	return "(" + s + ")"
}

const letters = "'ABCDEFGHIJKLMNOPQRSTUVWXYZ'"

// labelAt is the expression of the label at a place, from 0.
func (f format) labelAt(place string) string {
	switch f.labels {
	case "letters":
		return letters + "[" + place + "]"
	case "numbers":
		return place + " + 1"
	}
	return f.list() + "[" + place + "]"
}

// labelsTo is the expression of the list of the first labels.
func (f format) labelsTo(count string) string {
	switch f.labels {
	case "letters":
		return letters + "[:" + count + "]|list"
	case "numbers":
		return "range(1, " + count + " + 1)|list"
	}
	return f.list() + "[:" + count + "]"
}

// list is the expression of labels that are a list.
func (f format) list() string { return show(f.labels) }

func (f format) prompt(question, choice string) (string, error) {
	var b strings.Builder
	b.WriteString(f.texts["instruction"] + f.texts["question_prefix"] + outer(question))
	if f.labels != nil && choice != "" {
		b.WriteString(f.texts["section_separator"] + "{% for choice in " + inner(choice) + " %}{{ " + f.labelAt("loop.index0") +
			" }}. {{ choice }}{% if not loop.last %}" + f.texts["choice_delimiter"] + "{% endif %}{% endfor %}")
	}
	b.WriteString(f.texts["section_separator"] + f.texts["answer_instruction"] + f.texts["answer_prompt"])
	s := b.String()
	if !strings.Contains(s, "_num_choices") && !strings.Contains(s, "_choice_l") {
		return s, nil
	}
	if f.labels == nil || choice == "" {
		return "", fmt.Errorf("a part names the number or the labels of choices that the prompt does not show")
	}
	const several = "_choice_labels[:-1]|join(', ') ~ '%s' ~ _choice_labels[-1]|string"
	return "{% set _num_choices = " + inner(choice) + "|length %}" +
		"{% set _choice_labels = " + f.labelsTo("_num_choices") + " %}" +
		"{% set _choice_list_and = " + fmt.Sprintf(several, " and ") + " %}" +
		"{% set _choice_list_or = " + fmt.Sprintf(several, " or ") + " %}" + s, nil
}

// target is the number of the right choice, or for generated text what should be
// written: its label, its text, or the column as it is.
func (f format) target(target, choice string) string {
	number := ""
	switch {
	case f.outputType == "multiple_choice":
		return "{% if " + inner(target) + " is number %}" + outer(target) + "{% else %}{{ " + inner(choice) + ".index(" + inner(target) + ") }}{% endif %}"
	case f.labels == "letters" || f.labels == "numbers":
		number = f.labelAt(inner(target))
	case choice != "":
		number = inner(choice) + "[" + inner(target) + "]"
	default:
		return outer(target)
	}
	return "{% if " + inner(target) + " is number %}{{ " + number + " }}{% else %}" + outer(target) + "{% endif %}"
}
