package scalers

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// Nearest finds the known key that name is most likely a misspelling of: the same letters in another case, or at most
// one edit in a short name and two in a longer one, or another name of the same thing. Further away it is another tool's key, and none of
// our business.
func (t KeyTable) Nearest(name string) (near string, found bool) {
	if rest := withoutGroup(name); rest != name && t.knows(rest) {
		return rest, true
	}
	for _, key := range t {
		if slices.ContainsFunc(key.OtherNames, func(other string) bool { return strings.EqualFold(other, withoutGroup(name)) }) {
			return key.Name, true
		}
	}
	best := len(name)
	length := utf8.RuneCountInString(name)
	for _, known := range t.spellings() {
		if length > len(known)+allowedEdits(known) { // too far away by its length alone: names may be thousands of letters long
			continue
		}
		distance := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(known))
		if distance <= allowedEdits(known) && (!found || distance < best) {
			near, best, found = known, distance, true
		}
	}
	return near, found
}

// withoutGroup is a setting's name without that of its group.
func withoutGroup(name string) string {
	for _, group := range []string{"tls.", "sasl."} {
		if rest, has := strings.CutPrefix(name, group); has {
			return rest
		}
	}
	return name
}

// ConnectionSettings are settings of connections that no trigger has: OtherNames of the key that names a connection.
func ConnectionSettings() []string {
	return []string{
		"passwordFile", "passwordEnv", "caFile", "certificateFile", "keyFile", "keyEnv", "keyPasswordFile", "keyPasswordEnv", "clientId",
		"clientSecretFile", "clientSecretEnv", "tokenUrl", "tokenCAFile", "extensions", "awsExternalId", "queryKeyFile", "queryKeyEnv", "queryInterval",
	}
}

// allowedEdits keeps short names such as "tls" from catching every other three letters.
func allowedEdits(known string) int {
	switch {
	case len(known) < 5:
		return 0
	case len(known) < 8:
		return 1
	default:
		return 2
	}
}

func (t KeyTable) spellings() []string {
	var names []string
	for _, key := range t {
		names = append(names, key.Name)
		if key.FromEnv {
			names = append(names, key.Name+fromEnv)
		}
	}
	return names
}
