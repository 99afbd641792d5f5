package gonb_test

import (
	"context"
	"testing"
	"time"

	"bellwether/kernel/gonb"
	"bellwether/kernel/jupyter"
)

func TestSession(t *testing.T) {
	repo, err := gonb.Repo()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	lap := func(what string) { t.Logf("%6.2f s %s", time.Since(start).Seconds(), what) }
	tools, err := gonb.Builder{Repo: repo, Progress: lap}.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lap("built")
	s, err := gonb.Start(gonb.Settings{Repo: repo, Tools: tools, Dir: t.TempDir(), PlainErrors: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop(nil)
	lap("started")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := s.Connect(ctx, repo)
	if err != nil {
		t.Fatal(err)
	}
	lap("prelude")
	info, err := c.Ready(ctx)
	lap("ready")
	t.Log(info, err)
	for _, code := range []string{
		"%%\nfmt.Println(1+1)", "%%\nfmt.Println(math.Pi)", "var x = 3", "%%\nfmt.Println(x, data.Env)",
		"%%\nfmt.Println(must(os.ReadFile(\"/nowhere\")))",
		"%%\n\nfmt.Println(y)", "%%\npanic(\"x\")",
	} {
		r, err := c.Execute(ctx, jupyter.Execution{Code: code})
		lap(code)
		t.Logf("%+v %v", r, err)
	}
	s.Stop(c)
	lap("stopped")
}
