// Package ipynb reads, checks, writes and strips Jupyter notebooks (nbformat 4)
// and makes a self-contained HTML page of one.
//
// Format: https://nbformat.readthedocs.io/en/latest/format_description.html.
// Fields that the format does not name are kept. What is written looks as
// Jupyter writes it (sorted keys, one space of indentation, text as a list of
// lines), so that a notebook saved by either differs only where it changed.
package ipynb

import (
	"encoding/json"
	"slices"
	"strings"
)

// Notebook is a notebook of nbformat 4.
type Notebook struct {
	Cells    []Cell
	Metadata map[string]any // kernelspec, language_info and whatever else
	Minor    int            // nbformat_minor; from 5 on cells have an id

	extra map[string]json.RawMessage
}

// CellType is what a cell holds: "code", "markdown" or "raw".
type CellType string

// The types of a cell.
const (
	Code     CellType = "code"
	Markdown CellType = "markdown"
	Raw      CellType = "raw"
)

// Cell is one cell.
type Cell struct {
	ID       string // empty before nbformat 4.5
	Type     CellType
	Source   string
	Metadata map[string]any
	// Count is the execution count of a code cell, 0 if it was not executed.
	Count   int
	Outputs []Output // of a code cell

	extra map[string]json.RawMessage
}

// OutputType is what an output is: "stream", "display_data", "execute_result" or "error".
type OutputType string

// The types of an output.
const (
	Stream        OutputType = "stream"
	DisplayData   OutputType = "display_data"
	ExecuteResult OutputType = "execute_result"
	Error         OutputType = "error"
)

// Output is one output of a code cell. Which fields count depends on its type.
type Output struct {
	Type OutputType

	Name string // of a stream: "stdout" or "stderr"
	Text string // of a stream

	Data     map[string]any // of a display: MIME type → string, or a JSON value for application/json and +json
	Metadata map[string]any // of a display
	Count    int            // of an execute_result

	ErrName   string   // of an error
	ErrValue  string   // of an error
	Traceback []string // of an error: lines, perhaps with ANSI colours

	extra map[string]json.RawMessage
}

// Value returns the text of a display under a MIME type, and whether it has one.
func (o Output) Value(mime string) (string, bool) {
	s, ok := o.Data[mime].(string)
	return s, ok
}

// Append adds an output as front ends do: a stream joins the stream of the
// same name before it.
func Append(outputs []Output, o Output) []Output {
	if n := len(outputs); o.Type == Stream && n > 0 && outputs[n-1].Type == Stream && outputs[n-1].Name == o.Name {
		outputs[n-1].Text += o.Text
		return outputs
	}
	return append(outputs, o)
}

// Strip removes what an execution leaves behind: outputs, execution counts,
// timings, fold and scroll states, and the state of widgets.
func (n *Notebook) Strip() {
	for i := range n.Cells {
		c := &n.Cells[i]
		c.Outputs, c.Count = nil, 0
		for _, key := range []string{"execution", "ExecuteTime", "collapsed", "scrolled"} {
			delete(c.Metadata, key)
		}
	}
	delete(n.Metadata, "widgets")
}

// Title returns the text of the first top heading of the notebook's markdown,
// without its "#", or "" if there is none.
func (n *Notebook) Title() string {
	for _, c := range n.Cells {
		if c.Type != Markdown {
			continue
		}
		fenced := false
		for line := range strings.Lines(c.Source) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
			}
			if after, ok := strings.CutPrefix(line, "# "); ok && !fenced {
				return strings.TrimSpace(strings.Trim(after, "# "))
			}
		}
	}
	return ""
}

// CodeCells returns the indices of the code cells that hold code.
func (n *Notebook) CodeCells() []int {
	var is []int
	for i, c := range n.Cells {
		if c.Type == Code && strings.TrimSpace(c.Source) != "" {
			is = append(is, i)
		}
	}
	return is
}

// Clone returns a notebook whose cells can be changed without touching n's.
func (n *Notebook) Clone() *Notebook {
	c := *n
	c.Cells = slices.Clone(n.Cells)
	for i := range c.Cells {
		c.Cells[i].Outputs = slices.Clone(c.Cells[i].Outputs)
	}
	return &c
}
