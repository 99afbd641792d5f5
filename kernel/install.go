package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"bellwether/kernel/gonb"
)

func init() { verbs = append(verbs, installCommand) }

func installCommand() *cobra.Command {
	var prefix string
	var user, gopls bool
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the kernel " + gonb.DisplayName + " for Jupyter",
		Long: `Install the kernel "` + gonb.DisplayName + `" for Jupyter: build it with its helpers, and
write a kernelspec where Jupyter looks for the user's kernels (JUPYTER_DATA_DIR
is honoured) or, with --prefix, below PREFIX/share/jupyter. It serves this clone
from any notebook folder. Doing it again brings it up to date.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := install(cmd.Context(), prefix, gopls)
			return err
		},
	}
	cmd.Flags().BoolVar(&user, "user", true, "for the user alone")
	cmd.Flags().BoolVar(&gopls, "gopls", true, "also build gopls (a minute), which completes and explains code in Jupyter")
	cmd.Flags().StringVar(&prefix, "prefix", "", "for all users of an installation: a virtual environment, /usr/local")
	cmd.MarkFlagsMutuallyExclusive("user", "prefix")
	return cmd
}

// install installs the kernel and returns the folder of its kernelspec.
func install(ctx context.Context, prefix string, gopls bool) (string, error) {
	repo, err := gonb.Repo()
	if err != nil {
		return "", err
	}
	term := newTerminal(os.Stdout)
	builder := gonb.Builder{Repo: repo, Editor: gopls, Progress: term.note}
	tools, err := builder.Build(ctx)
	if err != nil {
		return "", err
	}
	if err := builder.Download(ctx, tools); err != nil {
		term.note("warning: " + err.Error() + "; cells that use other modules than the kernel's own will need a network")
	}
	dir, err := gonb.SpecDir(prefix)
	if err != nil {
		return "", err
	}
	if err := gonb.Install(repo, dir, tools); err != nil {
		return "", err
	}
	term.note(fmt.Sprintf("installed the kernel %q: %s", gonb.DisplayName, dir))
	return dir, nil
}
