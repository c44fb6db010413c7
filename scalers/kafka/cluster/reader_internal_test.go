package cluster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func runReader(t *testing.T, brokers *testBrokers, committed bool) reader {
	t.Helper()
	opened, err := openReader(configured{
		Connection{Name: "test", BootstrapServers: brokers.ListenAddrs()}, Options{RequestTimeout: quick}.withDefaults(), committed,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error)
	go func() { ended <- opened.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return opened
}

// readTo collects what is seen of a partition until its end, or an error.
func readTo(t *testing.T, from reader, at partition) (offsets []int64, end sighting) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		seen := from.next(10 * time.Millisecond)
		switch {
		case seen.at != at:
		case seen.atEnd || seen.failure != nil:
			return offsets, seen
		default:
			offsets = append(offsets, seen.message.offset)
		}
	}
	t.Fatal("the end of the log was not seen")
	return nil, sighting{}
}

func TestAReaderSeesEachRecordAndTheEnd(t *testing.T) {
	t.Parallel()
	brokers := startBrokers(t, quick)
	at := partition{"orders", 1}
	stamp := time.UnixMilli(1_700_000_000_000)
	codecs := []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()}
	for _, codec := range codecs {
		producer, err := kgo.NewClient(kgo.SeedBrokers(brokers.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec))
		if err != nil {
			t.Fatal(err)
		}
		record := &kgo.Record{Topic: at.topic, Partition: at.id, Timestamp: stamp, Key: []byte("key"), Value: []byte(strings.Repeat("x", 5000))}
		if err := producer.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
		producer.Close()
	}
	from := runReader(t, brokers, false)
	from.assign(map[partition]int64{at: 2})
	var seen []message
	for len(seen) < len(codecs) {
		if news := from.next(time.Second); news.at == at && !news.atEnd {
			seen = append(seen, news.message)
		}
	}
	for i, m := range seen {
		if m.offset != int64(2+i) || !m.stamped || !m.timestamp.Equal(stamp) || m.bytes != 5003 {
			t.Errorf("record %d is seen as %+v", i, m)
		}
	}
	if _, end := readTo(t, from, at); end.message.offset != 7 || end.failure != nil {
		t.Errorf("the end is seen as %+v", end)
	}
	from.unassign([]partition{at})
	from.assign(map[partition]int64{at: 5, {"orders", 2}: 3})
	if offsets, _ := readTo(t, from, at); len(offsets) != 2 || offsets[0] != 5 {
		t.Errorf("read again from 5: %v", offsets)
	}
}

func TestAReaderReportsAnOffsetThatIsNotThere(t *testing.T) {
	t.Parallel()
	brokers := startBrokers(t, quick)
	from := runReader(t, brokers, true)
	at := partition{"orders", 0}
	from.assign(map[partition]int64{at: 700})
	if _, end := readTo(t, from, at); !errors.Is(end.failure, kerr.OffsetOutOfRange) {
		t.Errorf("seen %+v", end)
	}
	from.assign(map[partition]int64{at: 0})
	if offsets, _ := readTo(t, from, at); len(offsets) != 1 {
		t.Errorf("read %v", offsets)
	}
}
