package share_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lagwise/lagwise/scalers/share"
)

func TestANamespaceGetsHalfBesideOthersAndThreeQuartersAlone(t *testing.T) {
	t.Parallel()
	var shares share.Shares
	take := func(namespace string, want int) {
		t.Helper()
		got := 0
		for shares.Room(namespace, 1, 100) == nil {
			shares.Add(namespace, 1)
			got++
		}
		if got != want {
			t.Errorf("%s got %d, want %d", namespace, got, want)
		}
	}
	take("greedy", 75)
	take("shop", 25)
	shares.Add("greedy", -30)
	take("greedy", 5)
	take("shop", 25)
	take("late", 0)
	if err := shares.Room("late", 1, 100); err == nil || err.Error() != "100 of 100 are in use" {
		t.Errorf("got %v", err)
	}
	if err := shares.Room("shop", 1, 100); err == nil || err.Error() != `namespace "shop" has 50, and may have 50 of 100` {
		t.Errorf("got %v", err)
	}
}

// Whatever comes and goes, nobody takes more than half beside others, the limit holds, and who has less than a half gets what is free.
func TestSharesHold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		var shares share.Shares
		held, total, most := map[string]int{}, 0, 2+random.IntN(1000)
		for range 500 {
			namespace, more := fmt.Sprint(random.IntN(4)), 1+random.IntN(max(1, most/8))
			if random.IntN(3) == 0 {
				more = min(more, held[namespace])
				shares.Add(namespace, -more)
				held[namespace], total = held[namespace]-more, total-more
				continue
			}
			alone := total == held[namespace]
			err := shares.Room(namespace, more, most)
			limit := max(1, most/2)
			if alone {
				limit = most - most/4
			}
			if want := held[namespace]+more <= limit && total+more <= most; want != (err == nil) {
				t.Fatalf("seed %d: %d more for %s, which has %d of %d, limit %d: %v", seed, more, namespace, held[namespace], total, most, err)
			}
			if err == nil {
				shares.Add(namespace, more)
				held[namespace], total = held[namespace]+more, total+more
			}
		}
		if shares.Total() != total {
			t.Fatalf("seed %d: %d in all, want %d", seed, shares.Total(), total)
		}
	}
}

func TestConfiguredConnectionsFindAPlace(t *testing.T) {
	t.Parallel()
	var places share.Places
	taken := func(namespace string) (count int) {
		for places.Take(namespace, 16) == nil {
			count++
		}
		return count
	}
	for _, one := range []struct {
		namespace string
		want      int
	}{{"greedy", 9}, {"shop", 3}, {"", 4}, {"late", 0}} {
		if got := taken(one.namespace); got != one.want {
			t.Errorf("%q got %d places, want %d", one.namespace, got, one.want)
		}
	}
	places.Give("")
	if got := taken(""); got != 1 {
		t.Errorf("%d places after one was given back", got)
	}
	for range 9 {
		places.Give("greedy")
	}
	if got := taken("late"); got != 6 {
		t.Errorf("the late one got %d places, want 6", got)
	}
}
