package status_test

import (
	"net/http"
	"testing"
)

// BenchmarkThousand makes the first page of 1,000 triggers, as a browser gets it over a connection of its own.
func BenchmarkThousand(b *testing.B) {
	address := shown(b, many(1000))
	b.ReportAllocs()
	for b.Loop() {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address+"/?sort=-lag", nil)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			b.Fatal(answer.Status)
		}
	}
}
