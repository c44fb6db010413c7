package realkafka

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the child when this process dies, however
// it dies: a test that panics or times out leaves no broker behind.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
