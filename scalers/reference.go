package scalers

import "strings"

// Columns are what a reference page, in Markdown, says of a key: what it takes, its default, and what it is for.
func (k Key) Columns() (value, preset, meaning string) {
	value = string(k.Kind)
	if len(k.Choices) > 0 {
		value = strings.Join(k.Choices, ", ")
	}
	if k.Default != "" {
		preset = "`" + k.Default + "`"
	}
	meaning = k.Help
	switch {
	case k.Required && k.Instead != "":
		meaning += " Required, unless " + k.Instead + " is set."
	case k.Required:
		meaning += " Required."
	}
	if len(k.Excludes) > 0 {
		meaning += " Not with " + strings.Join(k.Excludes, ", ") + "."
	}
	return value, preset, strings.ReplaceAll(meaning, "|", `\|`) // or it would be a column of its own
}
