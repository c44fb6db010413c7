//go:build kafka

package kafka_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

// used are what is sampled of a process, each with how much the line through its samples may rise from the end of the warm-up to
// the end: a share of its mean, and so many beside that.
var used = []struct {
	name, unit string
	of         func(sample) float64
	share, and float64
}{
	{"resident memory", "MiB", func(s sample) float64 { return s.rss }, 0.10, 2},
	{"goroutines", "", func(s sample) float64 { return s.goroutines }, 0.10, 10},
	{"open files", "", func(s sample) float64 { return s.files }, 0.10, 5},
	{"threads", "", func(s sample) float64 { return s.threads }, 0.10, 4},
}

type sample struct {
	at                              time.Duration
	rss, goroutines, files, threads float64
}

// warmUp is how much of the time is left out of the line: librdkafka, the allocator and Go's heap take what they work with.
const warmUp = 0.3

// sample looks at the process each second.
func (s *soak) sample(ctx context.Context, t *testing.T) {
	for again := true; again; again = pause(ctx, time.Second) {
		now, err := s.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		s.mu.Lock()
		s.samples = append(s.samples, now)
		s.mu.Unlock()
	}
}

func (s *soak) look(ctx context.Context) (now sample, err error) {
	pid := s.served.process.Process.Pid
	now.at = time.Since(s.began)
	if now.rss, err = process.RSS(pid); err != nil {
		return now, err
	}
	for folder, into := range map[string]*float64{"fd": &now.files, "task": &now.threads} {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", pid, folder))
		if err != nil {
			return now, err
		}
		*into = float64(len(entries))
	}
	now.goroutines, err = s.metric(ctx, "go_goroutines ")
	return now, err
}

func (s *soak) metric(ctx context.Context, name string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.served.http+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	var text strings.Builder
	if err := answer.Write(&text); err != nil {
		return 0, err
	}
	for line := range strings.Lines(text.String()) {
		if value, found := strings.CutPrefix(line, name); found {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("no %s among the metrics", name)
}

// warm are the samples after the warm-up.
func (s *soak) warm() []sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.samples[int(float64(len(s.samples))*warmUp):])
}

// rise is by how much the straight line that fits the values best rises from the first to the last of them.
func rise(samples []sample, of func(sample) float64) float64 {
	var meanAt, meanOf float64
	for _, s := range samples {
		meanAt += s.at.Seconds() / float64(len(samples))
		meanOf += of(s) / float64(len(samples))
	}
	var both, square float64
	for _, s := range samples {
		both += (s.at.Seconds() - meanAt) * (of(s) - meanOf)
		square += (s.at.Seconds() - meanAt) * (s.at.Seconds() - meanAt)
	}
	if square == 0 {
		return 0
	}
	return both / square * (samples[len(samples)-1].at - samples[0].at).Seconds()
}

func mean(samples []sample, of func(sample) float64) (mean float64) {
	for _, s := range samples {
		mean += of(s) / float64(len(samples))
	}
	return mean
}

// growing says what rises by more than its tolerance.
func (s *soak) growing() (complaints []string) {
	samples := s.warm()
	for _, u := range used {
		if rose, most := rise(samples, u.of), u.share*mean(samples, u.of)+u.and; rose > most {
			complaints = append(complaints, fmt.Sprintf("%s rose by %.1f, more than %.1f", u.name, rose, most))
		}
	}
	return complaints
}

// figures is the table for people.
func (s *soak) figures() string {
	var text strings.Builder
	samples := s.warm()
	load, _ := os.ReadFile("/proc/loadavg")
	lasted := time.Since(s.began)
	fmt.Fprintf(&text, "%s on %s; load average at the end %s.\n", lasted.Round(time.Second), process.Machine(), strings.Join(strings.Fields(string(load))[:3], ", "))
	fmt.Fprintf(&text, "%d deaths of the broker, which was away for %.0f %% of the time; at the latest %s after its return answers were right again.\n",
		s.deaths, 100*s.away.Seconds()/lasted.Seconds(), s.slowest.Round(100*time.Millisecond))
	fmt.Fprintf(&text, "%d pushes, %d configurations written, %d triggers made and forgotten, %d streams cut. Of %d questions none had a wrong\n"+
		"answer; these had an error: %v.\n\n", s.pushed, s.loads, s.created.Load(), s.streamed.Load(), s.asked.Load(), s.errors)
	fmt.Fprintf(&text, "| used | mean | least | most | rise of the fitted line | allowed |\n|---|---|---|---|---|---|\n")
	for _, u := range used {
		least, most := u.of(samples[0]), u.of(samples[0])
		for _, s := range samples {
			least, most = min(least, u.of(s)), max(most, u.of(s))
		}
		average := mean(samples, u.of)
		fmt.Fprintf(&text, "| %s | %.1f %s | %.1f | %.1f | %+.1f | %.1f |\n", u.name, average, u.unit, least, most, rise(samples, u.of), u.share*average+u.and)
	}
	return text.String()
}

func TestSoakSeesWhatGrows(t *testing.T) {
	t.Parallel()
	s := &soak{}
	for i := range 600 {
		swings := float64(i % 25) // what comes and goes is no growth
		s.samples = append(s.samples, sample{
			at: time.Duration(i) * time.Second, rss: 30 + swings/5, goroutines: 50 + swings, files: 30 + swings/5 + float64(i)/20, threads: 28,
		})
	}
	if got := s.growing(); len(got) != 1 || !strings.HasPrefix(got[0], "open files rose by 21.") {
		t.Errorf("%q", got)
	}
}
