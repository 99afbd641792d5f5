package task

import "fmt"

// Problem is something found wrong in a task file: a row that was skipped, or a
// finding of Check. It has a code to count by, the line (0: the whole file) and
// a sentence for people.
type Problem struct {
	Code    string `json:"code"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// String gives "line 17: gold 4 is not one of 4 choices [gold]".
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s [%s]", p.Message, p.Code)
	}
	return fmt.Sprintf("line %d: %s [%s]", p.Line, p.Message, p.Code)
}

// SyntaxError is a row that a reader could not use. Readers carry on after one;
// Parse collects them in Task.Problems.
type SyntaxError struct {
	File string
	Problem
}

// Error gives "arc.jsonl:17: gold 4 is not one of 4 choices".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}
