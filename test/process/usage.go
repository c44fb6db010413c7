package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// RSS is the resident memory of a process in MiB, as Linux counts it.
func RSS(pid int) (float64, error) {
	text, err := os.ReadFile(proc(pid, "status"))
	if err != nil {
		return 0, fmt.Errorf("read the memory of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				return 0, fmt.Errorf("read the memory of a process: %w", err)
			}
			return kib / 1024, nil
		}
	}
	return 0, errors.New("read the memory of a process: no VmRSS")
}

// ticksPerSecond is Linux's USER_HZ, the same on every architecture that Go runs on.
const ticksPerSecond = 100

// CPU is the processor time that a process has used so far, as Linux counts it: in hundredths of a second.
func CPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(proc(pid, "stat"))
	if err != nil {
		return 0, fmt.Errorf("read the processor time of a process: %w", err)
	}
	// The second field is the program's name, which may hold blanks: count from its closing bracket.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the processor time of a process: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// ConnectionsTo counts a process's established TCP connections to a port, as Linux lists them.
func ConnectionsTo(pid, port int) (int, error) {
	own := map[string]bool{}
	descriptors, err := os.ReadDir(proc(pid, "fd"))
	if err != nil {
		return 0, fmt.Errorf("count connections: %w", err)
	}
	for _, descriptor := range descriptors {
		if target, err := os.Readlink(filepath.Join(proc(pid, "fd"), descriptor.Name())); err == nil { // it may be closed meanwhile
			own[target] = true
		}
	}
	count := 0
	const established = "01"
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		text, err := os.ReadFile(proc(pid, table))
		if err != nil {
			return 0, fmt.Errorf("count connections: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == established && strings.HasSuffix(fields[2], fmt.Sprintf(":%04X", port)) && own["socket:["+fields[9]+"]"] {
				count++
			}
		}
	}
	return count, nil
}

func proc(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }
