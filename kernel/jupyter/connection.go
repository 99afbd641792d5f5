// Package jupyter is a small Jupyter client: it speaks the messaging protocol
// to a kernel that runs already, executes code and collects its outputs.
//
// Protocol: https://jupyter-client.readthedocs.io/en/stable/messaging.html.
package jupyter

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Connection is the content of a connection file: where a kernel listens and
// the key that signs its messages.
type Connection struct {
	Transport string `json:"transport"` // "tcp" or "ipc"
	IP        string `json:"ip"`        // an address, or with ipc the path that the ports are appended to
	Shell     int    `json:"shell_port"`
	IOPub     int    `json:"iopub_port"`
	Stdin     int    `json:"stdin_port"`
	Control   int    `json:"control_port"`
	Heartbeat int    `json:"hb_port"`
	Scheme    string `json:"signature_scheme"` // "hmac-sha256"
	Key       string `json:"key"`              // empty: messages are not signed
}

// NewConnection returns a connection over Unix sockets in a folder, with a key
// of its own. The folder should be the user's alone, and its path short: a
// socket's path must fit in 104 bytes on macOS, 108 on Linux.
func NewConnection(dir string) Connection {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return Connection{
		Transport: "ipc", IP: filepath.Join(dir, "k"),
		Shell: 1, IOPub: 2, Stdin: 3, Control: 4, Heartbeat: 5,
		Scheme: "hmac-sha256", Key: hex.EncodeToString(key),
	}
}

// ReadConnection reads a connection file.
func ReadConnection(path string) (Connection, error) {
	var c Connection
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("connection file: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("connection file %s: %w", path, err)
	}
	if c.Transport != "tcp" && c.Transport != "ipc" {
		return c, fmt.Errorf("connection file %s: transport is %q, want tcp or ipc", path, c.Transport)
	}
	if c.Scheme != "hmac-sha256" && c.Key != "" {
		return c, fmt.Errorf("connection file %s: signature_scheme is %q, want hmac-sha256", path, c.Scheme)
	}
	return c, nil
}

// Write writes a connection file that only the user can read.
func (c Connection) Write(path string) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o600)
}

// endpoint returns the address of one of the kernel's sockets for ZeroMQ.
func (c Connection) endpoint(port int) string {
	if c.Transport == "ipc" {
		return fmt.Sprintf("ipc://%s-%d", c.IP, port)
	}
	return fmt.Sprintf("tcp://%s:%d", c.IP, port)
}
