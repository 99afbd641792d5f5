package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"bellwether/kernel/execute"
	"bellwether/kernel/ipynb"
)

func init() { verbs = append(verbs, verifyCommand) }

func verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify NOTEBOOK",
		Short: "Execute an executed notebook again and compare what its cells say",
		Long: `Execute a notebook that has outputs again, in a fresh kernel, and compare what
every cell says in text: numbers must be the same to the last digit. How long
something took is not compared. The notebook is not changed. The exit status is
1 if a cell differs.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return verify(cmd.Context(), args[0]) },
	}
}

func verify(ctx context.Context, path string) error {
	was, err := ipynb.ReadFile(path)
	if err != nil {
		return err
	}
	shown := 0
	for _, i := range was.CodeCells() {
		shown += len(was.Cells[i].Outputs)
	}
	if shown == 0 {
		return fmt.Errorf("%s has no outputs to compare with: execute it first, with `go run ./kernel run %s`", path, path)
	}
	term := newTerminal(os.Stdout)
	is, err := executeNotebook(ctx, path, was, execute.Options{AllowErrors: true, Watch: term}, term)
	if is == nil || ctx.Err() != nil {
		return err
	}
	differences, err := execute.Compare(was, is)
	if err != nil {
		return err
	}
	term.note("")
	for _, d := range differences {
		term.difference(d)
	}
	n := len(was.CodeCells())
	if len(differences) > 0 {
		term.note(fmt.Sprintf("%d of %d cells say something else", len(differences), n))
		return errReported
	}
	term.note(fmt.Sprintf("all %d cells say the same", n))
	return nil
}

// difference prints the lines that differ.
func (t *terminal) difference(d execute.Difference) {
	t.note(t.style("31;1", fmt.Sprintf("cell %d", d.Cell)))
	switch {
	case !d.Executed:
		t.note("  was executed only once")
		return
	case d.Outputs:
		t.note("  shows another number of outputs")
	}
	was, is := strings.Split(d.Was, "\n"), strings.Split(d.Is, "\n")
	for i := range max(len(was), len(is)) {
		if i < len(was) && i < len(is) && was[i] == is[i] {
			continue
		}
		if i < len(was) && was[i] != "" {
			t.note("  was  " + cut(was[i], 3*shownWidth))
		}
		if i < len(is) && is[i] != "" {
			t.note("  is   " + cut(is[i], 3*shownWidth))
		}
	}
}
