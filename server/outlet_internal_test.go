package server

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// fakeStream counts what is sent on it.
type fakeStream struct {
	grpc.ServerStreamingServer[pb.IsActiveResponse]
	sent int
	err  error
}

func (f *fakeStream) Send(*pb.IsActiveResponse) error {
	f.sent++
	return f.err
}

func TestOutletSendsNothingOnceItIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := &fakeStream{}
		out := newOutlet(stream, pace{minInterval: time.Second, repeatInterval: time.Minute, repeats: 3}, unmetered{}.Pushed)
		if err := out.add(sight{activity: active}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if stream.sent != 2 {
			t.Fatalf("sent %d times, want the push and a repeat", stream.sent)
		}
		out.close()
		time.Sleep(time.Hour)
		synctest.Wait()
		if stream.sent != 2 {
			t.Errorf("sent %d times in all, the last ones after the end", stream.sent)
		}
	})
}

func TestOutletGivesUpOnAStreamThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		stream := &fakeStream{err: broken}
		out := newOutlet(stream, pace{repeats: 3}, unmetered{}.Pushed)
		defer out.close()
		for range 2 {
			if err := out.add(sight{activity: active}); !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if stream.sent != 1 {
			t.Errorf("tried to send %d times", stream.sent)
		}
	})
}
