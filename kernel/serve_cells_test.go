package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"bellwether/lib/data"
	"bellwether/lib/model"
	"bellwether/lib/model/family"
	"bellwether/lib/model/openai"
)

// What a cell gets of weights that are too large for it: a client of the
// kernel's server, which ends with the kernel.
func TestServeCells(t *testing.T) {
	dir, err := data.Path("models", "tiny", "tiny-9k-s1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the tiny family is not there: ", err)
	}
	t.Setenv(family.ServeEnv, "")
	t.Setenv(family.TokenEnv, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := serveCells(ctx, func(string) {}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f.yaml")
	text := fmt.Sprintf("name: f\nmodels: [{name: large, parameters: 1e9, folder: %q}]\n", dir)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	models, err := family.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := models[0].(*openai.Client)
	if !ok || c.Way() != openai.Native {
		t.Fatalf("a %T, want a client of the kernel's server", models[0])
	}
	got, err := c.Score(t.Context(), []model.Request{{Context: "the bell", Continuation: " rang"}})
	if err != nil || got[0].Err != nil || len(got[0].Tokens) != 5 {
		t.Errorf("replies %v, %v", got, err)
	}
	cancel()
	// The probe of a server that has gone fails.
	for range 100 {
		if _, err = family.Of(path); err != nil {
			return
		}
	}
	t.Error("the server goes on after its kernel")
}
