package task_test

import (
	"fmt"
	"strings"
	"testing"

	"bellwether/lib/task"
)

func sums(t testing.TB, fewShot string) *task.Task {
	var b strings.Builder
	fmt.Fprintf(&b, "{\"task\":\"sums\",\"licence\":\"CC0\",\"few_shot\":%s}\n", fewShot)
	for i := range 20 {
		fmt.Fprintf(&b, "{\"id\":\"i%d\",\"prompt\":\"Add.\\nQ: %d+1\\nA:\",\"choices\":[\" %d\",\" %d\"],\"gold\":0}\n", i, i, i+1, i+2)
	}
	got, err := task.Parse("sums", strings.NewReader(b.String()))
	if err != nil || len(got.Problems) > 0 {
		t.Fatal(err, got.Problems)
	}
	return got
}

func TestPrompt(t *testing.T) {
	s := sums(t, `{"prefix":"Add.\n","separator":"\n"}`)
	it := &s.Items[3]
	if got := s.Prompt(it, 0, 1); got != it.Prompt {
		t.Errorf("without examples %q, want the item's own prompt", got)
	}
	for k := 1; k < 25; k++ {
		got := s.Prompt(it, k, 1)
		if !strings.HasPrefix(got, "Add.\nQ: ") || !strings.HasSuffix(got, "\nQ: 3+1\nA:") || strings.Count(got, "Add.") != 1 {
			t.Fatalf("%d examples: %q", k, got)
		}
		if n := strings.Count(got, "Q: ") - 1; n != min(k, 19) || strings.Count(got, "Q: 3+1\n") != 1 {
			t.Fatalf("%d examples: %d of them, or the item itself among them: %q", k, n, got)
		}
	}
	one, again, other := s.Prompt(it, 3, 1), s.Prompt(it, 3, 1), s.Prompt(it, 3, 2)
	if one != again || one == other {
		t.Error("the seed does not decide which examples are drawn")
	}
	if a, b := s.Perturb(task.UpperCase(), 1), s.Shots(it, 3, 1); !strings.EqualFold(b, a.Shots(&a.Items[3], 3, 1)) {
		t.Error("a perturbed task draws other examples")
	}
}

func TestPromptFixed(t *testing.T) {
	s := sums(t, `{"separator":"\n","fixed":true,"pool":[{"id":"p","prompt":"Q: 0+0\nA:","choices":[" 0"],"gold":0},{"id":"q","prompt":"Q: 0+2\nA:","targets":" 2"}]}`)
	if got, want := s.Prompt(&s.Items[0], 5, 9), "Q: 0+0\nA: 0\nQ: 0+2\nA: 2\nAdd.\nQ: 0+1\nA:"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
