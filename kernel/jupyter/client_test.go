package jupyter

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bellwether/kernel/ipynb"
)

// fakeKernel answers as a kernel does. What an execution publishes is in code:
// JSON Lines of {"type": ..., "content": ...}.
type fakeKernel struct {
	t      *testing.T
	conn   Connection
	shell  zmq4.Socket
	iopub  zmq4.Socket
	stop   context.CancelFunc
	paused chan struct{} // an execution of "sleep" waits for it
}

// testDir is short enough for the path of a socket.
func testDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "bwt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func startFake(t *testing.T) *fakeKernel {
	ctx, stop := context.WithCancel(context.Background())
	k := &fakeKernel{t: t, conn: NewConnection(testDir(t)), stop: stop, paused: make(chan struct{}, 1)}
	k.shell, k.iopub = zmq4.NewRouter(ctx), zmq4.NewPub(ctx)
	control, beat := zmq4.NewRouter(ctx), zmq4.NewRep(ctx)
	for _, l := range []struct {
		s    zmq4.Socket
		port int
	}{{k.shell, k.conn.Shell}, {k.iopub, k.conn.IOPub}, {control, k.conn.Control}, {beat, k.conn.Heartbeat}} {
		if err := l.s.Listen(k.conn.endpoint(l.port)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.s.Close() })
	}
	t.Cleanup(stop)
	go k.serve(k.shell)
	go k.serve(control)
	go func() {
		for {
			m, err := beat.Recv()
			if err != nil || beat.Send(m) != nil {
				return
			}
		}
	}()
	return k
}

func (k *fakeKernel) serve(s zmq4.Socket) {
	for {
		raw, err := s.Recv()
		if err != nil {
			return
		}
		m, err := parse([]byte(k.conn.Key), raw.Frames)
		if err != nil {
			continue
		}
		// Like GoNB, it answers everything over the shell socket.
		go k.answer(raw.Frames[0], m)
	}
}

func (k *fakeKernel) send(s zmq4.Socket, id []byte, parent message, kind string, content any) {
	m, err := newMessage("fake", kind, content)
	if err != nil {
		k.t.Error(err)
	}
	m.Parent = parent.Header
	frames, err := m.frames([]byte(k.conn.Key))
	if err != nil {
		k.t.Error(err)
	}
	_ = s.SendMulti(zmq4.NewMsgFrom(append([][]byte{id}, frames...)...))
}

func (k *fakeKernel) answer(id []byte, m message) {
	status := func(s string) {
		k.send(k.iopub, []byte("status"), m, "status", map[string]string{"execution_state": s})
	}
	switch m.Header.Type {
	case "kernel_info_request":
		status("busy")
		k.send(k.shell, id, m, "kernel_info_reply", map[string]any{"implementation": "fake", "protocol_version": "5.4", "language_info": map[string]string{"name": "go"}})
		status("idle")
	case "interrupt_request":
		k.paused <- struct{}{}
		k.send(k.shell, id, m, "interrupt_reply", map[string]string{"status": "ok"})
	case "shutdown_request":
		k.send(k.shell, id, m, "shutdown_reply", map[string]string{"status": "ok"})
	case "execute_request":
		var request struct{ Code string }
		_ = json.Unmarshal(m.Content, &request)
		status("busy")
		reply := map[string]any{"status": "ok", "execution_count": 7}
		for line := range strings.Lines(request.Code) {
			if strings.TrimSpace(line) == "sleep" {
				<-k.paused
				reply = map[string]any{"status": "error", "ename": "ERROR", "evalue": "interrupted", "execution_count": 7}
				continue
			}
			var out struct {
				Type    string
				Content json.RawMessage
			}
			if err := json.Unmarshal([]byte(line), &out); err != nil {
				k.t.Error(err)
			}
			if out.Type == "error" {
				reply = map[string]any{"status": "error", "ename": "E", "evalue": " it failed\n", "execution_count": 7}
			}
			k.send(k.iopub, []byte(out.Type), m, out.Type, out.Content)
		}
		k.send(k.shell, id, m, "execute_reply", reply)
		time.Sleep(20 * time.Millisecond) // outputs may come after the reply
		status("idle")
	}
}

func connect(t *testing.T, k *fakeKernel) (*Client, context.Context) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	c, err := Dial(ctx, k.conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	info, err := c.Ready(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := Info{Implementation: "fake", Protocol: "5.4", Language: map[string]any{"name": "go"}}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Error("info:", diff)
	}
	return c, ctx
}

func TestExecute(t *testing.T) {
	c, ctx := connect(t, startFake(t))
	opt := cmpopts.IgnoreUnexported(ipynb.Output{})
	for _, tt := range []struct {
		name, code string
		want       Result
	}{
		{
			"streams are joined", `{"type": "stream", "content": {"name": "stdout", "text": "a"}}
{"type": "stream", "content": {"name": "stdout", "text": "b\n"}}
{"type": "stream", "content": {"name": "stderr", "text": "c"}}`,
			Result{Count: 7, Outputs: []ipynb.Output{{Type: ipynb.Stream, Name: "stdout", Text: "ab\n"}, {Type: ipynb.Stream, Name: "stderr", Text: "c"}}},
		},
		{
			"displays are updated", `{"type": "display_data", "content": {"data": {"text/plain": "0 of 2"}, "metadata": {}, "transient": {"display_id": "p"}}}
{"type": "display_data", "content": {"data": {"text/plain": "other"}, "metadata": {}}}
{"type": "update_display_data", "content": {"data": {"text/plain": "2 of 2"}, "metadata": {"m": 1}, "transient": {"display_id": "p"}}}
{"type": "update_display_data", "content": {"data": {"text/plain": "x"}, "metadata": {}, "transient": {"display_id": "unknown"}}}`,
			Result{Count: 7, Outputs: []ipynb.Output{
				{Type: ipynb.DisplayData, Data: map[string]any{"text/plain": "2 of 2"}, Metadata: map[string]any{"m": json.Number("1")}},
				{Type: ipynb.DisplayData, Data: map[string]any{"text/plain": "other"}, Metadata: map[string]any{}},
			}},
		},
		{"outputs are cleared at once", `{"type": "stream", "content": {"name": "stdout", "text": "a"}}
{"type": "clear_output", "content": {"wait": false}}`, Result{Count: 7}},
		{
			"outputs are cleared by the next", `{"type": "stream", "content": {"name": "stdout", "text": "a"}}
{"type": "clear_output", "content": {"wait": true}}
{"type": "execute_input", "content": {"code": "not an output"}}
{"type": "stream", "content": {"name": "stdout", "text": "b"}}`,
			Result{Count: 7, Outputs: []ipynb.Output{{Type: ipynb.Stream, Name: "stdout", Text: "b"}}},
		},
		{
			"results", `{"type": "execute_result", "content": {"data": {"text/plain": "42"}, "metadata": {}, "execution_count": 7}}`,
			Result{Count: 7, Outputs: []ipynb.Output{{Type: ipynb.ExecuteResult, Count: 7, Data: map[string]any{"text/plain": "42"}, Metadata: map[string]any{}}}},
		},
		{
			"errors", `{"type": "error", "content": {"ename": "E", "evalue": "it failed", "traceback": ["t"]}}`,
			Result{Count: 7, Failed: true, ErrName: "E", Err: "it failed", Outputs: []ipynb.Output{{Type: ipynb.Error, ErrName: "E", ErrValue: "it failed", Traceback: []string{"t"}}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Execute(ctx, Execution{Code: tt.code})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, opt, cmpopts.EquateEmpty()); diff != "" {
				t.Error("(-want +got):\n", diff)
			}
		})
	}
}

func TestInterrupt(t *testing.T) {
	c, ctx := connect(t, startFake(t))
	cause := errors.New("took too long")
	ctx, cancel := context.WithTimeoutCause(ctx, 300*time.Millisecond, cause)
	defer cancel()
	var seen []string
	r, err := c.Execute(ctx, Execution{
		Code:     "{\"type\": \"stream\", \"content\": {\"name\": \"stdout\", \"text\": \"so far\"}}\nsleep",
		OnOutput: func(o ipynb.Output) { seen = append(seen, o.Text) },
	})
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
	if len(r.Outputs) != 1 || r.Outputs[0].Text != "so far" || !r.Failed || r.Count != 7 {
		t.Errorf("result %+v", r)
	}
	if diff := cmp.Diff([]string{"so far"}, seen); diff != "" {
		t.Error("seen:", diff)
	}
	if err := c.Shutdown(t.Context()); err != nil {
		t.Error("the client can no longer talk to the kernel:", err)
	}
}

func TestKernelDies(t *testing.T) {
	k := startFake(t)
	c, ctx := connect(t, k)
	t.Run("told by its process", func(t *testing.T) {
		go func() {
			time.Sleep(100 * time.Millisecond)
			c.Died(errors.New("signal: killed"))
		}()
		_, err := c.Execute(ctx, Execution{Code: "sleep"})
		if !errors.Is(err, ErrDead) || !strings.Contains(err.Error(), "signal: killed") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("never there", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		if _, err := Dial(ctx, NewConnection(testDir(t))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

func TestConnectionFile(t *testing.T) {
	dir := testDir(t)
	path := filepath.Join(dir, "c.json")
	want := NewConnection(dir)
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: the key must be the user's alone", info.Mode(), err)
	}
	got, err := ReadConnection(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	tcp := Connection{Transport: "tcp", IP: "127.0.0.1"}
	if got := tcp.endpoint(5); got != "tcp://127.0.0.1:5" {
		t.Errorf("endpoint %s", got)
	}
	for _, bad := range []string{`{`, `{"transport": "udp"}`, `{"transport": "tcp", "key": "k", "signature_scheme": "hmac-md5"}`} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadConnection(path); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// TestSign compares with Python: hmac.new(b"key", b"{}{}{}{}", "sha256").hexdigest().
func TestSign(t *testing.T) {
	p := []byte("{}")
	const want = "ca767b02c5bc061ed184a9a029e7f93a7f2f7ed4e8fe74120fc1212f0b008fa3"
	if got := string(sign([]byte("key"), [][]byte{p, p, p, p})); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	if got := sign(nil, [][]byte{p}); got != nil {
		t.Errorf("signed %q without a key", got)
	}
}

func FuzzParse(f *testing.F) {
	key := []byte("key")
	m, err := newMessage("s", "stream", map[string]string{"text": "a"})
	if err != nil {
		f.Fatal(err)
	}
	frames, err := m.frames(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("id"), frames[1], frames[2], frames[5])
	f.Fuzz(func(t *testing.T, id, signature, header, content []byte) {
		frames := [][]byte{id, []byte(delimiter), signature, header, []byte("{}"), []byte("{}"), content}
		if m, err := parse(key, frames); err == nil && string(sign(key, frames[3:])) != string(signature) {
			t.Errorf("a message with a wrong signature was read: %v", m)
		}
		for n := range frames { // messages that are cut short
			if _, err := parse(nil, frames[:n]); err == nil && n < 7 && string(id) != delimiter {
				t.Errorf("a message of %d frames was read", n)
			}
		}
	})
}
