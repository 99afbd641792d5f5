package ipynb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// ReadFile reads a notebook. Errors name the file and, where there is one, the cell.
func ReadFile(path string) (*Notebook, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// Read reads a notebook and checks it against nbformat 4. Cells are counted
// from 1 in errors, outputs too.
func Read(r io.Reader) (*Notebook, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("not a notebook: %w", jsonError(data, err))
	}
	p := taker{fields: fields}
	major := p.integer("nbformat", -1)
	n := &Notebook{Minor: p.integer("nbformat_minor", 0), Metadata: p.object("metadata")}
	var cells []json.RawMessage
	p.value("cells", &cells)
	switch {
	case p.err != nil:
		return nil, p.err
	case major == -1:
		return nil, fmt.Errorf("not a notebook: no field %q", "nbformat")
	case major != 4:
		return nil, fmt.Errorf("nbformat is %d, want 4: convert it with `jupyter nbconvert --to notebook --nbformat 4 FILE`", major)
	}
	n.extra = p.rest()
	for i, raw := range cells {
		c, err := readCell(raw)
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
		n.Cells = append(n.Cells, c)
	}
	return n, nil
}

// jsonError adds the line to an error of the JSON syntax.
func jsonError(data []byte, err error) error {
	if e, ok := err.(*json.SyntaxError); ok && e.Offset <= int64(len(data)) {
		return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:e.Offset], []byte("\n")), err)
	}
	return err
}

func readCell(raw json.RawMessage) (Cell, error) {
	p := taker{}
	if err := json.Unmarshal(raw, &p.fields); err != nil {
		return Cell{}, fmt.Errorf("is not a JSON object")
	}
	c := Cell{Type: CellType(p.text("cell_type", true))}
	switch c.Type {
	case Code, Markdown, Raw:
	default:
		if p.err == nil {
			p.err = fmt.Errorf("cell_type is %q, want %q, %q or %q", c.Type, Code, Markdown, Raw)
		}
		return c, p.err
	}
	c.ID = p.text("id", false)
	c.Source = p.text("source", true)
	c.Metadata = p.object("metadata")
	var outputs []json.RawMessage
	if c.Type == Code {
		c.Count = p.integer("execution_count", 0)
		p.value("outputs", &outputs)
	}
	if p.err != nil {
		return c, fmt.Errorf("(%s) %w", c.Type, p.err)
	}
	for i, raw := range outputs {
		o, err := readOutput(raw)
		if err != nil {
			return c, fmt.Errorf("(%s) output %d: %w", c.Type, i+1, err)
		}
		c.Outputs = append(c.Outputs, o)
	}
	c.extra = p.rest()
	return c, nil
}

func readOutput(raw json.RawMessage) (Output, error) {
	p := taker{}
	if err := json.Unmarshal(raw, &p.fields); err != nil {
		return Output{}, fmt.Errorf("is not a JSON object")
	}
	o := Output{Type: OutputType(p.text("output_type", true))}
	switch o.Type {
	case Stream:
		o.Name, o.Text = p.text("name", true), p.text("text", true)
	case DisplayData, ExecuteResult:
		o.Data, o.Metadata = p.object("data"), p.object("metadata")
		for mime, v := range o.Data {
			o.Data[mime] = mimeValue(mime, v)
		}
		if o.Type == ExecuteResult {
			o.Count = p.integer("execution_count", 0)
		}
	case Error:
		o.ErrName, o.ErrValue = p.text("ename", true), p.text("evalue", true)
		p.value("traceback", &o.Traceback)
	default:
		if p.err == nil {
			p.err = fmt.Errorf("output_type is %q, want %q, %q, %q or %q", o.Type, Stream, DisplayData, ExecuteResult, Error)
		}
	}
	o.extra = p.rest()
	return o, p.err
}

// mimeValue joins the lines of a value that is text. A value of a JSON type
// stays what it is.
func mimeValue(mime string, v any) any {
	if isJSON(mime) {
		return v
	}
	if lines, ok := v.([]any); ok {
		var b strings.Builder
		for _, line := range lines {
			s, ok := line.(string)
			if !ok {
				return v
			}
			b.WriteString(s)
		}
		return b.String()
	}
	return v
}

// isJSON reports whether the values of a MIME type are JSON and not text.
func isJSON(mime string) bool {
	return mime == "application/json" || strings.HasPrefix(mime, "application/") && strings.HasSuffix(mime, "+json")
}

// taker takes named fields out of an object; the first error stays.
type taker struct {
	fields map[string]json.RawMessage
	err    error
}

// rest returns the fields that were not taken, nil if there are none.
func (p *taker) rest() map[string]json.RawMessage {
	if len(p.fields) == 0 {
		return nil
	}
	return p.fields
}

// value decodes a field that may be missing, with numbers as written.
func (p *taker) value(name string, to any) {
	raw, ok := p.fields[name]
	delete(p.fields, name)
	if !ok || p.err != nil {
		return
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(to) != nil {
		p.err = fmt.Errorf("%s is %s, want %s", name, shorten(string(raw), 40), kind(to))
	}
}

func kind(to any) string {
	switch to.(type) {
	case *map[string]any:
		return "an object"
	case **int:
		return "a whole number"
	default:
		return "a list"
	}
}

func (p *taker) object(name string) map[string]any {
	var m map[string]any
	p.value(name, &m)
	return m
}

// integer returns a whole number; missing is what a missing field gives, null gives 0.
func (p *taker) integer(name string, missing int) int {
	if _, ok := p.fields[name]; !ok {
		return missing
	}
	var n *int
	p.value(name, &n)
	if n == nil {
		return 0
	}
	return *n
}

// text returns a string or a list of strings, joined.
func (p *taker) text(name string, must bool) string {
	raw, ok := p.fields[name]
	delete(p.fields, name)
	if !ok {
		if must && p.err == nil {
			p.err = fmt.Errorf("no field %q", name)
		}
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var lines []string
	if json.Unmarshal(raw, &lines) == nil {
		return strings.Join(lines, "")
	}
	if p.err == nil {
		p.err = fmt.Errorf("%s is %s, want a string or a list of strings", name, shorten(string(raw), 40))
	}
	return ""
}

// shorten cuts a text after n runes.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
