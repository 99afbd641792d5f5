package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/spf13/cobra"

	"bellwether/kernel/checkup"
	"bellwether/kernel/gonb"
)

func init() { verbs = append(verbs, labCommand) }

func labCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "lab [-- JUPYTER_OPTION...]",
		Short:   "Install the kernel and open the notebooks in Jupyter Lab, else in Notebook",
		Example: "  go run ./kernel lab\n  go run ./kernel lab -- --no-browser --port 8899",
		RunE: func(cmd *cobra.Command, args []string) error {
			path, name := checkup.Jupyter()
			if path == "" {
				fmt.Fprintf(os.Stderr, "No Jupyter on this machine. Get one with %s, then do this again.\n", checkup.GetJupyter)
				fmt.Fprintln(os.Stderr, "Without one, `go run ./kernel run NOTEBOOK` executes a notebook and writes a page to look at.")
				return errReported
			}
			if _, err := install(cmd.Context(), "", true); err != nil {
				return err
			}
			repo, err := gonb.Repo()
			if err != nil {
				return err
			}
			return openJupyter(path, name, filepath.Join(repo, "notebooks"), args)
		},
	}
}

// openJupyter runs Jupyter until its user ends it. Ctrl-C is for Jupyter, which asks back.
func openJupyter(path, name, dir string, options []string) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	if os.Geteuid() == 0 {
		options = append([]string{"--allow-root"}, options...) // it refuses otherwise
	}
	fmt.Printf("opening %s in %s\n", dir, name)
	cmd := exec.Command(path, append(options, dir)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return errReported // it has said why
	}
	return err
}
