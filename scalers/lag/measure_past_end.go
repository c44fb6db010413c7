package lag

import "strconv"

// PastEnd returns how many offsets the commit lies past the log end; 0 where it does not. No consumer can be there: the
// topic was deleted and created again, or the log was truncated.
func (p Partition) PastEnd() int64 {
	if !p.HasCommitted {
		return 0
	}
	return max(0, sub(p.Committed, p.End))
}

// WarnPastEnd counts nothing. It warns of the partitions that Committed counts below zero.
func WarnPastEnd() Measure {
	return Measure{Step: Step{Name: "past-end"}, Do: func(_ View, counts []Count) Note {
		past := pastEnd(counts)
		if past == "" {
			return Note{}
		}
		return Note{
			Warning: true,
			Text: past + ": lag below zero, as KEDA counts it, hides the lag of other partitions; " +
				"set clampToLogStart to count from where a consumer resumes",
		}
	}}
}

// mostNamed is how many partitions a text names.
const mostNamed = 3

// pastEnd names the partitions whose commits lie past the log end; it is empty where there are none.
func pastEnd(counts []Count) string {
	var named []byte
	var found int64
	for i := range counts {
		p := &counts[i].Partition
		if p.PastEnd() == 0 {
			continue
		}
		if found++; found > mostNamed {
			continue
		}
		if found > 1 {
			named = append(named, ", "...)
		}
		named = append(append(named, p.Topic...), '/')
		named = append(strconv.AppendInt(named, int64(p.ID), 10), " committed "...)
		named = append(strconv.AppendInt(named, p.Committed, 10), " past the log end "...)
		named = strconv.AppendInt(named, p.End, 10)
	}
	if found > mostNamed {
		named = append(named, ", "+several(found-mostNamed, "more partition")...)
	}
	return string(named)
}
