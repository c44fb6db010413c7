// Command build builds the parts of Kubernetes and KEDA that are not built yet.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/lagwise/lagwise/test/e2e/parts"
)

func main() {
	folder := flag.String("into", "", "folder of all parts, outside the repository")
	keda := flag.String("keda", "", "version of KEDA, such as 2.21.0")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := parts.In(*folder, *keda).Build(ctx, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
