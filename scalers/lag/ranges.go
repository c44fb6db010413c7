package lag

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Range is a run of partition ids, First and Last included.
type Range struct{ First, Last int32 }

// Ranges are the partitions that the key partitionLimitation names, in its order. They are never expanded into single
// ids, so "0-2147483647" costs nothing. None at all means that the key is not set.
type Ranges []Range

// ParseRanges reads "1,3-5": ids and ranges with commas between, blanks allowed around each number.
//
// It follows KEDA's parsePartitionLimitation but for one difference, on purpose: KEDA accepts a range that counts down
// ("5-3") and takes it for no partition at all, so that it fails far from the mistake or counts less than was meant; here
// it is refused where it is written. Blank text is refused too: for KEDA it means that the key is not set, which is for
// the caller to know.
func ParseRanges(s string) (Ranges, error) {
	if strings.TrimSpace(s) == "" {
		return nil, errors.New(`no partition given: write ids and ranges such as "1,3-5"`)
	}
	ranges := make(Ranges, 0, 1+strings.Count(s, ","))
	for piece := range strings.SplitSeq(s, ",") {
		r, err := parseRange(strings.TrimSpace(piece))
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

func parseRange(piece string) (Range, error) {
	if piece == "" {
		return Range{}, errors.New("nothing between two commas or beside one: leave no comma over")
	}
	low, high, isRange := strings.Cut(piece, "-")
	first, err := parseID(piece, low)
	if err != nil {
		return Range{}, err
	}
	if !isRange {
		return Range{First: first, Last: first}, nil
	}
	last, err := parseID(piece, high)
	if err != nil {
		return Range{}, err
	}
	if last < first {
		return Range{}, fmt.Errorf(`%q counts down: write "%d-%d"`, piece, last, first)
	}
	return Range{First: first, Last: last}, nil
}

// parseID reads one number of a piece. A dash never gets here as a sign: it has split the piece.
func parseID(piece, number string) (int32, error) {
	id, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%q is above the highest partition id, %d", piece, math.MaxInt32)
	case err != nil || id < 0:
		return 0, fmt.Errorf(`%q is no partition: write an id such as "3" or a range such as "3-5"`, piece)
	}
	return int32(id), nil
}

// Contains says whether the partition id is in one of the ranges. No ranges contain nothing; that an unset key selects
// every partition is the selector's rule, not theirs. Its cost grows with the number of ranges, not with their length.
func (rs Ranges) Contains(id int32) bool {
	for _, r := range rs {
		if r.First <= id && id <= r.Last {
			return true
		}
	}
	return false
}

// String writes the ranges as ParseRanges reads them.
func (rs Ranges) String() string {
	var b strings.Builder
	for i, r := range rs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(int(r.First)))
		if r.Last != r.First {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(int(r.Last)))
		}
	}
	return b.String()
}
