//go:build unix

package gonb

import (
	"os/exec"
	"syscall"
)

// endGroup puts a command into a process group of its own and, when its context
// ends, ends the whole group: the compilers of a build, the cells of a kernel.
func endGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	if cmd.Cancel != nil { // made with a context
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	}
}

// signalGroup sends a signal to a command's process group.
func signalGroup(cmd *exec.Cmd, sig syscall.Signal) {
	_ = syscall.Kill(-cmd.Process.Pid, sig) // gone already: nothing to do
}
