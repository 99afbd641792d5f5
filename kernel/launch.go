package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"bellwether/kernel/gonb"
	"bellwether/kernel/jupyter"
)

func init() { verbs = append(verbs, launchCommand) }

// launchCommand is what the kernelspec runs.
func launchCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "launch CONNECTION_FILE",
		Short:  "Be the kernel that Jupyter has started",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(_ *cobra.Command, args []string) error { return launch(args[0]) },
	}
}

// launch runs GoNB until Jupyter shuts it down, sends SIGTERM, or is gone
// itself, however that happened.
func launch(connectionFile string) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	parent := os.Getppid()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)

	repo, err := gonb.Repo()
	if err != nil {
		return err
	}
	say := func(line string) { fmt.Fprintln(os.Stderr, "bellwether:", line) }
	builder := gonb.Builder{Repo: repo, Progress: say}
	tools, err := builder.Build(ctx)
	if err != nil {
		return err
	}
	if err := serveCells(ctx, say); err != nil {
		say(err.Error())
	}
	session, err := gonb.Start(gonb.Settings{Repo: repo, Tools: tools, ConnectionFile: connectionFile, Editor: true})
	if err != nil {
		return err
	}
	var client *jupyter.Client
	connected := make(chan *jupyter.Client, 1)
	go func() {
		c, err := session.Connect(ctx, repo)
		if err != nil && ctx.Err() == nil {
			say(err.Error()) // cells run all the same, with imports of their own
		}
		connected <- c
		if err := builder.Warm(ctx, tools); err != nil && ctx.Err() == nil {
			say(err.Error())
		}
	}()
	watch := time.NewTicker(time.Second)
	defer watch.Stop()
	for {
		select {
		case <-session.Done():
			session.Stop(nil)
			return nil
		case client = <-connected:
			connected = nil
			if client != nil { // its work is done
				client.Close()
			}
		case <-watch.C:
			if os.Getppid() != parent {
				session.Stop(nil)
				return nil
			}
		case s := <-signals:
			if s == os.Interrupt { // for the cell, not for the kernel
				session.Interrupt()
				continue
			}
			session.Stop(nil)
			return nil
		}
	}
}
