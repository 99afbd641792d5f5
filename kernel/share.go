package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"bellwether/kernel/ipynb"
)

func init() { verbs = append(verbs, shareCommand) }

func shareCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "share NOTEBOOK",
		Short: "Make a self-contained HTML page of an executed notebook, as it is",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			nb, err := ipynb.ReadFile(args[0])
			if err != nil {
				return err
			}
			shown := 0
			for _, c := range nb.Cells {
				shown += len(c.Outputs)
			}
			if shown == 0 && len(nb.CodeCells()) > 0 {
				return fmt.Errorf("%s has no outputs: execute it first, with `go run ./kernel run %s`", args[0], args[0])
			}
			if output == "" {
				output = strings.TrimSuffix(args[0], ".ipynb") + ".html"
			}
			if err := ipynb.WriteHTMLFile(output, nb, ipynb.Page{Name: filepath.Base(args[0])}); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), output)
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the page to this file (default NOTEBOOK with .html)")
	return cmd
}
