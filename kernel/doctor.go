package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"bellwether/kernel/checkup"
)

func init() { verbs = append(verbs, doctorCommand) }

func doctorCommand() *cobra.Command {
	var asJSON bool
	var server serverFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check every piece that notebooks need, and say what mends what is wrong",
		Long: `Check Go, git, GoNB and its helpers, a cell, the kernelspec, Jupyter, the models
and the disk. What is wrong comes with the command that mends it, and the exit
status is then 1; a note is something that most can do without.

With --server a model server is probed instead, by every way of getting
log-probabilities of given text that servers of its kind have.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if server.URL != "" {
				return server.run(cmd, asJSON)
			}
			findings := checkup.All(cmd.Context())
			if asJSON {
				e := json.NewEncoder(os.Stdout)
				e.SetIndent("", "  ")
				e.SetEscapeHTML(false)
				if err := e.Encode(findings); err != nil {
					return err
				}
			} else {
				printFindings(findings)
			}
			for _, f := range findings {
				if f.Status == checkup.Wrong {
					return errReported
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	server.add(cmd)
	return cmd
}

func printFindings(findings []checkup.Finding) {
	term := newTerminal(os.Stdout)
	color := map[checkup.Status]string{checkup.OK: "32", checkup.Note: "33", checkup.Wrong: "31;1"}
	wrong := 0
	for _, f := range findings {
		term.note(fmt.Sprintf("%s  %-10s %s", term.style(color[f.Status], fmt.Sprintf("%-5s", f.Status)), f.Piece, f.Says))
		if f.Mend != "" && f.Status != checkup.OK {
			term.note("                  → " + f.Mend)
		}
		if f.Status == checkup.Wrong {
			wrong++
		}
	}
	if wrong == 0 {
		term.note("nothing is wrong")
		return
	}
	term.note(fmt.Sprintf("%d of %d pieces are wrong", wrong, len(findings)))
}
