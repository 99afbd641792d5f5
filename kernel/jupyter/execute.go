package jupyter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"bellwether/kernel/ipynb"
)

// Execution is code to execute. Only Code is needed.
type Execution struct {
	Code string
	// Silent code is not counted and not shown to other clients.
	Silent bool
	// OnOutput is called with every output as it comes: streams piece by piece,
	// displays that are updated every time.
	OnOutput func(ipynb.Output)
}

// Result is what an execution gave.
type Result struct {
	Count   int            // execution count
	Outputs []ipynb.Output // as a notebook keeps them: joined streams, updates and clears applied
	Failed  bool           // whether the kernel's reply was an error
	ErrName string
	Err     string // the error's text
}

// interruptWait is how long an interrupted execution may take to end.
const interruptWait = 10 * time.Second

// Execute executes code and waits until the kernel is idle again. The result
// holds what came until then, also with an error. When the context ends,
// Execute interrupts the kernel and returns the context's cause.
func (c *Client) Execute(ctx context.Context, e Execution) (Result, error) {
	c.executing.Lock()
	defer c.executing.Unlock()
	col := &collector{on: e.OnOutput, displays: map[string][]int{}}
	id, r, err := c.send(c.shell, "execute_request", map[string]any{
		"code": e.Code, "silent": e.Silent, "store_history": !e.Silent,
		"user_expressions": map[string]string{}, "allow_stdin": false, "stop_on_error": true,
	}, col.add)
	if err != nil {
		return Result{}, err
	}
	defer c.forget(id)

	m, err := c.wait(ctx, r)
	if err != nil && ctx.Err() != nil && c.done.Err() == nil {
		// Interrupted, the kernel still has something to say: how far it got.
		grace, cancel := context.WithTimeout(context.Background(), interruptWait)
		defer cancel()
		if c.Interrupt(grace) == nil {
			if m, e := c.wait(grace, r); e == nil {
				res := col.result(m)
				return res, err
			}
		}
	}
	if err != nil {
		return col.result(message{}), err
	}
	select {
	case <-r.idle:
	case <-ctx.Done():
		return col.result(m), context.Cause(ctx)
	case <-c.done.Done():
		return col.result(m), context.Cause(c.done)
	}
	return col.result(m), nil
}

// collector turns what is published during an execution into a cell's outputs.
type collector struct {
	on func(ipynb.Output)

	mu       sync.Mutex
	outputs  []ipynb.Output
	displays map[string][]int // display id → indices of outputs
	clear    bool             // clear before the next output
}

// content is the union of the contents of the messages that show something.
type content struct {
	Name           string         `json:"name"`
	Text           string         `json:"text"`
	Data           map[string]any `json:"data"`
	Metadata       map[string]any `json:"metadata"`
	ExecutionCount int            `json:"execution_count"`
	EName          string         `json:"ename"`
	EValue         string         `json:"evalue"`
	Traceback      []string       `json:"traceback"`
	Wait           bool           `json:"wait"`
	Transient      struct {
		DisplayID string `json:"display_id"`
	} `json:"transient"`
}

func (col *collector) add(m message) {
	var c content
	d := json.NewDecoder(bytes.NewReader(m.Content))
	d.UseNumber()
	if d.Decode(&c) != nil {
		return // not one of the messages below
	}
	col.mu.Lock()
	defer col.mu.Unlock()
	o := ipynb.Output{Type: ipynb.OutputType(m.Header.Type)}
	switch m.Header.Type {
	case "stream":
		o.Name, o.Text = c.Name, c.Text
	case "display_data", "execute_result":
		o.Data, o.Metadata, o.Count = c.Data, c.Metadata, c.ExecutionCount
	case "update_display_data":
		for _, i := range col.displays[c.Transient.DisplayID] {
			col.outputs[i].Data, col.outputs[i].Metadata = c.Data, c.Metadata
		}
		if col.on != nil {
			col.on(ipynb.Output{Type: ipynb.DisplayData, Data: c.Data, Metadata: c.Metadata})
		}
		return
	case "clear_output":
		if c.Wait {
			col.clear = true
		} else {
			col.reset()
		}
		return
	case "error":
		o.ErrName, o.ErrValue, o.Traceback = c.EName, c.EValue, c.Traceback
	default:
		return
	}
	if col.clear {
		col.reset()
	}
	col.outputs = ipynb.Append(col.outputs, o)
	if id := c.Transient.DisplayID; id != "" {
		col.displays[id] = append(col.displays[id], len(col.outputs)-1)
	}
	if col.on != nil {
		col.on(o)
	}
}

func (col *collector) reset() {
	col.outputs, col.clear = nil, false
	clear(col.displays)
}

// result adds the reply to what was collected. The zero message is no reply.
func (col *collector) result(reply message) Result {
	col.mu.Lock()
	defer col.mu.Unlock()
	r := Result{Outputs: col.outputs}
	if reply.Content == nil {
		return r
	}
	var c struct {
		Status string `json:"status"`
		content
	}
	if err := json.Unmarshal(reply.Content, &c); err != nil {
		r.Failed, r.Err = true, fmt.Sprintf("the kernel's reply: %v", err)
		return r
	}
	r.Count = c.ExecutionCount
	r.Failed = c.Status != "ok"
	r.ErrName, r.Err = c.EName, strings.TrimSpace(c.EValue)
	return r
}
