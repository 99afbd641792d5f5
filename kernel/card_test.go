package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/eval"
	"bellwether/lib/model"
	"bellwether/lib/model/local"
	"bellwether/lib/task"
)

// The card of a shipped task over some shipped models: its page holds its
// figures, and a second card is made of the logs alone.
func TestCard(t *testing.T) {
	family, err := local.Family("tiny")
	if err != nil {
		t.Fatal(err)
	}
	var some []model.Scorer
	for _, m := range family {
		if id := m.Identity(); id.Seed == 1 && id.Parameters < 60_000 {
			some = append(some, m)
		}
	}
	myth, err := task.Load("tiny/myth")
	if err != nil {
		t.Fatal(err)
	}
	records, out := t.TempDir(), t.TempDir()
	if _, err := (eval.Options{Records: records}).Run(t.Context(), myth, some); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	c := cardCommand()
	c.SetOut(&said)
	c.SetArgs([]string{"tiny/myth", "--from", records, "-o", out})
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "logodds: inverse") {
		t.Errorf("it says %q, want the verdict inverse", said.String())
	}
	for name, want := range map[string][]string{
		"myth.md":   {"## Criteria", "](myth-logodds.svg)", "- **Reproducibility.**"},
		"myth.html": {"data:image/svg+xml;base64,", "<h2", "inverse"},
	} {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !bytes.Contains(b, []byte(w)) {
				t.Errorf("%s lacks %q", name, w)
			}
		}
	}
	// The same logs leave as a table and come back, and are a series to test forecasts on.
	table := filepath.Join(out, "logs.csv")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"export", records, "--out", table}, ""},
		{[]string{"import", table}, "tiny-"},
		{[]string{"backtest", "--repeats", "0", records}, "| loss | next model |"},
	} {
		said.Reset()
		c = rootCommand()
		c.SetOut(&said)
		c.SetArgs(tt.args)
		if err := c.ExecuteContext(t.Context()); err != nil || !strings.Contains(said.String(), tt.want) {
			t.Errorf("%v: %v\n%s", tt.args, err, said.String())
		}
	}
	c = cardCommand()
	c.SetArgs([]string{"tiny/add", "--from", records, "-o", out})
	c.SilenceErrors, c.SilenceUsage = true, true
	if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "no run log") {
		t.Errorf("a task without logs: error %v", err)
	}
}

// Every result folder of the prize becomes a card: import, then card.
func TestCardOfPrize(t *testing.T) {
	goldens := os.Getenv("BELLWETHER_GOLDENS")
	if goldens == "" {
		t.Skip("BELLWETHER_GOLDENS is not set")
	}
	folders, err := filepath.Glob(filepath.Join(goldens, "isp_pipeline", "dev", "*", "data.csv"))
	if err != nil || len(folders) < 30 {
		t.Fatal(folders, err)
	}
	for _, data := range folders {
		t.Run(filepath.Base(filepath.Dir(data)), func(t *testing.T) {
			records := t.TempDir()
			for _, args := range [][]string{
				{"import", filepath.Dir(data), "--records", records},
				{"card", data, "--from", records, "-o", t.TempDir()},
			} {
				c := rootCommand()
				c.SetOut(io.Discard)
				c.SetErr(io.Discard)
				c.SetArgs(args)
				if err := c.ExecuteContext(t.Context()); err != nil {
					t.Fatalf("%v: %v", args, err)
				}
			}
		})
	}
}
