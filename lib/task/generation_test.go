package task_test

import (
	"testing"

	"bellwether/lib/task"
)

func TestExact(t *testing.T) {
	big := task.Task{Format: task.BigBench, OutputRegex: `[^\.\?\!\;\n]+`}
	stop := task.Task{Format: task.BigBench, Stop: "\n"}
	own := task.Task{Format: task.JSONL, Stop: "."}
	group := task.Task{Format: task.JSONL, OutputRegex: `answer is (\d+)`}
	it := &task.Item{Targets: []string{"42", "forty-two"}}
	for _, tt := range []struct {
		name   string
		task   task.Task
		output string
		want   bool
	}{
		{"first sentence", big, "42. And more", true},
		{"second target", big, "forty-two!", true},
		{"no white space is cut", big, " 42", false},
		{"the stop string stays", stop, "42\nmore", false},
		{"stop", own, " 42. More.", true},
		{"group", group, "so the answer is 42, I think", true},
		{"no match", group, "42", false},
	} {
		if got, err := tt.task.Exact(it, tt.output); got != tt.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	// An item that says only by scores what is right.
	if got, err := stop.Exact(&task.Item{Choices: []string{"x", "y"}, Gold: []int{1}}, "y"); !got || err != nil {
		t.Errorf("the right choice: %v, %v", got, err)
	}
	bad := task.Task{OutputRegex: "(?<=x)y"}
	if _, err := bad.Exact(it, "xy"); err == nil {
		t.Error("a lookbehind is no error")
	}
}
