package parity_test

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the child when this process dies, however it dies.
func dieWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
