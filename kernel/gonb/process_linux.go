package gonb

import "syscall"

// endWithParent makes the kernel of the operating system end the process when
// this one dies, even by SIGKILL. GoNB then interrupts its cell and cleans up.
// The thread that starts the process must live as long as it does.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
