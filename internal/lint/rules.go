package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/internal/manifest"
)

// Rule is a kind of finding. Its id is for ever: people disable by it.
type Rule struct {
	ID       string
	Severity Severity
	// Finds, Happens and Do are sentences: what it finds, what will happen, what to do.
	Finds, Happens, Do string

	look func(subject) []hit
}

// hit is where a rule found something, and what.
type hit struct {
	place   manifest.Place
	text    string
	trigger *int
}

func at(place manifest.Place, format string, args ...any) []hit {
	return []hit{{place: place, text: fmt.Sprintf(format, args...)}}
}

// Rules is every rule, in the order of the reference page.
func Rules() []Rule {
	return slices.Concat([]Rule{unreadable()}, fieldRules(), keyRules(), workloadRules(), linkRules(), lagRules(), windowRules(), kedaRules(), rabbitRules())
}

// each looks at all triggers that belong to one of the owners.
func each(look func(subject, trigger) []hit, owners ...owner) func(subject) []hit {
	return func(s subject) []hit {
		var hits []hit
		for i, t := range s.triggers {
			if len(owners) > 0 && !slices.Contains(owners, t.owner) {
				continue
			}
			for _, h := range look(s, t) {
				h.trigger = &i
				hits = append(hits, h)
			}
		}
		return hits
	}
}

// Reference is the table of rules in Markdown.
func Reference() string {
	var text strings.Builder
	text.WriteString("| id | severity | what it finds | what will happen | what to do |\n|---|---|---|---|---|\n")
	for _, rule := range Rules() {
		cells := []string{"`" + rule.ID + "`", string(rule.Severity), rule.Finds, rule.Happens, rule.Do}
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | "))
	}
	return text.String()
}
