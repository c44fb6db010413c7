package cron_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// A bubble's clock begins on 1 January 2000 at midnight UTC.
func TestDetailShowsEveryWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scaler := build(map[string]string{
			"scaler": "cron", "timezone": "UTC", "windowPairing": "nextEnd", "excludeDates": "2000-01-02",
			"windows": "0 6 * * * | 0 22 * * * | 3; 0 12 * * * | 0 13 * * * | 10",
		})
		time.Sleep(7 * time.Hour)
		detail, err := scalers.DetailOf(t.Context(), scaler)
		if err != nil || detail.Value != 3 || !detail.Active || len(detail.Parts) != 2 {
			t.Fatalf("got %+v, %v", detail, err)
		}
		open, shut := detail.Parts[0], detail.Parts[1]
		if open.Name != "0 6 * * * to 0 22 * * *" || open.Left != 3 || open.Figures[0].Value != 1 || open.Figures[2].Value != 15*3600 ||
			open.Note != "open; looked at again at 2000-01-01 22:00:00 UTC" {
			t.Errorf("got %+v", open)
		}
		if shut.Left != 0 || shut.Figures[0].Value != 0 || shut.Figures[1].Value != 10 || shut.Note != "shut; looked at again at 2000-01-01 12:00:00 UTC" {
			t.Errorf("got %+v", shut)
		}
		time.Sleep(24 * time.Hour)
		detail, err = scalers.DetailOf(t.Context(), scaler)
		if got := detail.Parts[0]; err != nil || got.Left != 0 || got.Figures[0].Value != 0 ||
			got.Note != "shut, because this day is excluded; looked at again at 2000-01-03 00:00:00 UTC" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
