//go:build linux && cgo && !musl

package main

/*
#include <malloc.h>

static void keepFewArenas(void) {
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}
*/
import "C"

// keepCHeapSmall makes glibc give memory back. By default it keeps eight heaps for each core, and what librdkafka's
// threads once needed at the same time stays in all of them. Must be called before those threads start.
func keepCHeapSmall() { C.keepFewArenas() }
