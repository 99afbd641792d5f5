package task

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Write writes the task in JSONL, CSV, PrizeCSV or PrizeJSONL, so that reading
// it again gives the same items. JSONL keeps everything; CSV everything but
// what is in a head (name, licence, few-shot layout, ...); the prize's formats
// hold the prize's columns and neither identifiers nor Meta. What the format
// cannot hold as it is (bytes that are no UTF-8 in JSON, two right choices in
// the prize's formats, ...) is an error, never a change.
func Write(w io.Writer, t *Task, f Format) error {
	write, ok := writers[f]
	if !ok {
		return fmt.Errorf("task: format %q cannot be written, only %v", f, slices.Sorted(maps.Keys(writers)))
	}
	b := bufio.NewWriter(w)
	if err := write(b, t); err != nil {
		return fmt.Errorf("task: writing %s: %w", t.Name, err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("task: writing %s: %w", t.Name, err)
	}
	return nil
}

var writers = map[Format]func(*bufio.Writer, *Task) error{
	JSONL: writeJSONL, CSV: writeCSV, PrizeCSV: writePrizeCSV, PrizeJSONL: writePrizeJSONL,
}

// object builds a JSON object; the first error stays.
type object struct {
	b   []byte
	err error
}

func (o *object) key(k string) {
	if n := len(o.b); n > 0 && o.b[n-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.text(k)
	o.b = append(o.b, ':')
}

func (o *object) text(s string) {
	if !utf8.ValidString(s) && o.err == nil {
		o.err = fmt.Errorf("%.60q is not UTF-8, which JSON cannot hold", s)
	}
	const hex = "0123456789abcdef"
	o.b = append(o.b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			o.b = append(o.b, '\\', c)
		case c == '\n':
			o.b = append(o.b, '\\', 'n')
		case c == '\r':
			o.b = append(o.b, '\\', 'r')
		case c == '\t':
			o.b = append(o.b, '\\', 't')
		case c < 0x20:
			o.b = append(o.b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			o.b = append(o.b, c)
		}
	}
	o.b = append(o.b, '"')
}

// member writes a text that is not empty.
func (o *object) member(key, s string) {
	if s != "" {
		o.key(key)
		o.text(s)
	}
}

func (o *object) texts(list []string) {
	o.b = append(o.b, '[')
	for i, s := range list {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.text(s)
	}
	o.b = append(o.b, ']')
}

func (o *object) ints(list []int) {
	if len(list) == 1 {
		o.b = strconv.AppendInt(o.b, int64(list[0]), 10)
		return
	}
	o.b = append(o.b, '[')
	for i, n := range list {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = strconv.AppendInt(o.b, int64(n), 10)
	}
	o.b = append(o.b, ']')
}

func (o *object) numbers(list []float64) {
	o.b = append(o.b, '[')
	for i, x := range list {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		if x-x != 0 && o.err == nil {
			o.err = fmt.Errorf("score %v is no number that JSON can hold", x)
		}
		o.b = strconv.AppendFloat(o.b, x, 'g', -1, 64)
	}
	o.b = append(o.b, ']')
}

// dict writes a map, its keys in order.
func (o *object) dict(m map[string]string) {
	o.b = append(o.b, '{')
	for _, k := range slices.Sorted(maps.Keys(m)) {
		o.key(k)
		o.text(m[k])
	}
	o.b = append(o.b, '}')
}

func (o *object) item(it *Item) {
	o.b = append(o.b, '{')
	o.member("id", it.ID)
	o.key("prompt")
	o.text(it.Prompt)
	o.member("other_prompt", it.OtherPrompt)
	if it.Choices != nil {
		o.key("choices")
		o.texts(it.Choices)
	}
	if it.Gold != nil || it.Scores != nil {
		o.key("gold")
		o.ints(it.Gold)
	}
	if it.Scores != nil {
		o.key("scores")
		o.numbers(it.Scores)
	}
	if it.Targets != nil {
		o.key("targets")
		o.texts(it.Targets)
	}
	o.member("anchor", it.Anchor)
	if len(it.Meta) > 0 {
		o.key("meta")
		o.dict(it.Meta)
	}
	o.b = append(o.b, '}')
}

func writeJSONL(w *bufio.Writer, t *Task) error {
	var o object
	o.b = append(o.b, '{')
	o.key("task")
	o.text(t.Name)
	o.member("type", string(t.Type))
	o.member("description", t.Description)
	o.member("licence", t.Licence)
	o.member("author", t.Author)
	o.member("source", t.Source)
	o.member("canary", t.Canary)
	o.member("delimiter", t.Delimiter)
	o.member("stop", t.Stop)
	o.member("output_regex", t.OutputRegex)
	if t.Metrics != nil {
		o.key("metrics")
		o.texts(t.Metrics)
	}
	f := t.FewShot
	o.key("few_shot")
	o.b = append(o.b, '{')
	o.member("prefix", f.Prefix)
	o.member("input_prefix", f.InputPrefix)
	o.member("output_prefix", f.OutputPrefix)
	o.member("choice_prefix", f.ChoicePrefix)
	o.key("separator")
	o.text(f.Separator)
	if f.Fixed {
		o.key("fixed")
		o.b = append(o.b, "true"...)
	}
	if f.Pool != nil {
		o.key("pool")
		o.b = append(o.b, '[')
		for i := range f.Pool {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.item(&f.Pool[i])
		}
		o.b = append(o.b, ']')
	}
	o.b = append(o.b, "}}\n"...)
	for i := 0; ; i++ {
		if o.err != nil {
			return o.err
		}
		if _, err := w.Write(o.b); err != nil || i == len(t.Items) {
			return err
		}
		o.b = o.b[:0]
		o.item(&t.Items[i])
		if o.b = append(o.b, '\n'); o.err != nil {
			o.err = fmt.Errorf("item %s: %w", t.Items[i].ID, o.err)
		}
	}
}

// row writes one row of CSV, every field as it is.
func row(w *bufio.Writer, fields []string) error {
	for i, f := range fields {
		if i > 0 {
			w.WriteByte(',')
		}
		if strings.ContainsAny(f, ",\"\r\n") || i == 0 && f == "" || i == 0 && strings.HasPrefix(f, "\xef\xbb\xbf") {
			w.WriteByte('"')
			w.WriteString(strings.ReplaceAll(f, `"`, `""`))
			f = `"`
		}
		w.WriteString(f)
	}
	return w.WriteByte('\n')
}

// column is a column of a CSV file and what an item has in it.
type column struct {
	name string
	cell func(*Item) (string, error)
}

func writeCSV(w *bufio.Writer, t *Task) error {
	text := func(get func(*Item) string) func(*Item) (string, error) {
		return func(it *Item) (string, error) { return get(it), nil }
	}
	built := func(fill func(*object, *Item)) func(*Item) (string, error) {
		return func(it *Item) (string, error) {
			var o object
			fill(&o, it)
			return string(o.b), o.err
		}
	}
	columns := []column{
		{"id", text(func(it *Item) string { return it.ID })},
		{"prompt", text(func(it *Item) string { return it.Prompt })},
		{"choices", built(func(o *object, it *Item) {
			if it.Choices != nil {
				o.texts(it.Choices)
			}
		})},
		{"gold", built(func(o *object, it *Item) {
			if it.Gold != nil || it.Scores != nil { // [] says that nothing is right, whatever the scores
				o.ints(it.Gold)
			}
		})},
	}
	optional := []struct {
		column
		has func(*Item) bool
	}{
		{column{"other_prompt", text(func(it *Item) string { return it.OtherPrompt })}, func(it *Item) bool { return it.OtherPrompt != "" }},
		{column{"scores", built(func(o *object, it *Item) {
			if it.Scores != nil {
				o.numbers(it.Scores)
			}
		})}, func(it *Item) bool { return it.Scores != nil }},
		{column{"targets", built(func(o *object, it *Item) {
			if it.Targets != nil {
				o.texts(it.Targets)
			}
		})}, func(it *Item) bool { return it.Targets != nil }},
		{column{"anchor", text(func(it *Item) string { return it.Anchor })}, func(it *Item) bool { return it.Anchor != "" }},
		{column{"meta", built(func(o *object, it *Item) {
			if len(it.Meta) > 0 {
				o.dict(it.Meta)
			}
		})}, func(it *Item) bool { return len(it.Meta) > 0 }},
	}
	for _, c := range optional {
		for i := range t.Items {
			if c.has(&t.Items[i]) {
				columns = append(columns, c.column)
				break
			}
		}
	}
	return rows(w, t, columns)
}

func rows(w *bufio.Writer, t *Task, columns []column) error {
	fields := make([]string, len(columns))
	for i, c := range columns {
		fields[i] = c.name
	}
	if err := row(w, fields); err != nil {
		return err
	}
	for i := range t.Items {
		for k, c := range columns {
			var err error
			if fields[k], err = c.cell(&t.Items[i]); err != nil {
				return fmt.Errorf("item %s: %s: %w", t.Items[i].ID, c.name, err)
			}
		}
		if err := row(w, fields); err != nil {
			return err
		}
	}
	return nil
}
