package gonb

import (
	"path/filepath"
	"strings"
)

// preludePackages are what a cell can use without importing it. Only those
// that have Go files are imported.
var preludePackages = []string{
	"lib/chart", "lib/data", "lib/eval", "lib/metric", "lib/model", "lib/model/family", "lib/model/local",
	"lib/model/openai",
	"lib/organism", "lib/record", "lib/results", "lib/show", "lib/study", "lib/task", "lib/trend",
}

// preludeCode is the rest of the prelude. Every cell compiles it anew, so it
// is short and needs only packages that any cell links anyway.
//
// must and check write the error in one line and, in a second one, the code
// that failed: main.go is the program that GoNB made of the cell, and is still
// there while it runs.
const preludeCode = `
// must returns v, or stops the cell and says why.
func must[T any](v T, err error) T {
	check(err)
	return v
}

// check stops the cell if there is an error and says which.
func check(err error) {
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "error: %s\n", strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
	for skip := 1; skip < 4; skip++ {
		pc, file, line, ok := runtime.Caller(skip)
		if !ok || strings.HasPrefix(runtime.FuncForPC(pc).Name(), "main.must[") {
			continue
		}
		if code, err := os.ReadFile(file); err == nil {
			if lines := strings.Split(string(code), "\n"); line <= len(lines) {
				fmt.Fprintf(os.Stderr, "   at: %s\n", strings.TrimSpace(lines[line-1]))
			}
		}
		break
	}
	os.Exit(1)
}
`

// Packages returns the import paths of the prelude's own packages in a clone.
func Packages(repo string) []string {
	var paths []string
	for _, p := range preludePackages {
		if hasGo(filepath.Join(repo, filepath.FromSlash(p))) {
			paths = append(paths, "bellwether/"+p)
		}
	}
	return paths
}

// Prelude returns the cell that a kernel executes before the user's first one.
// It stops GoNB's `go get` before every cell, which would need a network, and
// makes the common packages known without an import. GoNB drops those that a
// cell does not use, so they cost nothing there. It also defines must and
// check, which stop a cell with a readable error:
//
//	myths := must(task.Load("tiny/myth"))
func Prelude(repo string) string {
	var b strings.Builder
	b.WriteString("%noautoget\nimport (\n")
	for _, p := range append([]string{"fmt", "math", "os", "runtime", "strings"}, Packages(repo)...) {
		b.WriteString("\t\"" + p + "\"\n")
	}
	b.WriteString(")\n" + preludeCode)
	return b.String()
}
