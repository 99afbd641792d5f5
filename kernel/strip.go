package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"bellwether/kernel/ipynb"
)

func init() { verbs = append(verbs, stripCommand) }

func stripCommand() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "strip NOTEBOOK...",
		Short: "Remove the outputs of notebooks, as they are committed",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			left := 0
			for _, path := range args {
				changed, err := strip(path, check)
				if err != nil {
					return err
				}
				if changed && check {
					left++
					fmt.Fprintln(cmd.OutOrStdout(), path)
				}
			}
			if left > 0 {
				return fmt.Errorf("%d of %d notebooks have outputs or are not written as Jupyter writes them; mend with `go run ./kernel strip`", left, len(args))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing; list the notebooks that would change and exit with status 1")
	return cmd
}

// strip strips one notebook and reports whether that changes the file.
func strip(path string, check bool) (bool, error) {
	old, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	nb, err := ipynb.Read(bytes.NewReader(old))
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	nb.Strip()
	var b bytes.Buffer
	if err := nb.Write(&b); err != nil {
		return false, err
	}
	if bytes.Equal(old, b.Bytes()) || check {
		return !bytes.Equal(old, b.Bytes()), nil
	}
	return true, ipynb.WriteFile(path, nb)
}
