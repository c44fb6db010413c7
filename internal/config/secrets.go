package config

import (
	"os"
	"strings"

	"github.com/lagwise/lagwise/scalers"
)

// A secret never stands in the configuration, so that the configuration can be shown to anybody: it is in the file that
// one setting names, or in the environment variable that another one does.
const (
	inFile        = "File"
	inEnvironment = "Env"
)

// secret is the two settings that a secret may be given by.
func secret(name, help string) []Setting {
	return []Setting{
		{Live: true, Key: scalers.Key{Name: name + inFile, Kind: scalers.KindText, Excludes: []string{name + inEnvironment}, Help: help + ", in a file."}},
		{Live: true, Key: scalers.Key{Name: name + inEnvironment, Kind: scalers.KindText, Help: help + ", in the environment variable of this name."}},
	}
}

// secrets reads what the configuration names, and notes which files that were.
type secrets struct{ files []string }

// named says whether the configuration names the secret.
func (v values) named(secret string) bool {
	return v.text(secret+inFile) != "" || v.text(secret+inEnvironment) != ""
}

// given is the setting that names the secret; the one for a file when none does.
func (v values) given(secret string) string {
	if v.text(secret+inEnvironment) != "" {
		return secret + inEnvironment
	}
	return secret + inFile
}

// read gives the secret's text; empty when the configuration names none.
func (s *secrets) read(v values, name string) (string, error) {
	file, variable := v.text(name+inFile), v.text(name+inEnvironment)
	switch {
	case file != "" && variable != "":
		return "", v.problem(name+inFile, " and %s exclude each other: set one of them", name+inEnvironment)
	case file != "":
		return s.file(v, name+inFile)
	case variable != "":
		text := os.Getenv(variable)
		if text == "" {
			return "", v.problem(name+inEnvironment, ": the environment has no %s", variable)
		}
		return text, nil
	default:
		return "", nil
	}
}

// line is a secret of one line. Editors and `echo` end files with a line break, which is part of no password.
func (s *secrets) line(v values, name string) (string, error) {
	text, err := s.read(v, name)
	return strings.TrimRight(text, "\r\n"), err
}

// file gives the content of the file that the setting names; empty when it names none.
func (s *secrets) file(v values, name string) (string, error) {
	path := v.text(name)
	if path == "" {
		return "", nil
	}
	s.files = append(s.files, path)
	content, err := os.ReadFile(path) //nolint:gosec // the operator's own configuration names the file
	if err != nil {
		return "", v.problem(name, ": %w", err)
	}
	if len(content) == 0 {
		return "", v.problem(name, ": %s is empty", path)
	}
	return string(content), nil
}
