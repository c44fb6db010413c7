package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/internal/config"
)

// What a reader copies from a page works: a trigger is not refused, a configuration is taken, a command and its flags exist.
func TestPagesShowWhatWorks(t *testing.T) {
	t.Parallel()
	makefile := textOf(t, "../../Makefile")
	seen := map[string]int{}
	for _, page := range append(filesAt(t, "../../docs/*.md"), "../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md", "../../manifests/chart/README.md") {
		for _, block := range blocksOf(textOf(t, page)) {
			seen[block.language]++
			complain := func(err error) {
				if err != nil {
					t.Errorf("%s: %v in\n%s", filepath.Base(page), err, block.text)
				}
			}
			switch block.language {
			case "yaml":
				complain(tryYAML(t, block.text))
			case "sh", "console":
				complain(tryCommands(block.text, makefile))
			case "":
				complain(errors.New("a block without a language, which nobody checks"))
			}
		}
	}
	if seen["yaml"] < 10 || seen["sh"] < 5 {
		t.Errorf("found only %v: the pages are not read as they are written", seen)
	}
}

func filesAt(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

type block struct{ language, text string }

func blocksOf(page string) []block {
	var blocks []block
	inside := false
	for line := range strings.Lines(page) {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && !inside:
			blocks, inside = append(blocks, block{language: fence}), true
		case isFence:
			inside = false
		case inside:
			blocks[len(blocks)-1].text += line
		}
	}
	return blocks
}

func tryYAML(t *testing.T, text string) error {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := tryTriggers(t, &document); err != nil {
			return err
		}
		if err := tryConfiguration(t, &document); err != nil {
			return err
		}
	}
}

// tryTriggers finds triggers of external scalers wherever they stand.
func tryTriggers(t *testing.T, node *yaml.Node) error {
	t.Helper()
	var trigger struct {
		Type     string
		Metadata map[string]string
	}
	if node.Kind == yaml.MappingNode && node.Decode(&trigger) == nil && strings.HasPrefix(trigger.Type, "external") {
		return refusal(t, trigger.Metadata)
	}
	for _, child := range node.Content {
		if err := tryTriggers(t, child); err != nil {
			return err
		}
	}
	return nil
}

// tryConfiguration reads what begins like lagwise's configuration as such. Files that it names need not be there.
func tryConfiguration(t *testing.T, document *yaml.Node) error {
	t.Helper()
	first := document.Content[0]
	if first.Kind != yaml.MappingNode || !isSetting(first.Content[0].Value) {
		return nil
	}
	text, err := yaml.Marshal(document)
	if err != nil {
		return err
	}
	path := filepath.Join(t.TempDir(), "lagwise.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	config.Flags(flags)
	_, err = config.Source{Path: path, Flags: flags}.Read()
	if err == nil {
		return nil
	}
	for line := range strings.Lines(err.Error()) {
		if !strings.Contains(line, "no such file") && !strings.Contains(line, "is not set") {
			return err
		}
	}
	return nil
}

func isSetting(name string) bool {
	return name == "connections" || slices.ContainsFunc(config.Settings(), func(setting config.Setting) bool {
		group, _, _ := strings.Cut(setting.Name, ".")
		return group == name
	})
}

var (
	makeTarget = regexp.MustCompile(`(?m)^\s*(?:\$ )?make ([a-z0-9-]+)`)
	ownCommand = regexp.MustCompile(`(?m)^\s*(?:\$ )?(?:bin/)?lagwise ([^|>#\n]+)`)
)

func tryCommands(text, makefile string) error {
	for _, match := range makeTarget.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(makefile, "\n"+match[1]+":") {
			return errors.New("make has no target " + match[1])
		}
	}
	for _, match := range ownCommand.FindAllStringSubmatch(text, -1) {
		command, rest, err := rootCommand().Find(strings.Fields(match[1]))
		if err != nil {
			return err
		}
		if err := command.ParseFlags(rest); err != nil {
			return err
		}
	}
	return nil
}

// Scenarios that pages name by RUN= are there.
func TestPagesNameScenariosThatAreThere(t *testing.T) {
	t.Parallel()
	var scenarios strings.Builder
	for _, file := range filesAt(t, "../../test/e2e/*_test.go") {
		scenarios.WriteString(textOf(t, file))
	}
	named := regexp.MustCompile(`RUN=(Test[A-Za-z]+)(?:/([a-z-]+))?`)
	found := 0
	for _, page := range append(filesAt(t, "../../docs/*.md"), "../../README.md") {
		for _, match := range named.FindAllStringSubmatch(textOf(t, page), -1) {
			found++
			if match[1] == "TestName" {
				continue // stands for any
			}
			if !strings.Contains(scenarios.String(), "\nfunc "+match[1]) || match[2] != "" && !strings.Contains(scenarios.String(), `"`+match[2]+`.yaml"`) {
				t.Errorf("%s names %s, and there is no such scenario", filepath.Base(page), match[0])
			}
		}
	}
	if found < 10 {
		t.Errorf("found only %d: the pages are not read as they are written", found)
	}
}

// Whoever reads the site finds every page in its list, and behind every entry a page.
func TestEveryPageIsInTheListOfTheSite(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	for _, page := range filesAt(t, "../../docs/*.md") {
		missing[strings.TrimSuffix(filepath.Base(page), ".md")] = true
	}
	delete(missing, "index") // the site's title leads there
	list := textOf(t, "../../docs/.vitepress/config.mts")
	for _, entry := range regexp.MustCompile(`link: '/([a-z-]+)'`).FindAllStringSubmatch(list, -1) {
		if !missing[entry[1]] {
			t.Errorf("%s is listed, and there is no such page, or it is listed twice", entry[1])
		}
		delete(missing, entry[1])
	}
	for page := range missing {
		t.Errorf("docs/%s.md is not listed in docs/.vitepress/config.mts", page)
	}
}

// README shows some lines of what docs/explain.md shows, which another test holds to what explain prints.
func TestReadmeExplainsAsExplainDoes(t *testing.T) {
	t.Parallel()
	whole := textOf(t, "../../docs/explain.md")
	shown := slices.DeleteFunc(blocksOf(textOf(t, "../../README.md")), func(b block) bool { return !strings.HasPrefix(b.text, "$ lagwise explain") })
	if len(shown) != 1 {
		t.Fatalf("README shows explain %d times", len(shown))
	}
	for line := range strings.Lines(shown[0].text) {
		if !strings.Contains(whole, line) {
			t.Errorf("README has a line that docs/explain.md has not: %s", line)
		}
	}
}

func TestPagesWouldNotShowWhatDoesNotWork(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"a trigger":       tryYAML(t, "triggers:\n- type: external\n  metadata: {lagThresold: '5'}"),
		"a configuration": tryYAML(t, "connections: []\nrefreshIntervall: 5s"),
		"a nested one":    tryYAML(t, "connections: [{name: prod, bootstrapServers: [a:1], servers: x}]"),
		"no YAML":         tryYAML(t, "a: b: c"),
		"a command":       tryCommands("lagwise sreve", ""),
		"a flag":          tryCommands("bin/lagwise serve --lisen :6000 # here", ""),
		"a target":        tryCommands("make tset", "\ntest:"),
	} {
		if err == nil {
			t.Errorf("%s that does not work passes", name)
		}
	}
}
