package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	const in = `{"Action":"output","Package":"bellwether/a","Test":"TestGood","Output":"noise\n"}
{"Action":"pass","Package":"bellwether/a","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"bellwether/a","Test":"TestNo","Output":"=== RUN   TestNo\n"}
{"Action":"output","Package":"bellwether/a","Test":"TestNo","Output":"    a_test.go:7: no gold: none here\n"}
{"Action":"skip","Package":"bellwether/a","Test":"TestNo"}
{"Action":"pass","Package":"bellwether/a","Elapsed":1}
{"Action":"output","Package":"bellwether/b","Test":"TestBad","Output":"    b_test.go:1: broken\n"}
{"Action":"fail","Package":"bellwether/b","Test":"TestBad"}
{"Action":"fail","Package":"bellwether/b","Elapsed":2}
{"Action":"build-output","ImportPath":"bellwether/c","Output":"c.go:1:1: no\n"}
{"Action":"output","Package":"bellwether/c","Output":"FAIL\tbellwether/c [build failed]\n"}
{"Action":"fail","Package":"bellwether/c"}
not JSON
`
	var out strings.Builder
	s := &summary{out: &out, output: map[key][]string{}}
	if err := s.read(strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	skipped := filepath.Join(t.TempDir(), "skipped")
	if err := s.finish(skipped, ""); err != nil {
		t.Fatal(err)
	}
	if s.passed != 1 || s.failed != 2 || s.skips != 1 {
		t.Errorf("%d passed, %d failed, %d skipped; want 1, 2, 1", s.passed, s.failed, s.skips)
	}
	for _, want := range []string{"b_test.go:1: broken", "c.go:1:1: no", "ok    bellwether/a", "FAIL  bellwether/b", "FAIL  bellwether/c", "not JSON"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not shown: %s", want)
		}
	}
	if strings.Contains(out.String(), "noise") {
		t.Error("what a good test says is shown")
	}
	if list, err := os.ReadFile(skipped); err != nil || string(list) != "a TestNo: no gold: none here\n" {
		t.Errorf("skipped: %q, %v", list, err)
	}
}
