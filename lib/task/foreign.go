package task

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// magics are how files start that hold no text, and what to do with them.
var magics = []struct{ start, what string }{
	{"\x1f\x8b", "the file is compressed (gzip): unpack it first"},
	{"\x28\xb5\x2f\xfd", "the file is compressed (zstd): unpack it first"},
	{"BZh", "the file is compressed (bzip2): unpack it first"},
	{"\xfd7zXZ", "the file is compressed (xz): unpack it first"},
	{"7z\xbc\xaf", "the file is compressed (7z): unpack it first"},
	{"PK\x03\x04", "the file is compressed (zip): unpack it first; an Excel workbook (.xlsx) is to be saved as CSV, a log of Inspect (.eval) is not a task but results, which `go run ./kernel import` reads"},
	{"PAR1", "the file is Parquet, which holds no text: save it as JSON Lines or CSV"},
	{"ARROW1", "the file is Arrow, which holds no text: save it as JSON Lines or CSV"},
	{"\xd0\xcf\x11\xe0", "the file is an old Office document (.xls), which holds no text: save it as CSV"},
	{"\x93NUMPY", "the file is a NumPy array, which holds no text: save the items as JSON Lines or CSV"},
	{"SQLite format 3", "the file is an SQLite database: save the items as JSON Lines or CSV"},
	{"%PDF", "the file is a PDF"},
	{"version https://git-lfs", "the file is a Git LFS pointer, which stands for the file: fetch it with `git lfs pull`"},
	{"<!DOCTYPE", "the file is a web page (HTML), perhaps in place of the file behind it: download the raw file"},
	{"<html", "the file is a web page (HTML), perhaps in place of the file behind it: download the raw file"},
}

// nature says why a file that starts with b is no task in any format; "" where
// that is not known.
func nature(b []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(b, []byte(m.start)) {
			return m.what
		}
	}
	if len(b) > 1 && b[0] == 0x80 && b[1] >= 2 && b[1] <= 5 {
		return fmt.Sprintf("the file is a pickle of Python (protocol %d), which is a program and is not run: save the items as JSON Lines or CSV", b[1])
	}
	at := bytes.IndexByte(b, 0)
	if at < 0 {
		return ""
	}
	// A text of plain letters in UTF-16 has a zero in every second byte.
	var zeros [2]int
	for i, c := range b {
		zeros[i%2] += b2i(c == 0)
	}
	if n := len(b) / 2; len(b) >= 4 && zeros[at%2] > n*2/3 && zeros[1-at%2] < n/10+1 {
		return "the file seems to be in UTF-16 (as Excel's \"Unicode text\"), not in UTF-8: save it as UTF-8"
	}
	return fmt.Sprintf("the file holds no text: byte %d is zero", at)
}

// notTask replaces the error of a file whose format is not known by what kind
// of file it is.
func (s *source) notTask(err error) error {
	if what := nature(s.start()); what != "" {
		return fmt.Errorf("task: %s: %s", s.name, what)
	}
	return err
}

// results says whose results have a first object with these keys, "" where they
// are none.
func (k keys) results() string {
	all := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !k.has(n) })
	}
	switch {
	case all("results", "versions"), all("results", "configs"), all("doc_id", "resps"), all("doc_id", "arguments"), all("doc_id", "doc"):
		return "lm-evaluation-harness"
	case all("scores", "model"), all("score_dict", "number_of_shots"):
		return "BIG-bench"
	case all("eval", "status"), all("eval", "samples"):
		return "Inspect"
	case all("adapter_spec", "request_states"), all("name", "count", "sum"):
		return "HELM"
	case all("schema", "task", "model"):
		return "Bellwether"
	}
	return ""
}

// resultColumns are those of the prize's result files.
var resultColumns = []string{"loss", "correct", "logodds", "logodds_difference", "total_logprob", "estimate"}

func resultsError(name, whose, kind string, found []string) error {
	return fmt.Errorf("task: %s: results (those of %s have such %s: \"%s\"), not a task: `go run ./kernel import` reads them", name, whose, kind, strings.Join(found, `", "`))
}
