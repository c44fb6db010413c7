package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/internal/convert"
	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
)

// convertFlags are what a user says about how to convert.
type convertFlags struct {
	convert.Options
	to                string
	write, diff, list bool
}

func convertCommand() *cobra.Command {
	var flags convertFlags
	command := &cobra.Command{
		Use:   "convert FILE|FOLDER|-...",
		Short: "Move triggers from KEDA's own scalers to lagwise, or back, in the files themselves",
		Long: `Move triggers from KEDA's own scalers (` + builtinTypes() + `) to lagwise, or back with "--to keda".
Only what must change is changed: comments, order, blank lines and quotes stay. Without --write, --diff or --list the converted files are printed.
Triggers in a Helm chart's values are found by --at, as in "--at .keda.scaledObject[].triggers".

Exit codes: 0, 1 where a trigger or a document had to be left as it is, 2 where a file cannot be read or written, or a flag is wrong.`,
		RunE: func(command *cobra.Command, paths []string) error {
			if err := flags.check(paths); err != nil {
				return &exit{codeUnreadable, err}
			}
			flags.Sources = lintSources()
			return convertPaths(command, paths, flags)
		},
	}
	command.Flags().StringVar(&flags.to, "to", "lagwise", "where triggers go: lagwise or keda")
	command.Flags().StringVar(&flags.Type, "type", "", "what they become: external-push or external, by default external for ScaledJobs alone; with --to keda one of "+builtinTypes())
	command.Flags().StringVar(&flags.Address, "address", "lagwise.keda.svc:6000", "where KEDA finds lagwise")
	command.Flags().StringVar(&flags.Connection, "connection", "", "the connection of lagwise's configuration that triggers log in with")
	command.Flags().BoolVar(&flags.KeepAuthentication, "keep-authentication", false, "triggers log in by the authenticationRef that they have, where lagwise's configuration has triggerAuthentications")
	command.Flags().StringVar(&flags.At, "at", "", "path to lists of triggers in other documents, such as .keda.scaledObject[].triggers")
	command.Flags().BoolVarP(&flags.write, "write", "w", false, "write the files instead of printing them")
	command.Flags().BoolVarP(&flags.diff, "diff", "d", false, "print what would change instead")
	command.Flags().BoolVarP(&flags.list, "list", "l", false, "print the names of files that would change instead")
	return misusedAs(codeUnreadable, command)
}

// builtinTypes are the types of KEDA's own triggers that lagwise has a scaler for.
func builtinTypes() string { return strings.Join(slices.Sorted(maps.Keys(lint.Builtin())), ", ") }

func (f *convertFlags) check(paths []string) error {
	types := map[string][]string{"lagwise": {"", "external", "external-push"}, "keda": {""}}
	types["keda"] = slices.AppendSeq(types["keda"], maps.Keys(lint.Builtin()))
	f.ToKEDA = f.to == "keda"
	switch {
	case len(paths) == 0:
		return errors.New(`name files or folders to convert, or "-"`)
	case types[f.to] == nil:
		return fmt.Errorf("--to %q: want lagwise or keda", f.to)
	case !slices.Contains(types[f.to], f.Type):
		slices.Sort(types[f.to])
		return fmt.Errorf("--type %q: want one of %v", f.Type, types[f.to][1:])
	case f.Address == "":
		return errors.New("--address: KEDA has to find lagwise somewhere")
	case f.write && slices.Contains(paths, manifest.Stdin):
		return errors.New("the standard input cannot be written: leave --write out")
	default:
		return nil
	}
}

func convertPaths(command *cobra.Command, paths []string, flags convertFlags) error {
	files, err := manifest.Files(paths)
	failed, left := []error{err}, 0
	for _, file := range files {
		n, err := flags.file(command, file)
		left += n
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return &exit{codeUnreadable, err}
	}
	if left > 0 {
		return fmt.Errorf("%d left as they are", left)
	}
	return nil
}

// file converts one, and says how many triggers and documents of it had to be left as they are.
func (f convertFlags) file(command *cobra.Command, file string) (left int, err error) {
	name, content, err := contentOf(command, file)
	if err != nil {
		return 0, err
	}
	result, err := convert.Text(name, content, f.Options)
	mistakes, rest := manifest.Split(err)
	if len(rest) > 0 {
		return 0, errors.Join(rest...)
	}
	for _, mistake := range mistakes {
		_, _ = fmt.Fprintln(command.ErrOrStderr(), mistake)
	}
	left = len(mistakes)
	for _, note := range result.Notes {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "%s: %s\n", note.Place, note.Text)
		if note.Left {
			left++
		}
	}
	return left, f.hand(command.OutOrStdout(), file, content, result)
}

func contentOf(command *cobra.Command, file string) (name string, content []byte, err error) {
	if file == manifest.Stdin {
		content, err = io.ReadAll(command.InOrStdin())
		if err != nil {
			return "", nil, fmt.Errorf("reading the standard input: %w", err)
		}
		return "stdin", content, nil
	}
	content, err = os.ReadFile(file) //nolint:gosec // the caller's own file
	if err != nil {
		return "", nil, fmt.Errorf("reading a manifest: %w", err)
	}
	return file, content, nil
}

// hand gives the result to whom it is for.
func (f convertFlags) hand(out io.Writer, file string, before []byte, result convert.Result) error {
	var err error
	if f.list && result.Changed > 0 {
		_, err = fmt.Fprintln(out, file)
	}
	if f.diff && result.Changed > 0 {
		err = errors.Join(err, difflib.WriteUnifiedDiff(out, difflib.UnifiedDiff{
			A: linesOf(before), B: linesOf(result.Text), FromFile: file, ToFile: file, Context: 3,
		}))
	}
	if f.write && result.Changed > 0 {
		err = errors.Join(err, rewrite(file, result.Text))
	}
	if !f.list && !f.diff && !f.write {
		_, err = out.Write(result.Text)
	}
	if err != nil {
		return fmt.Errorf("handing on %s: %w", file, err)
	}
	return nil
}

// linesOf are lines with their ends, as "diff -u" has them.
func linesOf(text []byte) []string {
	lines := slices.Collect(strings.Lines(string(text)))
	if last := len(lines) - 1; last >= 0 && !strings.HasSuffix(lines[last], "\n") {
		lines[last] += "\n\\ No newline at end of file\n"
	}
	return lines
}

// rewrite keeps the file's mode, and the file itself where it is linked.
func rewrite(file string, text []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err //nolint:wrapcheck // the caller names the file
	}
	return os.WriteFile(file, text, info.Mode().Perm()) //nolint:wrapcheck // the caller names the file
}
