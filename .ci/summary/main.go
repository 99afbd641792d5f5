// Command summary reads the output of `go test -json`, prints a line for every
// package and the whole output of every test that failed, and in the end lists
// what was skipped and why. It exits with status 1 if anything failed.
//
//	go test -json ./... | go run ./.ci/summary [-skipped FILE] [-counts FILE]
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is a line of `go test -json`: go doc test2json.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64 // seconds
}

// key names a test, or with an empty test a package.
type key struct{ pkg, test string }

type summary struct {
	out     io.Writer
	output  map[key][]string
	skipped []string // "package Test: reason"

	passed, failed, skips int
}

func main() {
	skipped := flag.String("skipped", "", "append what was skipped to this file, one a line, instead of printing it")
	counts := flag.String("counts", "", "write the numbers of tests that passed, failed and were skipped to this file")
	flag.Parse()
	s := &summary{out: os.Stdout, output: map[key][]string{}}
	err := s.read(os.Stdin)
	if err == nil {
		err = s.finish(*skipped, *counts)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
	if s.failed > 0 {
		os.Exit(1)
	}
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		var e event
		if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &e) == nil {
			s.add(e)
		} else if strings.TrimSpace(line) != "" {
			fmt.Fprint(s.out, line) // not of a test
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) add(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "output":
		s.output[k] = append(s.output[k], e.Output)
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "pass":
		if e.Test != "" {
			s.passed++
		} else {
			fmt.Fprintf(s.out, "ok    %-40s %6.1f s\n", e.Package, e.Elapsed)
		}
		delete(s.output, k)
	case "skip":
		if e.Test != "" {
			s.skips++
			s.skipped = append(s.skipped, strings.TrimPrefix(e.Package, "bellwether/")+" "+e.Test+": "+reason(s.output[k]))
		}
		delete(s.output, k)
	case "fail":
		if e.Test != "" {
			s.failed++
		} else if len(s.output[k]) > 0 {
			s.failed++ // the package: it did not build, or its tests did not end
		}
		fmt.Fprint(s.out, strings.Join(s.output[k], ""))
		if e.Test == "" {
			fmt.Fprintf(s.out, "FAIL  %-40s %6.1f s\n", e.Package, e.Elapsed)
		}
		delete(s.output, k)
	}
}

// reason finds what a test said when it skipped itself.
func reason(output []string) string {
	for _, line := range output {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if _, said, ok := strings.Cut(line, ".go:"); ok {
			if _, said, ok := strings.Cut(said, ": "); ok {
				return said
			}
		}
	}
	return "it does not say why"
}

func (s *summary) finish(skipped, counts string) error {
	if counts != "" {
		line := fmt.Sprintf("%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skips)
		if err := os.WriteFile(counts, []byte(line), 0o644); err != nil {
			return err
		}
	}
	list := strings.Join(s.skipped, "\n")
	if list != "" {
		list += "\n"
	}
	if skipped == "" {
		_, err := fmt.Fprintf(s.out, "%s%d passed, %d failed, %d skipped\n", list, s.passed, s.failed, s.skips)
		return err
	}
	f, err := os.OpenFile(skipped, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(list); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
