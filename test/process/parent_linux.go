package process

import "syscall"

// tieToParent has the kernel kill the child when this process dies: a test that panics or is killed leaves nothing behind. A
// terminal's Ctrl-C then reaches this process alone, which can stop its children in order.
func tieToParent(attributes *syscall.SysProcAttr) {
	attributes.Pdeathsig, attributes.Setpgid = syscall.SIGKILL, true
}
