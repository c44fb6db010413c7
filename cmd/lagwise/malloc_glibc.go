//go:build linux && cgo && !musl

package main

/*
#include <malloc.h>

// keep_one_heap makes glibc share one heap among all threads and give memory back. By default it keeps up to eight heaps
// for each core, and what librdkafka's threads once needed at the same time stays in all of them. It runs before main,
// because a thread keeps the heap that it begins with, and Go begins some before any Go code of this package.
__attribute__((constructor)) static void keep_one_heap(void) {
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}
*/
import "C"
