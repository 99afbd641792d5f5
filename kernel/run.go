package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellwether/kernel/execute"
	"bellwether/kernel/gonb"
	"bellwether/kernel/ipynb"
)

func init() { verbs = append(verbs, runCommand) }

// runFlags are the options of run.
type runFlags struct {
	output, html         string
	seconds              float64
	inplace, allowErrors bool
	noHTML               bool
}

func runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run NOTEBOOK",
		Short: "Execute a notebook; no Jupyter needed",
		Long: `Execute a notebook in a fresh Go kernel, from its own folder, and write the
executed notebook and a self-contained HTML page beside it. The first run on a
machine builds the kernel.

A failing cell stops the run with its number, its line and the error; what was
shown until then is written all the same.`,
		Example: "  go run ./kernel run notebooks/01-sharp-left-turn.ipynb",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNotebook(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "write the executed notebook to this file, or into this folder (default NOTEBOOK.executed.ipynb beside it)")
	cmd.Flags().StringVar(&f.html, "html", "", "write the page to this file (default beside the executed notebook)")
	cmd.Flags().BoolVar(&f.noHTML, "no-html", false, "write no page")
	cmd.Flags().BoolVar(&f.inplace, "inplace", false, "write the outputs into the notebook itself")
	cmd.Flags().Float64Var(&f.seconds, "timeout", 0, "seconds that one cell may take (default no limit)")
	cmd.Flags().BoolVar(&f.allowErrors, "allow-errors", false, "go on after a cell that failed")
	cmd.MarkFlagsMutuallyExclusive("inplace", "output")
	cmd.MarkFlagsMutuallyExclusive("html", "no-html")
	return cmd
}

// paths returns where the executed notebook and its page go; page is "" for none.
func (f runFlags) paths(notebook string) (executed, page string) {
	base := strings.TrimSuffix(filepath.Base(notebook), ".ipynb") + ".executed"
	executed = filepath.Join(filepath.Dir(notebook), base+".ipynb")
	if f.inplace {
		executed = notebook
	}
	if f.output != "" {
		executed = f.output
		if info, err := os.Stat(f.output); err == nil && info.IsDir() || strings.HasSuffix(f.output, string(filepath.Separator)) {
			executed = filepath.Join(f.output, base+".ipynb")
		} else if filepath.Ext(f.output) != ".ipynb" {
			executed += ".ipynb"
		}
		base = strings.TrimSuffix(filepath.Base(executed), ".ipynb")
	}
	page = f.html
	if page == "" {
		page = filepath.Join(filepath.Dir(executed), base+".html")
	}
	if f.noHTML {
		page = ""
	}
	return executed, page
}

func runNotebook(ctx context.Context, path string, f runFlags) error {
	nb, err := ipynb.ReadFile(path)
	if err != nil {
		return err
	}
	if f.seconds < 0 {
		f.seconds = 0 // nbconvert's -1: no limit
	}
	begin := time.Now()
	term := newTerminal(os.Stdout)
	to, page := f.paths(path)
	for _, file := range []string{to, page} {
		if err := writable(file); err != nil {
			return err
		}
	}
	executed, err := executeNotebook(ctx, path, nb, execute.Options{
		Timeout: time.Duration(f.seconds * float64(time.Second)), AllowErrors: f.allowErrors, Watch: term,
	}, term)
	var failure *execute.CellError
	if err != nil && !errors.As(err, &failure) {
		return err // no cell was run: there is nothing to write
	}
	if err := writeExecuted(executed, path, to, page); err != nil {
		return err
	}
	if failure != nil && !f.allowErrors {
		term.failure(failure)
	} else if v := execute.Verdict(executed); v != "" {
		term.verdict(v)
	}
	term.note(fmt.Sprintf("%s in %.1f s", describeRun(failure, f.allowErrors), time.Since(begin).Seconds()))
	term.note("  notebook  " + to)
	if page != "" {
		term.note("  page      " + page)
	}
	if failure != nil && !f.allowErrors {
		return errReported
	}
	return nil
}

// writable reports whether a file can be written, before an hour of work is
// lost to a folder that is read-only. An empty name is not written.
func writable(file string) error {
	if file == "" {
		return nil
	}
	dir := filepath.Dir(file)
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, ".writable-*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w; choose another place with -o", file, err)
	}
	return nil
}

func describeRun(failure *execute.CellError, allowed bool) string {
	switch {
	case failure == nil:
		return "done"
	case allowed:
		return fmt.Sprintf("done, with errors, the first in cell %d,", failure.Cell)
	case errors.Is(failure, context.Canceled):
		return "interrupted; the outputs so far were kept"
	default:
		return "stopped; the outputs so far were kept"
	}
}

// executeNotebook builds the kernel if need be and runs the notebook from its folder.
func executeNotebook(ctx context.Context, path string, nb *ipynb.Notebook, opts execute.Options, term *terminal) (*ipynb.Notebook, error) {
	repo, err := gonb.Repo()
	if err != nil {
		return nil, err
	}
	builder := gonb.Builder{Repo: repo, Progress: term.note}
	if opts.Tools, err = builder.Build(ctx); err != nil {
		return nil, err
	}
	opts.Repo = repo
	if opts.Dir, err = filepath.Abs(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := serveCells(ctx, term.note); err != nil {
		term.note(err.Error())
	}
	return execute.Notebook(ctx, nb, opts)
}

func writeExecuted(nb *ipynb.Notebook, source, to, page string) error {
	for _, p := range []string{to, page} {
		if p != "" {
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				return err
			}
		}
	}
	if err := ipynb.WriteFile(to, nb); err != nil {
		return err
	}
	if page == "" {
		return nil
	}
	return ipynb.WriteHTMLFile(page, nb, ipynb.Page{Name: filepath.Base(source)})
}
