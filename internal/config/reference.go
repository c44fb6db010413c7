package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reference is every setting as Markdown, the connections' after the others.
func Reference() string {
	var text strings.Builder
	text.WriteString("| setting | value | default | change | meaning |\n|---|---|---|---|---|\n")
	for _, setting := range Settings() {
		text.WriteString(row(setting))
	}
	fmt.Fprintf(&text, "\nEach connection, whatever it connects to:\n\n%s", connectionRows(commonSettings()))
	kinds := connectionKinds()
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(&text, "\nWith `type: %s`:\n\n%s", kind, connectionRows(kinds[kind].settings))
	}
	return text.String()
}

func row(setting Setting) string {
	change := "restart"
	if setting.Live {
		change = "live"
	}
	value, preset, meaning := setting.Columns()
	return fmt.Sprintf("| `%s`<br>`%s` | %s | %s | %s | %s |\n", setting.Name, setting.Environment(), value, preset, change, meaning)
}

func connectionRows(settings []Setting) string {
	var text strings.Builder
	text.WriteString("| setting | value | default | meaning |\n|---|---|---|---|\n")
	for _, setting := range settings {
		value, preset, meaning := setting.Columns()
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", setting.Name, value, preset, meaning)
	}
	return text.String()
}
