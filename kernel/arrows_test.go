package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// An arrow says what the packages at or below a folder may import besides the
// standard library, lib/data and their own sub-packages; the longest folder
// that fits a package is its own.
type arrow struct {
	from string
	to   []string // folders of this module, or modules; all below them is meant
}

// arrows are those of the design: a pipeline of leaf packages in which data
// goes one way. A package that stands nowhere here fails the test: whoever
// adds one decides what it may know.
var arrows = []arrow{
	{"lib/data", nil},
	{"lib/metric", []string{"gonum.org/v1/gonum"}},
	{"lib/trend", []string{"gonum.org/v1/gonum"}},
	{"lib/chart", []string{
		"gonum.org/v1/gonum", "gonum.org/v1/plot", "github.com/go-echarts/go-echarts/v2",
		"golang.org/x/image", "codeberg.org/go-fonts", // the types and fonts of gonum/plot's interface
	}},
	{"lib/chart/browser", []string{"github.com/chromedp/chromedp", "github.com/chromedp/cdproto"}}, // for tests
	{"lib/task", nil},
	{"lib/task/harness", []string{"lib/task", "github.com/goccy/go-yaml"}},
	{"lib/task/harness/jinja", []string{"golang.org/x/text"}},
	{"lib/gemm", []string{"gonum.org/v1/gonum", "golang.org/x/sys"}},
	{"lib/model", nil},
	{"lib/model/modeltest", []string{"lib/model", "github.com/google/go-cmp"}},
	// The file that names the models of a family is YAML.
	{"lib/model/family", []string{"lib/model", "github.com/goccy/go-yaml"}},
	{"lib/model/facts", []string{"lib/model"}},
	{"lib/model/local", []string{"lib/model", "lib/gemm", "gonum.org/v1/gonum", "golang.org/x/text", "golang.org/x/sys"}},
	{"lib/model/openai", []string{"lib/model"}},
	{"lib/model/replay", []string{"lib/model", "lib/record"}},
	// The header of a run log names a model by model.Identity.
	{"lib/record", []string{"lib/model", "github.com/klauspost/compress"}},
	{"lib/eval", []string{"lib/task", "lib/model", "lib/record"}},
	{"lib/study", []string{"lib/task", "lib/model", "lib/record", "lib/metric", "lib/trend"}},
	{"lib/results", []string{"lib/task", "lib/model", "lib/record", "lib/metric", "github.com/klauspost/compress"}},
	{"lib/results/parquet", []string{"lib/results", "github.com/parquet-go/parquet-go"}},
	{"lib/organism", []string{"lib/task", "lib/model", "lib/gemm", "gonum.org/v1/gonum"}},
	{"lib/show", []string{"lib/chart", "lib/study", "lib/trend", "github.com/janpfeifer/gonb/gonbui"}},
	{"lib/card", []string{"lib/chart", "lib/metric", "lib/record", "lib/show", "lib/study", "lib/task", "lib/trend"}},
	{"kernel", []string{
		"lib", "github.com/spf13/cobra", "github.com/go-zeromq/zmq4", "github.com/yuin/goldmark", "github.com/gofrs/flock",
		"github.com/klauspost/compress",
	}},
}

// Packages that few may import, whatever the arrows say.
var reserved = map[string][]string{
	"net/http":                          {"lib/model/openai", "kernel/serve"},
	"github.com/janpfeifer/gonb/gonbui": {"lib/show"},
}

func TestArrows(t *testing.T) {
	if testing.Short() {
		t.Skip("lists every package")
	}
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "bellwether/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; packages++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, fault := range checkImports(strings.TrimPrefix(p.ImportPath, "bellwether/"), p.Imports) {
			t.Error(fault)
		}
	}
	if packages < 10 {
		t.Errorf("only %d packages were listed", packages)
	}
}

// checkImports returns what a package imports but must not.
func checkImports(pkg string, imports []string) []string {
	var own *arrow
	for i, a := range arrows {
		if within(pkg, a.from) && (own == nil || len(a.from) > len(own.from)) {
			own = &arrows[i]
		}
	}
	if own == nil {
		return []string{pkg + " has no arrow in arrows_test.go: say there what it may import"}
	}
	var faults []string
	for _, path := range imports {
		path = strings.TrimPrefix(path, "bellwether/")
		for name, users := range reserved {
			if within(path, name) && !slices.ContainsFunc(users, func(u string) bool { return within(pkg, u) }) {
				faults = append(faults, pkg+" imports "+path+", which only "+strings.Join(users, " and ")+" may")
			}
		}
		local := within(path, "lib") || within(path, "kernel")
		standard := !local && !strings.Contains(strings.SplitN(path, "/", 2)[0], ".")
		if standard || path == "lib/data" || within(path, own.from) {
			continue
		}
		if !slices.ContainsFunc(own.to, func(to string) bool { return within(path, to) }) {
			faults = append(faults, pkg+" imports "+path+": no arrow leads there")
		}
	}
	return faults
}

// within reports whether a package is at or below a folder.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// The test itself must notice what it is there for.
func TestCheckImports(t *testing.T) {
	for _, tt := range []struct {
		pkg, imports string
		faults       int
	}{
		{"lib/trend", "gonum.org/v1/gonum/optimize", 0},
		{"lib/trend", "bellwether/lib/record", 1},
		{"lib/metric", "bellwether/kernel/ipynb", 1},
		{"lib/model/local", "bellwether/lib/model", 0},
		{"lib/model/local", "net/http", 1},
		{"lib/model/openai", "net/http", 0},
		{"lib/chart", "github.com/janpfeifer/gonb/gonbui/protocol", 2},
		{"lib/new", "fmt", 1},
	} {
		if got := checkImports(tt.pkg, []string{tt.imports}); len(got) != tt.faults {
			t.Errorf("%s importing %s: faults %q, want %d", tt.pkg, tt.imports, got, tt.faults)
		}
	}
}
