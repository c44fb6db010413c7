package lag

import "fmt"

// IgnorePhantom counts records instead of offsets (key ignorePhantomLag). Transaction markers, aborted records, and what was
// compacted or deleted take offsets that no consumer can commit past before a record follows, so KEDA counts them for ever.
//
// What was read of a partition is known; what was not, because reading stops after a while or failed, counts by offsets.
// Partitions whose commit is at or past the log end, or missing without offsetResetPolicy earliest, stay as they were counted.
func IgnorePhantom() Measure {
	return Measure{
		Step: Step{Name: "phantom", Key: "ignorePhantomLag", Needs: Needs{LogStart: true, Phantom: true}},
		Do:   ignorePhantom,
	}
}

func ignorePhantom(_ View, counts []Count) Note {
	var partitions, phantom, unread int64
	var why string
	for i := range counts {
		c := &counts[i]
		r := c.Partition.records()
		if r == nil || c.Lag <= 0 {
			continue
		}
		unread = add(unread, sub(c.Partition.End, r.Through))
		if r.Unread != "" {
			why = " (" + r.Unread + ")"
		}
		if records := c.Partition.waiting(); records < c.Lag {
			partitions++
			phantom = add(phantom, sub(c.Lag, records))
			c.Lag, c.Persistent, c.Rule = records, records, "phantom"
		}
	}
	var note Note
	if partitions > 0 {
		note.Text = fmt.Sprintf("lag %d of %s holds no record: left out", phantom, several(partitions, "partition"))
	}
	if unread > 0 {
		if note.Text != "" {
			note.Text += "; "
		}
		note.Text += fmt.Sprintf("lag %d was not read%s and counts by offsets", unread, why)
	}
	return note
}
