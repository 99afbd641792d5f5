package jupyter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// ErrDead is wrapped by what a call returns once the kernel no longer answers.
var ErrDead = errors.New("the kernel died")

// Client talks to one kernel. Its methods may be called from several
// goroutines; executions wait for each other.
type Client struct {
	key     []byte
	session string

	stop    context.CancelCauseFunc
	done    context.Context // ends when the client is closed or the kernel is dead
	sockets []zmq4.Socket
	shell   zmq4.Socket
	control zmq4.Socket
	sending sync.Mutex

	mu      sync.Mutex
	waiting map[string]*request // by the id of the request
	started bool                // something has come over iopub

	executing sync.Mutex
}

// request collects what belongs to one message sent.
type request struct {
	onOutput func(message) // called in order, from one goroutine
	reply    chan message  // capacity 1
	idle     chan struct{} // closed when iopub says idle
	idled    bool
}

// Dial connects to a kernel that listens or soon will: it tries again until the
// context ends. Call [Client.Ready] before the first execution.
func Dial(ctx context.Context, conn Connection) (*Client, error) {
	done, stop := context.WithCancelCause(context.Background())
	c := &Client{key: []byte(conn.Key), session: unique(), done: done, stop: stop, waiting: map[string]*request{}}
	opts := []zmq4.Option{
		// GoNB answers requests of the control socket over the shell socket, so
		// both must have one identity, as those of Jupyter's clients do.
		zmq4.WithID(zmq4.SocketIdentity(c.session)),
		zmq4.WithDialerMaxRetries(0),
		zmq4.WithDialerTimeout(5 * time.Second),
		zmq4.WithLogger(log.New(io.Discard, "", 0)),
	}
	c.shell = zmq4.NewDealer(done, opts...)
	c.control = zmq4.NewDealer(done, opts...)
	iopub := zmq4.NewSub(done, opts...)
	beat := zmq4.NewReq(done, opts...)
	c.sockets = []zmq4.Socket{c.shell, c.control, iopub, beat}
	if err := iopub.SetOption(zmq4.OptionSubscribe, ""); err != nil {
		c.Close()
		return nil, err
	}
	for i, port := range []int{conn.Shell, conn.Control, conn.IOPub, conn.Heartbeat} {
		if err := dial(ctx, c.sockets[i], conn.endpoint(port)); err != nil {
			c.Close()
			return nil, err
		}
	}
	go c.receive(c.shell, c.onReply)
	go c.receive(c.control, c.onReply)
	go c.receive(iopub, c.onPublished)
	go c.heartbeat(beat)
	return c, nil
}

// dial tries every few milliseconds: the kernel is starting.
func dial(ctx context.Context, s zmq4.Socket, endpoint string) error {
	for {
		err := s.Dial(endpoint)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no kernel at %s: %w", endpoint, context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Close ends the client, not the kernel.
func (c *Client) Close() error {
	c.stop(errors.New("the client is closed"))
	for _, s := range c.sockets {
		go s.Close() // may wait for a peer that is gone
	}
	return nil
}

// receive hands on every message of a socket until it is closed. A message that
// cannot be read, or with a wrong signature, is dropped as Jupyter drops it.
func (c *Client) receive(s zmq4.Socket, on func(message)) {
	for {
		raw, err := s.Recv()
		if c.done.Err() != nil {
			return
		}
		if err != nil {
			// The kernel closed its end; the heartbeat decides whether it is dead.
			select {
			case <-c.done.Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
			continue
		}
		if m, err := parse(c.key, raw.Frames); err == nil {
			on(m)
		}
	}
}

// The kernel is asked every second whether it lives and has 30 to answer: a
// machine under load can be slow, and a kernel that exits closes its socket.
const (
	beatEvery = time.Second
	beatWait  = 30 * time.Second
)

func (c *Client) heartbeat(s zmq4.Socket) {
	for {
		answered := make(chan error, 1)
		go func() {
			err := s.Send(zmq4.NewMsg([]byte("ping")))
			if err == nil {
				_, err = s.Recv()
			}
			answered <- err
		}()
		select {
		case <-c.done.Done():
			return
		case err := <-answered:
			if err != nil {
				c.stop(fmt.Errorf("%w: %w", ErrDead, err))
				return
			}
		case <-time.After(beatWait):
			c.stop(fmt.Errorf("%w: no heartbeat for %v", ErrDead, beatWait))
			return
		}
		select {
		case <-c.done.Done():
			return
		case <-time.After(beatEvery):
		}
	}
}

// Died tells the client that the kernel's process has ended, which is quicker
// and surer than the heartbeat.
func (c *Client) Died(reason error) { c.stop(fmt.Errorf("%w: %w", ErrDead, reason)) }

func (c *Client) onReply(m message) {
	c.mu.Lock()
	r := c.waiting[m.Parent.ID]
	c.mu.Unlock()
	if r != nil {
		select {
		case r.reply <- m:
		default: // a second reply to one request
		}
	}
}

func (c *Client) onPublished(m message) {
	c.mu.Lock()
	c.started = true
	r := c.waiting[m.Parent.ID]
	c.mu.Unlock()
	if r == nil { // another client's, or the kernel's own
		return
	}
	if m.Header.Type != "status" {
		if r.onOutput != nil {
			r.onOutput(m)
		}
		return
	}
	var status struct {
		State string `json:"execution_state"`
	}
	if json.Unmarshal(m.Content, &status) == nil && status.State == "idle" && !r.idled {
		r.idled = true
		close(r.idle)
	}
}

// send sends a request and registers who waits for its answers.
func (c *Client) send(s zmq4.Socket, kind string, content any, onOutput func(message)) (string, *request, error) {
	m, err := newMessage(c.session, kind, content)
	if err != nil {
		return "", nil, err
	}
	frames, err := m.frames(c.key)
	if err != nil {
		return "", nil, err
	}
	r := &request{onOutput: onOutput, reply: make(chan message, 1), idle: make(chan struct{})}
	c.mu.Lock()
	c.waiting[m.Header.ID] = r
	c.mu.Unlock()
	c.sending.Lock()
	err = s.SendMulti(zmq4.NewMsgFrom(frames...))
	c.sending.Unlock()
	if err != nil {
		c.forget(m.Header.ID)
		return "", nil, fmt.Errorf("sending %s: %w", kind, err)
	}
	return m.Header.ID, r, nil
}

// forget stops listening for what belongs to a request.
func (c *Client) forget(id string) {
	c.mu.Lock()
	delete(c.waiting, id)
	c.mu.Unlock()
}

// wait returns the reply to a request, or why there is none.
func (c *Client) wait(ctx context.Context, r *request) (message, error) {
	select {
	case m := <-r.reply:
		return m, nil
	case <-ctx.Done():
		return message{}, context.Cause(ctx)
	case <-c.done.Done():
		return message{}, context.Cause(c.done)
	}
}

// Info is what a kernel says about itself.
type Info struct {
	Implementation string         `json:"implementation"`
	Protocol       string         `json:"protocol_version"`
	Language       map[string]any `json:"language_info"`
}

// Ready waits until the kernel answers and its outputs reach the client: the
// first ones can be lost while a subscription is on its way.
func (c *Client) Ready(ctx context.Context) (Info, error) {
	for {
		id, r, err := c.send(c.shell, "kernel_info_request", struct{}{}, nil)
		if err != nil {
			return Info{}, err
		}
		m, err := c.wait(ctx, r)
		if err != nil {
			c.forget(id)
			return Info{}, fmt.Errorf("waiting for the kernel: %w", err)
		}
		select {
		case <-r.idle:
		case <-time.After(100 * time.Millisecond):
		}
		c.forget(id)
		c.mu.Lock()
		started := c.started
		c.mu.Unlock()
		if started {
			var info Info
			if err := json.Unmarshal(m.Content, &info); err != nil {
				return info, fmt.Errorf("the kernel's answer about itself: %w", err)
			}
			return info, nil
		}
	}
}

// Interrupt asks the kernel to interrupt what runs.
func (c *Client) Interrupt(ctx context.Context) error {
	return c.ask(ctx, "interrupt_request", struct{}{})
}

// Shutdown asks the kernel to end. It has not ended when Shutdown returns.
func (c *Client) Shutdown(ctx context.Context) error {
	return c.ask(ctx, "shutdown_request", map[string]bool{"restart": false})
}

func (c *Client) ask(ctx context.Context, kind string, content any) error {
	id, r, err := c.send(c.control, kind, content, nil)
	if err != nil {
		return err
	}
	defer c.forget(id)
	_, err = c.wait(ctx, r)
	return err
}
