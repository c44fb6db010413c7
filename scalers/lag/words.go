package lag

import "strconv"

// several is a number with its noun: "1 partition", "3 partitions".
func several(n int64, noun string) string {
	s := strconv.FormatInt(n, 10) + " " + noun
	if n != 1 {
		s += "s"
	}
	return s
}
