package child

import "syscall"

// dieWithParent has the kernel kill the child when this process dies: a test that panics or is killed leaves nothing behind.
func dieWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
