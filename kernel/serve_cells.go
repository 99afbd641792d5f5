package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"bellwether/kernel/serve"
	"bellwether/lib/model/family"
	"bellwether/lib/model/local"
)

// serveCells serves the weights of this machine to the cells of a kernel that
// this process is about to start, until ctx ends: a cell is a process, and
// would load large weights anew each time. Nothing is loaded before a cell asks
// for it. Cells find the address and token in their environment.
func serveCells(ctx context.Context, say func(string)) error {
	if os.Getenv(family.ServeEnv) != "" {
		return nil // somebody serves already
	}
	token := serve.NewToken()
	s, err := serve.New(serve.Options{
		Open:      func(dir string) (serve.Model, error) { return local.Open(dir) },
		AnyFolder: true, Token: token, Log: say,
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("large models will be loaded by every cell anew: %w", err)
	}
	for name, value := range map[string]string{family.ServeEnv: "http://" + l.Addr().String(), family.TokenEnv: token} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	go func() {
		if err := s.Serve(ctx, l); err != nil {
			say(err.Error())
		}
	}()
	return nil
}
