package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bellwether/lib/task"
	"bellwether/lib/task/harness/jinja"
)

// maker makes items of documents, as ConfigurableTask of the harness does.
type maker struct {
	*Config
	features  map[string]bool // the fields that any document has
	delimiter string
	templates map[string]*jinja.Template
}

// Items makes a task of documents. One that a template cannot use is skipped,
// as a problem of the task.
func (c *Config) Items(docs []Document) (*task.Task, error) {
	if c.refused != nil {
		return nil, c.refused
	}
	t := &task.Task{
		Name: c.Task, File: c.File, Format: task.HarnessYAML, Problems: slices.Clone(c.Problems),
		FewShot: task.FewShot{Separator: c.textOr("fewshot_delimiter", "\n\n")},
	}
	problem := func(code, key, format string, args ...any) {
		t.Problems = append(t.Problems, task.Problem{Code: code, Line: c.lines[key], Message: fmt.Sprintf(format, args...)})
	}
	m := &maker{c, map[string]bool{}, c.textOr("target_delimiter", " "), map[string]*jinja.Template{}}
	switch c.OutputType {
	case "multiple_choice":
		t.Type, t.Delimiter = task.Classification, m.delimiter
	case "loglikelihood", "loglikelihood_rolling":
		t.Type = task.SequenceProb
	case "generate_until":
		t.Type, t.Delimiter = task.Generation, m.delimiter
		c.stops(t)
	default:
		return nil, &Error{c.File, c.lines["output_type"], "unsupported", fmt.Sprintf("output_type %q is not one of multiple_choice, loglikelihood, loglikelihood_rolling, generate_until", c.OutputType)}
	}
	if b, err := os.ReadFile(c.File); err == nil {
		sum := sha256.Sum256(b)
		t.SHA256 = hex.EncodeToString(sum[:])
	}
	if list, ok := c.values["metric_list"].([]any); ok {
		for _, e := range list {
			if d, ok := e.(*jinja.Dict); ok {
				t.Metrics = append(t.Metrics, show(get(d, "metric")))
			}
		}
	}
	for _, d := range slices.Concat(docs, c.examples) {
		for key := range d.Values {
			m.features[key] = true
		}
	}
	for _, key := range []string{"doc_to_text", "doc_to_target", "doc_to_choice"} {
		if s, ok := c.values[key].(string); ok && len(docs) > 0 && !m.features[s] && word.MatchString(s) {
			problem("template", key, "%s: no document has a field %q: the word itself is used, as in the harness", key, s)
		}
	}
	var made []Document
	var descriptions []string
	for i, d := range docs {
		it, description, err := m.item(d)
		if err != nil {
			t.Problems = append(t.Problems, task.Problem{Code: "template", Line: d.Line, Message: fmt.Sprintf("document %d: %v", i, err)})
			continue
		}
		it.ID, it.Line = strconv.Itoa(i), d.Line
		t.Items = append(t.Items, it)
		made, descriptions = append(made, d), append(descriptions, description)
	}
	if len(descriptions) > 0 {
		if slices.IndexFunc(descriptions, func(s string) bool { return s != descriptions[0] }) < 0 {
			t.FewShot.Prefix = descriptions[0]
		} else {
			problem("description", "description", "the description differs from document to document: few-shot examples would stand in front of it, not behind")
		}
	}
	return t, m.fewShot(t, made, docs, problem)
}

// word is what a field's name that was mistyped looks like.
var word = regexp.MustCompile(`^[A-Za-z_]\w*$`)

// stops sets how generated text is cut: at the first of the stop texts.
func (c *Config) stops(t *task.Task) {
	until := []any{c.textOr("fewshot_delimiter", "\n\n")} // the harness's default
	if kwargs, ok := c.values["generation_kwargs"].(*jinja.Dict); ok {
		switch u := get(kwargs, "until").(type) {
		case string:
			until = []any{u}
		case []any:
			until = u
		}
	}
	if len(until) == 1 {
		t.Stop = show(until[0])
		return
	}
	var list []string
	for _, s := range until {
		list = append(list, regexp.QuoteMeta(show(s)))
	}
	if list != nil {
		t.OutputRegex = `(?s)\A(.*?)(?:` + strings.Join(list, "|") + `|\z)`
	}
}

// item makes an item of one document, and the description that stands at the
// start of its prompt.
func (m *maker) item(d Document) (it task.Item, description string, err error) {
	if d.Values == nil {
		return it, "", errors.New("it is not a mapping")
	}
	if m.OutputType == "loglikelihood_rolling" {
		// The whole text is scored, from an empty context.
		target, err := m.target(d, m.values["doc_to_target"])
		if _, ok := target.(string); err == nil && !ok {
			err = fmt.Errorf("doc_to_target: %s is not a text", show(target))
		}
		it.Choices, it.Gold = []string{show(target)}, []int{0}
		return it, "", err
	}
	if s := m.text("description"); s != "" {
		if description, err = m.render(s, d); err != nil {
			return it, "", fmt.Errorf("description: %w", err)
		}
	}
	prompt, err := m.prompt(d, m.values["doc_to_text"], m.values["doc_to_choice"])
	if err != nil {
		return it, "", err
	}
	prefix, has, err := m.prefix(d, m.values["gen_prefix"])
	if err != nil {
		return it, "", err
	}
	if has {
		prompt += m.delimiter + prefix
	}
	it.Prompt = description + prompt
	target, err := m.target(d, m.values["doc_to_target"])
	if err != nil {
		return it, "", err
	}
	switch m.OutputType {
	case "loglikelihood": // the harness puts no delimiter in front of it
		it.Choices, it.Gold = []string{show(target)}, []int{0}
		return it, description, nil
	case "generate_until":
		if list, ok := target.([]any); ok {
			for _, e := range list {
				it.Targets = append(it.Targets, m.delimiter+show(e))
			}
		} else {
			it.Targets = []string{m.delimiter + show(target)}
		}
		return it, description, nil
	}
	choices, err := m.choices(d, m.values["doc_to_choice"])
	if err != nil {
		return it, "", err
	}
	for _, ch := range choices {
		it.Choices = append(it.Choices, m.delimiter+ch)
	}
	it.Gold, err = gold(target, choices)
	return it, description, err
}

// fewShotKeys are the parts of fewshot_config that are read, or have no effect on
// the examples.
var fewShotKeys = []string{
	"sampler", "samples", "split", "num_fewshot", "doc_to_text", "doc_to_target", "doc_to_choice", "gen_prefix",
	"target_delimiter", "fewshot_delimiter", "process_docs",
}

// fewShot gives the task a pool of examples where they are not laid out as the
// items are, or not made of the same documents, and the harness's way of drawing
// from it. The items are made of docs, some of all documents.
func (m *maker) fewShot(t *task.Task, docs, all []Document, problem func(code, key, format string, args ...any)) error {
	few, ok := m.values["fewshot_config"].(*jinja.Dict)
	if !ok {
		few = &jinja.Dict{}
	}
	over := func(key string) any {
		if v := get(few, key); v != nil {
			return v
		}
		return m.values[key]
	}
	delimiter := m.delimiter
	for i, key := range few.Keys() {
		value := few.Values()[i]
		text, isText := value.(string)
		switch key := show(key); {
		case key == "target_delimiter" && isText:
			delimiter = text
		case key == "fewshot_delimiter" && isText:
			t.FewShot.Separator = text
		case !slices.Contains(fewShotKeys, key):
			problem("few-shot", "fewshot_config", "fewshot_config: %s is not read: the harness may show other examples", key)
		}
	}
	numbers := false // whether an example ends in a number where a choice is meant
	shot := func(d Document) (it task.Item, err error) {
		choice := over("doc_to_choice")
		if it.Prompt, err = m.prompt(d, over("doc_to_text"), choice); err != nil {
			return it, err
		}
		target, err := m.target(d, over("doc_to_target"))
		if err != nil {
			return it, err
		}
		prefix, _, err := m.prefix(d, over("gen_prefix"))
		if err != nil {
			return it, err
		}
		if prefix != "" {
			prefix += " "
		}
		answer := ""
		list, many := target.([]any)
		_, isText := target.(string)
		switch {
		case many && len(list) == 0:
			return it, errors.New("doc_to_target: the list is empty")
		case many:
			answer = show(list[0])
			numbers = numbers || choice != nil
		case choice == nil || isText:
			answer = show(target)
		default:
			choices, err := m.choices(d, choice)
			if err != nil {
				return it, err
			}
			g, err := gold(target, choices)
			if err != nil {
				return it, err
			}
			answer = choices[g[0]]
		}
		it.Targets = []string{delimiter + prefix + answer}
		return it, nil
	}
	switch sampler := get(few, "sampler").(type) {
	case nil, pyFunction:
	case string:
		t.FewShot.Fixed = sampler == "first_n"
		if sampler != "first_n" && sampler != "default" {
			problem("few-shot", "fewshot_config", "the sampler %q is not known: examples are drawn", sampler)
		}
	}
	samples := get(few, "samples")
	if len(pythons(few)) > 0 {
		t.FewShot.Pool = []task.Item{} // a problem says so
		return nil
	}
	draw := func(pool []Document) {
		d := &draws{pool: pool, documents: all, runs: map[run]*drawn{}}
		if m.fewShotText() == m.text("test_split") { // also where both are missing
			d.more = 1
		}
		t.FewShot.Draw = d.draw
	}
	var samplesOf []Document
	if list, ok := samples.([]any); ok && len(list) > 0 {
		for i, s := range list {
			fields, ok := s.(*jinja.Dict)
			if !ok {
				return &Error{m.File, m.lines["fewshot_config"], "unsupported", fmt.Sprintf("fewshot_config: sample %d is not a mapping", i)}
			}
			d := Document{Values: map[string]any{}}
			for k, key := range fields.Keys() {
				d.Values[show(key)] = fields.Values()[k]
				m.features[show(key)] = true
			}
			it, err := shot(d)
			if err != nil {
				return &Error{m.File, m.lines["fewshot_config"], "unsupported", fmt.Sprintf("fewshot_config: sample %d: %v", i, err)}
			}
			it.ID = "sample-" + strconv.Itoa(i)
			samplesOf = append(samplesOf, d)
			t.FewShot.Pool = append(t.FewShot.Pool, it)
		}
		draw(samplesOf)
		return nil
	}
	if m.OutputType == "loglikelihood_rolling" {
		return nil
	}
	split, other := m.fewShotSplit()
	if m.examples != nil {
		t.FewShot.Pool = []task.Item{}
		for i, d := range m.examples {
			it, err := shot(d)
			if err != nil {
				problem("template", "", "document %d of the split %q, for few-shot examples: %v", i, split, err)
				continue
			}
			it.ID = split + "-" + strconv.Itoa(i)
			t.FewShot.Pool = append(t.FewShot.Pool, it)
		}
		if len(t.FewShot.Pool) == len(m.examples) {
			draw(m.examples)
		}
		return nil
	}
	if other {
		problem("few-shot", "", "few-shot examples are drawn from the documents themselves; the harness takes those of the split %q", split)
	}
	var pool []task.Item
	differs := false
	for i, d := range docs {
		it, err := shot(d)
		if err != nil {
			differs = true
			continue
		}
		item := &t.Items[i]
		it.ID = item.ID
		pool = append(pool, it)
		differs = differs || len(item.Gold) > 1 || item.Prompt != t.FewShot.Prefix+it.Prompt || answerOf(item) != it.Targets[0]
	}
	if numbers {
		problem("few-shot", "doc_to_target", "doc_to_target is a list: few-shot examples end in the first of its numbers, not in the choice, as in the harness")
	}
	if differs {
		t.FewShot.Pool = append([]task.Item{}, pool...)
	}
	if len(pool) == len(all) && !other {
		draw(all)
	}
	return nil
}

// answerOf is the answer that an item gives as an example.
func answerOf(it *task.Item) string {
	if len(it.Gold) > 0 {
		return it.Choices[it.Gold[0]]
	}
	if len(it.Targets) > 0 {
		return it.Targets[0]
	}
	return ""
}
