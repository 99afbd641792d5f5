package echarts

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

func unpack(t *testing.T) []byte {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	code, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// The checksum is the one that build.js wrote: nobody has edited the build by hand.
func TestBuildIsWhatWasChecked(t *testing.T) {
	code := unpack(t)
	if got := fmt.Sprintf("%x  echarts.js\n", sha256.Sum256(code)); got != checksum {
		t.Errorf("echarts.js.gz holds %s, echarts.js.sha256 says %s; run go generate ./lib/chart/echarts", got, checksum)
	}
	if bytes.Contains(bytes.ToLower(code), []byte("</script")) {
		t.Error("the build holds </script, which ends the element it stands in")
	}
}

// The version is the one of package.json, package-lock.json and the build.
func TestVersion(t *testing.T) {
	var pkg struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	var lock struct {
		Packages map[string]struct {
			Version string `json:"version"`
		} `json:"packages"`
	}
	read(t, "package.json", &pkg)
	read(t, "package-lock.json", &lock)
	if v := pkg.Dependencies["echarts"]; v != Version {
		t.Errorf("package.json pins echarts %s, Version is %s", v, Version)
	}
	if v := lock.Packages["node_modules/echarts"].Version; v != Version {
		t.Errorf("package-lock.json pins echarts %s, Version is %s", v, Version)
	}
	if !bytes.Contains(unpack(t), []byte(Version)) {
		t.Errorf("the build does not hold %q", Version)
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestScriptIsOneElement(t *testing.T) {
	s := Script()
	if strings.Count(s, "</script>") != 1 || !strings.HasPrefix(s, "<script>") || !strings.HasSuffix(s, "</script>") {
		t.Error("Script is not exactly one element")
	}
	for _, remote := range []string{"http://", "https://", "//cdn"} {
		if strings.Contains(s, remote) {
			t.Errorf("Script names %s", remote)
		}
	}
	t.Logf("%d bytes", len(s))
}

func ExampleScript() {
	s := Script()
	fmt.Println(len(s) < 350_000, strings.Contains(s, "http"))
	// Output:
	// true false
}
