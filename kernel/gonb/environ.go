package gonb

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// released matches the versions that GOTOOLCHAIN can name.
var released = regexp.MustCompile(`^go1\.\d+(\.\d+|rc\d+)$`)

// environ returns the environment in which cells and programs are built, with
// more folders of programs in its PATH.
func environ(t Tools, more ...string) []string {
	path := append([]string{t.Dir, filepath.Join(t.Go.Root, "bin")}, more...)
	env := map[string]string{
		// No debug symbols: a third of a cell's link time. A user's own flags
		// give way, for -mod=mod for one stops every build in a workspace.
		"GOFLAGS": "-ldflags=-s",
		// GoNB makes a workspace of its own in the folder of the cell's program.
		"GOWORK": "", "GO111MODULE": "",
		"PATH": strings.Join(append(path, os.Getenv("PATH")), string(os.PathListSeparator)),
	}
	if released.MatchString(t.Go.Version) {
		// The folder of a cell's program asks for no version of its own.
		env["GOTOOLCHAIN"] = t.Go.Version
	}
	if os.Getenv("CGO_ENABLED") == "" {
		// Nothing here needs C, and net links faster without it.
		env["CGO_ENABLED"] = "0"
	}
	var list []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if _, ours := env[name]; !ours {
			list = append(list, kv)
		}
	}
	for name, value := range env {
		if value != "" {
			list = append(list, name+"="+value)
		}
	}
	return list
}
