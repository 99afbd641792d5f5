package serve_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/kernel/serve"
	"bellwether/lib/model"
	"bellwether/lib/model/family"
	"bellwether/lib/model/openai"

	"github.com/google/go-cmp/cmp"
)

// One family of the same weights in a folder, behind our server, and in the
// launched kernel's server: one identity but for what the file says.
func TestFamily(t *testing.T) {
	dir := folders(t, 1)[0]
	h := start(t, serve.Options{Folders: []string{dir}, Token: "secret"})
	k := start(t, serve.Options{AnyFolder: true, Token: "secret"}) // as the launched kernel's
	t.Setenv("MY_KEY", "secret")
	t.Setenv(family.ServeEnv, k.URL)
	t.Setenv(family.TokenEnv, "secret")
	path := filepath.Join(t.TempDir(), "mine.yaml")
	text := fmt.Sprintf(`
name: mine
key_env: MY_KEY
models:
  - {name: small, folder: %q}
  - {name: small, revision: served, parameters: 14e3, server: %q, id: %s}
  - {name: small, revision: large, folder: %q, parameters: 5e7}
`, dir, h.URL, filepath.Base(dir), dir)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := family.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	models, err := f.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	q := []model.Request{{Context: "the bell", Continuation: " rang"}}
	var first []model.Reply
	for i, m := range models {
		got, err := m.Score(t.Context(), q)
		if err != nil || got[0].Err != nil {
			t.Fatal(err, got[0].Err)
		}
		if i == 0 {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("%s answers otherwise:\n%s", m.Identity().Name, diff)
		}
		id := m.Identity()
		if id.Family != "mine" || !strings.HasPrefix(id.Weights, "sha256:") || id.Server != "local" {
			t.Errorf("identity %+v", id)
		}
	}
	if _, ok := models[0].(model.Generator); !ok {
		t.Error("local weights of a family file cannot write")
	}
	if _, ok := models[2].(*openai.Client); !ok {
		t.Errorf("weights too large for a cell are a %T, want a client of the kernel's server", models[2])
	}
}
