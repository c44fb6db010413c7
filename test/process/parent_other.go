//go:build !linux

package process

import "syscall"

// tieToParent does nothing: only Linux can tie a child's life to its parent's. Elsewhere a terminal's Ctrl-C ends both.
func tieToParent(*syscall.SysProcAttr) {}
