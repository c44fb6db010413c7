// Bill writes what a built lagwise consists of: a bill of materials (CycloneDX, JSON) and the notices that its parts' licences ask
// to be handed on. It reads the Go modules from the program itself, and the versions of the other libraries as far as they left
// them there.
package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
)

func main() {
	binary := flag.String("binary", "", "the program to describe")
	version := flag.String("version", "", "its version")
	bill := flag.String("bill", "", "file to write the bill of materials to")
	notices := flag.String("notices", "", "file to write the notices to")
	flag.Parse()
	if err := describe(context.Background(), *binary, *version, *bill, *notices); err != nil {
		log.Fatalf("describing %s: %v", *binary, err)
	}
}

func describe(ctx context.Context, binary, version, bill, notices string) error {
	program, err := os.ReadFile(binary) //nolint:gosec // the caller names the file
	if err != nil {
		return fmt.Errorf("reading the program: %w", err)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("reading its modules: %w", err)
	}
	bundled, err := bundledIn(program, info.Deps)
	if err != nil {
		return err
	}
	materials, err := billOf(version, info, bundled)
	if err != nil {
		return err
	}
	terms, err := noticesOf(ctx, info)
	if err != nil {
		return err
	}
	//nolint:gosec // anybody may read these
	return errors.Join(os.WriteFile(bill, materials, 0o644), os.WriteFile(notices, terms, 0o644))
}
