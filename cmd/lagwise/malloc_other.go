//go:build !linux || !cgo || musl

package main

// keepCHeapSmall has nothing to do: only glibc keeps a heap for each thread.
func keepCHeapSmall() {}
