package lag_test

import (
	"slices"
	"testing"

	"github.com/lagwise/lagwise/scalers/lag"
)

func TestParseRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want lag.Ranges
	}{
		{"0", lag.Ranges{{0, 0}}},
		{"1,3-5", lag.Ranges{{1, 1}, {3, 5}}},
		{" 1 , 3 - 5 ", lag.Ranges{{1, 1}, {3, 5}}},
		{"4-4", lag.Ranges{{4, 4}}},
		{"5,1-6,5", lag.Ranges{{5, 5}, {1, 6}, {5, 5}}},
		{"+1", lag.Ranges{{1, 1}}},
		{"0-2147483647", lag.Ranges{{0, 2147483647}}},
		{"2147483647,0007", lag.Ranges{{2147483647, 2147483647}, {7, 7}}},
	} {
		got, err := lag.ParseRanges(c.in)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, %v; want %v", c.in, got, err, c.want)
		}
	}
}

func TestParseRangesRefuses(t *testing.T) {
	t.Parallel()
	const (
		noPartition = ` is no partition: write an id such as "3" or a range such as "3-5"`
		tooHigh     = ` is above the highest partition id, 2147483647`
		emptyPiece  = `nothing between two commas or beside one: leave no comma over`
		nothing     = `no partition given: write ids and ranges such as "1,3-5"`
	)
	for in, want := range map[string]string{
		"":                       nothing,
		" \t":                    nothing,
		",":                      emptyPiece,
		"1,,2":                   emptyPiece,
		"1, ,2":                  emptyPiece,
		"1,":                     emptyPiece,
		",1":                     emptyPiece,
		"a":                      `"a"` + noPartition,
		"1,b,c":                  `"b"` + noPartition,
		"-1":                     `"-1"` + noPartition,
		"3-":                     `"3-"` + noPartition,
		"-":                      `"-"` + noPartition,
		"1-2-3":                  `"1-2-3"` + noPartition,
		"1--3":                   `"1--3"` + noPartition,
		"1 3":                    `"1 3"` + noPartition,
		"1;3":                    `"1;3"` + noPartition,
		"1.5":                    `"1.5"` + noPartition,
		"0x1":                    `"0x1"` + noPartition,
		"2147483648":             `"2147483648"` + tooHigh,
		"1-99999999999999999999": `"1-99999999999999999999"` + tooHigh,
		"1,5-3":                  `"5-3" counts down: write "3-5"`,
	} {
		got, err := lag.ParseRanges(in)
		if err == nil {
			t.Errorf("%q: accepted as %v", in, got)
			continue
		}
		if err.Error() != want {
			t.Errorf("%q: %s\nwant: %s", in, err, want)
		}
	}
}

func TestNoRangesContainNothing(t *testing.T) {
	t.Parallel()
	if (lag.Ranges{}).Contains(0) || lag.Ranges(nil).String() != "" {
		t.Error("no ranges contain partition 0 or print as something")
	}
}

// FuzzParseRanges: whatever is accepted reads back as itself, holds no backward or negative range, and contains exactly
// the ids that writing every range out gives.
func FuzzParseRanges(f *testing.F) {
	for _, seed := range []string{
		"", "0", "1,3-5", " 1 , 3 - 5 ", "5-3", "a", "-1", "3-", "1-2-3", "1,,2", ",", "+1", "0-2147483647", "2147483648",
		"7-7,7", "1\n,2", "١",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		ranges, err := lag.ParseRanges(in)
		if err != nil {
			if len(ranges) > 0 || err.Error() == "" {
				t.Fatalf("%q: refused with %v and %q", in, ranges, err)
			}
			return
		}
		again, err := lag.ParseRanges(ranges.String())
		if err != nil || !slices.Equal(again, ranges) {
			t.Fatalf("%q: %v reads back as %v, %v", in, ranges, again, err)
		}
		for _, r := range ranges {
			if r.First < 0 || r.Last < r.First {
				t.Fatalf("%q: accepted %v", in, r)
			}
			if !ranges.Contains(r.First) || !ranges.Contains(r.Last) {
				t.Fatalf("%q: %v does not contain the ends of %v", in, ranges, r)
			}
		}
		const checked = 64
		written := writeOut(ranges, checked)
		for id := range int32(checked) {
			if ranges.Contains(id) != written[id] {
				t.Fatalf("%q: contains %d: %t, written out %t", in, id, ranges.Contains(id), written[id])
			}
		}
	})
}

// writeOut marks the ids below limit.
func writeOut(ranges lag.Ranges, limit int32) map[int32]bool {
	ids := map[int32]bool{}
	for _, r := range ranges {
		for id := r.First; id <= min(r.Last, limit-1); id++ {
			ids[id] = true
		}
	}
	return ids
}
