package scalers

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest finds the known key that name is most likely a misspelling of: the same letters in another case, or at most
// one edit in a short name and two in a longer one. Further away it is another tool's key, and none of our business.
func (t KeyTable) nearest(name string) (near string, found bool) {
	best := len(name)
	for _, known := range t.spellings() {
		distance := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(known))
		if distance <= allowedEdits(known) && (!found || distance < best) {
			near, best, found = known, distance, true
		}
	}
	return near, found
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
