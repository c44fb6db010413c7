package news_test

import (
	"testing"

	"github.com/lagwise/lagwise/scalers/news"
)

func TestTheFirstNewsAreToldForGood(t *testing.T) {
	t.Parallel()
	told := news.New()
	select {
	case <-told.First():
		t.Error("nobody told anything")
	default:
	}
	told.Tell()
	told.Tell() // closing twice would panic
	for range 2 {
		select {
		case <-told.First():
		default:
			t.Error("the first news are over")
		}
	}
}

func TestAListenerGetsOneSignalForNewsThatItHasNotHeardOf(t *testing.T) {
	t.Parallel()
	told := news.New()
	one, stopOne := told.Listen()
	other, stopOther := told.Listen()
	defer stopOther()
	told.Tell()
	told.Tell()
	if heard := []int{len(one), len(other)}; heard[0] != 1 || heard[1] != 1 {
		t.Errorf("two listeners hold %v signals", heard)
	}
	<-one
	stopOne()
	told.Tell()
	if len(one) != 0 {
		t.Error("one that stopped to listen was told")
	}
}
