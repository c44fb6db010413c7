package cluster

// facts are the answers to one kind of question, by what is asked about. Each question is asked once.
type facts[Key comparable, Answer any] struct {
	known map[Key]Answer
	asked map[Key]struct{}
	// wanted are to be asked with the next requests.
	wanted []Key
}

func newFacts[Key comparable, Answer any](size int) facts[Key, Answer] {
	return facts[Key, Answer]{known: make(map[Key]Answer, size), asked: map[Key]struct{}{}}
}

// get returns the answer, or sees to it that the question is asked.
func (f *facts[Key, Answer]) get(key Key) (answer Answer, known bool) {
	if answer, known = f.known[key]; known {
		return answer, true
	}
	if _, asked := f.asked[key]; !asked {
		f.asked[key] = struct{}{}
		f.wanted = append(f.wanted, key)
	}
	return answer, false
}

// take returns what is to be asked now.
func (f *facts[Key, Answer]) take() []Key {
	wanted := f.wanted
	f.wanted = nil
	return wanted
}
