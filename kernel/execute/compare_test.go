package execute

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/kernel/ipynb"
)

func TestCompare(t *testing.T) {
	display := func(s string) ipynb.Output {
		return ipynb.Output{Type: ipynb.DisplayData, Data: map[string]any{"text/plain": s}}
	}
	stream := func(name, s string) ipynb.Output { return ipynb.Output{Type: ipynb.Stream, Name: name, Text: s} }
	book := func(cells ...[]ipynb.Output) *ipynb.Notebook {
		nb := &ipynb.Notebook{}
		for _, outputs := range cells {
			nb.Cells = append(nb.Cells, ipynb.Cell{Type: ipynb.Code, Source: "x", Count: 1, Outputs: outputs})
		}
		return nb
	}
	was := book(
		[]ipynb.Output{display("add: 9600 of 9600 in 12 s"), display("p = 0.015")},
		[]ipynb.Output{stream("stdout", "a\n"), stream("stderr", "b\n"), stream("stdout", "c\n")},
		[]ipynb.Output{display("1.23 nats")},
		[]ipynb.Output{display("x")},
	)
	is := book(
		[]ipynb.Output{display("add: 9600 of 9600, all there already"), display("p = 0.015")},
		[]ipynb.Output{stream("stderr", "b\n"), stream("stdout", "a\nc\n")},
		[]ipynb.Output{display("1.24 nats")},
		[]ipynb.Output{display("x"), display("")},
	)
	got, err := Compare(was, is)
	if err != nil {
		t.Fatal(err)
	}
	want := []Difference{
		{Cell: 3, Was: "1.23 nats\n", Is: "1.24 nats\n", Executed: true},
		{Cell: 4, Was: "x\n", Is: "x\n\n", Outputs: true, Executed: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
	if _, err := Compare(was, book(nil)); err == nil {
		t.Error("two notebooks were compared")
	}
	is.Cells[0].Source = "y"
	if _, err := Compare(was, is); err == nil {
		t.Error("other code was compared")
	}
}
