//go:build unix && !linux

package gonb

import "syscall"

// endWithParent does nothing where the operating system has no such wish.
func endWithParent(*syscall.SysProcAttr) {}
