package parity_test

import (
	"context"
	"os"
	"testing"

	"github.com/lagwise/lagwise/test/process"
)

func TestMain(m *testing.M) {
	os.Exit(process.InOwnFolder(func(ctx context.Context) int { return process.UnlessInterrupted(ctx, m.Run) }))
}
