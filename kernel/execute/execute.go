// Package execute runs the cells of a notebook in a kernel and keeps their outputs.
package execute

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bellwether/kernel/gonb"
	"bellwether/kernel/ipynb"
	"bellwether/kernel/jupyter"
)

// Options say how a notebook is run.
type Options struct {
	Repo  string
	Tools gonb.Tools
	// Dir is the working directory of the cells: the notebook's folder, as in Jupyter.
	Dir string
	// Timeout is how long one cell may take; 0 is no limit.
	Timeout time.Duration
	// AllowErrors goes on after a cell that failed.
	AllowErrors bool
	// Watch, if set, is told what happens.
	Watch Watcher
}

// Watcher follows a run, from one goroutine at a time. Cells are numbered from
// 1 among the code cells, as a notebook's prompts number them.
type Watcher interface {
	Start(cell, cells int)
	// Output is called with every output as it comes, of progress bars every state.
	Output(ipynb.Output)
	End(cell, cells int, took time.Duration, outputs []ipynb.Output, failure *CellError)
}

// CellError is the failure of a cell.
type CellError struct {
	Cell, Cells int
	Line        int    // line of the cell's code from 1, 0 if unknown
	Code        string // that line of code, "" if unknown
	Message     string // what went wrong, in one line where the cell said so
	Cause       error  // a timeout, an interrupt or the kernel's end, nil if the code failed
}

// Error says where and why.
func (e *CellError) Error() string {
	s := fmt.Sprintf("cell %d of %d", e.Cell, e.Cells)
	if e.Line > 0 {
		s += fmt.Sprintf(", line %d", e.Line)
	}
	if e.Code != "" {
		s += ": " + e.Code
	}
	return s + ": " + e.Message
}

// Unwrap returns the cause.
func (e *CellError) Unwrap() error { return e.Cause }

// Notebook runs the code cells of a notebook one after another in a fresh
// kernel and returns the executed notebook; nb is not changed. When a cell
// fails, the notebook has the outputs so far and the error is a *[CellError],
// with AllowErrors the first one.
//
// As with nbclient, a cell with the tag "raises-exception" may fail, and one
// with the tag "skip-execution" is not run.
func Notebook(ctx context.Context, nb *ipynb.Notebook, opts Options) (*ipynb.Notebook, error) {
	out := nb.Clone()
	for i := range out.Cells {
		out.Cells[i].Outputs, out.Cells[i].Count = nil, 0
	}
	session, err := gonb.Start(gonb.Settings{Repo: opts.Repo, Tools: opts.Tools, Dir: opts.Dir, PlainErrors: true})
	if err != nil {
		return out, err
	}
	var client *jupyter.Client
	defer func() { session.Stop(client) }()
	starting, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, fmt.Errorf("the kernel did not start within 2 minutes"))
	defer cancel()
	if client, err = session.Connect(starting, opts.Repo); err != nil {
		return out, err
	}
	info, err := client.Ready(starting)
	if err != nil {
		return out, err
	}
	describe(out, info)
	return out, cells(ctx, out, client, opts)
}

// describe says in the notebook which kernel ran it, as Jupyter does.
func describe(nb *ipynb.Notebook, info jupyter.Info) {
	m := map[string]any{}
	for k, v := range nb.Metadata {
		m[k] = v
	}
	m["kernelspec"] = map[string]any{"name": gonb.KernelName, "display_name": gonb.DisplayName, "language": "go"}
	m["language_info"] = info.Language
	nb.Metadata = m
}

func cells(ctx context.Context, nb *ipynb.Notebook, client *jupyter.Client, opts Options) error {
	todo := slices.DeleteFunc(nb.CodeCells(), func(i int) bool { return hasTag(nb.Cells[i], "skip-execution") })
	var first error
	for n, i := range todo {
		failure := cell(ctx, &nb.Cells[i], n+1, len(todo), client, opts)
		if failure == nil {
			continue
		}
		if failure.Cause == nil && hasTag(nb.Cells[i], "raises-exception") {
			continue
		}
		if first == nil {
			first = failure
		}
		if failure.Cause != nil || !opts.AllowErrors {
			break
		}
	}
	return first
}

// cell runs one cell and keeps what it showed.
func cell(ctx context.Context, c *ipynb.Cell, n, of int, client *jupyter.Client, opts Options) *CellError {
	if opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, opts.Timeout, fmt.Errorf("took longer than %v (--timeout)", opts.Timeout))
		defer cancel()
	}
	e := jupyter.Execution{Code: c.Source}
	if opts.Watch != nil {
		e.OnOutput = opts.Watch.Output
		opts.Watch.Start(n, of)
	}
	start := time.Now()
	result, err := client.Execute(ctx, e)
	c.Outputs, c.Count = result.Outputs, result.Count
	var failure *CellError
	switch {
	case err != nil:
		failure = &CellError{Cell: n, Cells: of, Message: err.Error(), Cause: err}
	case result.Failed:
		failure = explain(c.Source, result)
		failure.Cell, failure.Cells = n, of
	}
	if opts.Watch != nil {
		opts.Watch.End(n, of, time.Since(start), c.Outputs, failure)
	}
	return failure
}

func hasTag(c ipynb.Cell, tag string) bool {
	tags, _ := c.Metadata["tags"].([]any)
	return slices.Contains(tags, any(tag))
}
