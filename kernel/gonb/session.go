package gonb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"bellwether/kernel/jupyter"
)

// Settings say how to start a kernel.
type Settings struct {
	Repo  string
	Tools Tools
	// Dir is the working directory of cells; empty is this process's own.
	Dir string
	// ConnectionFile is where Jupyter wants the kernel to listen. Empty: over
	// sockets of the kernel's own, which [Session.Connection] returns.
	ConnectionFile string
	// Editor starts gopls, too, if it is built.
	Editor bool
	// PlainErrors asks for compile errors as text for a terminal, not as HTML.
	PlainErrors bool
}

// Session is a running GoNB: its process, and a folder for all its temporary files.
type Session struct {
	Connection jupyter.Connection

	cmd  *exec.Cmd
	dir  string // temporary files, removed in the end
	done chan struct{}
	err  error // why it ended, after done
	stop sync.Once
}

// Start starts GoNB. The caller must call [Session.Stop] in the end.
func Start(s Settings) (*Session, error) {
	dir, err := os.MkdirTemp("", "bellwether-")
	if err != nil {
		return nil, err
	}
	session := &Session{dir: dir, done: make(chan struct{})}
	if err := session.start(s); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("starting the kernel: %w", err)
	}
	return session, nil
}

func (s *Session) start(set Settings) error {
	tmp := filepath.Join(s.dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		return err
	}
	var err error
	file := set.ConnectionFile
	if file == "" {
		file = filepath.Join(s.dir, "connection.json")
		s.Connection = jupyter.NewConnection(s.dir)
		err = s.Connection.Write(file)
	} else {
		s.Connection, err = jupyter.ReadConnection(file)
	}
	if err != nil {
		return err
	}
	log, err := os.Create(s.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(set.Tools.GoNB(), "-kernel="+file, "-go_work="+set.Repo, fmt.Sprintf("-raw_error=%t", set.PlainErrors))
	s.cmd.Dir = set.Dir
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.Env = append(environ(set.Tools), "TMPDIR="+tmp, RepoEnv+"="+set.Repo)
	if os.Getenv("BELLWETHER_DATA") == "" {
		s.cmd.Env = append(s.cmd.Env, "BELLWETHER_DATA="+filepath.Join(set.Repo, "data"))
	}
	endGroup(s.cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // see endWithParent
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.err = s.cmd.Wait()
			signalGroup(s.cmd, syscall.SIGKILL) // cells that GoNB left behind
			killAt(s.dir)                       // gopls, which has a group of its own
			close(s.done)
		}
		runtime.UnlockOSThread()
	}()
	return <-started
}

func (s *Session) logFile() string { return filepath.Join(s.dir, "gonb.log") }

// Done is closed when GoNB has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Interrupt interrupts the running cell as Ctrl-C would.
func (s *Session) Interrupt() { _ = s.cmd.Process.Signal(os.Interrupt) }

// Err returns why GoNB ended by itself, with the end of its log.
func (s *Session) Err() error {
	select {
	case <-s.done:
	default:
		return nil
	}
	err := s.err
	if err == nil {
		err = errors.New("GoNB exited")
	}
	if log, e := os.ReadFile(s.logFile()); e == nil {
		lines := strings.Split(string(bytes.TrimSpace(log)), "\n")
		err = fmt.Errorf("%w; the end of its log:\n%s", err, strings.Join(lines[max(0, len(lines)-8):], "\n"))
	}
	return err
}

// Connect connects a client to the session's kernel and has the prelude
// executed. The client's calls fail as soon as the kernel's process ends.
func (s *Session) Connect(ctx context.Context, repo string) (*jupyter.Client, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-s.done:
			cancel(fmt.Errorf("%w: %w", jupyter.ErrDead, s.Err()))
		case <-ctx.Done():
		}
	}()
	client, err := jupyter.Dial(ctx, s.Connection)
	if err != nil {
		return nil, err
	}
	go func() {
		<-s.done
		client.Died(s.Err())
	}()
	// GoNB listens half a second before it begins to answer, so this request
	// comes before any that waits for an answer first, as Jupyter's clients do.
	result, err := client.Execute(ctx, jupyter.Execution{Code: Prelude(repo), Silent: true})
	if err == nil && result.Failed {
		err = errors.New(result.Err)
	}
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("the kernel's prelude: %w", err)
	}
	return client, nil
}

// Stop ends GoNB and everything it started, and removes its temporary files.
// A client, if there is one, asks first.
func (s *Session) Stop(client *jupyter.Client) {
	s.stop.Do(func() {
		if client != nil {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			_ = client.Shutdown(ctx) // the answer may get lost, or the kernel be gone
			cancel()
			client.Close()
		}
		if client == nil || !s.ended(2*time.Second) {
			signalGroup(s.cmd, syscall.SIGTERM)
			if !s.ended(2 * time.Second) {
				signalGroup(s.cmd, syscall.SIGKILL)
				<-s.done
			}
		}
		os.RemoveAll(s.dir)
	})
}

func (s *Session) ended(wait time.Duration) bool {
	select {
	case <-s.done:
		return true
	case <-time.After(wait):
		return false
	}
}
