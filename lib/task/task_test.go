package task_test

import (
	"fmt"
	"strings"

	"bellwether/lib/task"
)

// Our own format is JSON Lines: a head, then an item a line.
func Example() {
	t, err := task.Parse("sums.jsonl", strings.NewReader(`{"task":"sums","type":"classification","licence":"CC0"}
{"id":"a","prompt":"2+2=","choices":["4.","5."],"gold":0}
{"id":"b","prompt":"2+3=","choices":["4.","5."],"gold":1}
{"id":"c","prompt":"2+4=","choices":["6.","5."],"gold":2}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %d items, chance %.2f\n", t.Name, len(t.Items), t.Chance())
	fmt.Println(t.Problems[0])
	fmt.Printf("%q\n", t.Prompt(&t.Items[0], 1, 1))
	// Output:
	// sums: 2 items, chance 0.50
	// line 4: gold 2 is not one of 2 choices [gold]
	// "2+3=5.\n\n2+2="
}
