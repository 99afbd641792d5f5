package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// train trains what is asked for, measures it, and names what it cannot find.
func TestTrainCommand(t *testing.T) {
	folder := t.TempDir()
	execute := func(arguments ...string) (string, string, error) {
		var out, progress bytes.Buffer
		c := trainCommand()
		c.SetArgs(append(arguments, "--out", folder))
		c.SetOut(&out)
		c.SetErr(&progress)
		c.SilenceUsage, c.SilenceErrors = true, true
		err := c.ExecuteContext(t.Context())
		return out.String(), progress.String(), err
	}
	out, progress, err := execute("--sizes", "3k", "--seed", "1,2", "--steps", "2")
	if err != nil || out != filepath.Join(folder, "family.json")+"\n" || strings.Count(progress, "step    2 of 2") != 2 {
		t.Fatalf("train: %q, %q, %v", out, progress, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "tiny-3k-s2", "model.safetensors")); err != nil {
		t.Error(err)
	}
	if out, _, err = execute("--evaluate"); err != nil || !strings.Contains(out, "| tiny-3k-s1 |") {
		t.Errorf("train --evaluate: %q, %v", out, err)
	}
	if _, _, err = execute("--sizes", "7b"); err == nil || !strings.HasPrefix(err.Error(), `--sizes: no size "7b": want some of 3k,5k,9k,`) {
		t.Errorf("train --sizes 7b: %v", err)
	}
	if _, _, err = execute("--seed", "x"); err == nil || err.Error() != `--seed "x": want numbers such as 1,2,3` {
		t.Errorf("train --seed x: %v", err)
	}
}
