//go:build unix

package gonb

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// killAt kills the processes whose command line names a folder: the temporary
// one of a session, which no other process has any business with. Where there
// is no /proc it does nothing; GoNB itself ends gopls unless it is killed.
func killAt(dir string) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err == nil && pid > 1 && pid != os.Getpid() && bytes.Contains(line, []byte(dir+"/")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
