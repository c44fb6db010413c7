package main

import "github.com/spf13/cobra"

// exit is an error with an exit code other than 1; the command's help says what it means.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }

func (e *exit) Unwrap() error { return e.err }

// misusedAs has a command end with this code where cobra finds a wrong flag or argument, before the command is run.
func misusedAs(code int, command *cobra.Command) *cobra.Command {
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit{code, err} })
	if check := command.Args; check != nil {
		command.Args = func(command *cobra.Command, args []string) error {
			if err := check(command, args); err != nil {
				return &exit{code, err}
			}
			return nil
		}
	}
	return command
}
