package convert_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/convert"
	"github.com/lagwise/lagwise/internal/manifest"
)

// Whatever a manifest looks like, there and back gives the same bytes, where all values were quoted before.
func TestThereAndBackIsWhereItWas(t *testing.T) {
	t.Parallel()
	moved := 0
	for seed := range uint64(400) {
		text := randomManifest(rand.New(rand.NewPCG(seed, 1)))
		there, err := convert.Text("f", []byte(text), options(connected))
		if err != nil {
			t.Fatalf("%v of\n%s", err, text)
		}
		back, err := convert.Text("f", there.Text, options(toKEDA))
		if err != nil {
			t.Fatalf("%v of\n%s", err, there.Text)
		}
		if string(back.Text) != text {
			t.Fatalf("seed %d: there\n%s\nand back\n%s\nwant\n%s", seed, there.Text, back.Text, text)
		}
		moved += there.Changed
	}
	if moved < 400 {
		t.Errorf("only %d triggers were moved at all", moved)
	}
}

// randomManifest writes triggers in all the ways that people do.
func randomManifest(r *rand.Rand) string {
	newline := "\n"
	if r.IntN(4) == 0 {
		newline = "\r\n"
	}
	var lines []string
	for range 1 + r.IntN(3) {
		lines = append(lines, oneOf(r, "---", "--- # next", "---"), "kind: "+oneOf(r, "ScaledObject", "ScaledJob"), "spec:", oneOf(r, "  triggers:", "  triggers: # all", "  \"triggers\":"))
		for range 1 + r.IntN(3) {
			lines = append(lines, randomTrigger(r)...)
		}
	}
	return strings.Join(lines, newline) + oneOf(r, "", newline, newline+"# 끝")
}

func randomTrigger(r *rand.Rand) []string {
	const in = "    "
	kind, entries := "kafka", [][2]string{{"bootstrapServers", "kafka-0.kafka:9092,kafka-1.kafka:9092"}, {"consumerGroup", "주문"}, {"topic", "orders"}, {"lagThreshold", "5"}}
	switch r.IntN(4) {
	case 0:
		kind, entries = "cron", [][2]string{{"timezone", "Asia/Seoul"}, {"start", "0 8 * * 1-5"}, {"end", "0 18 * * 1-5"}, {"desiredReplicas", "2"}}
	case 1:
		entries = append(entries, [2]string{"unsafeSsl", "false"}, [2]string{"tls", "enable"}, [2]string{"sasl", "scram_sha512"})
	case 2:
		kind, entries = "cpu", [][2]string{{"value", "70"}}
	}
	r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	quote := func(text string) string {
		return oneOf(r, `"`+text+`"`, "'"+text+"'")
	}
	typed := "type: " + oneOf(r, kind, quote(kind))
	if r.IntN(3) == 0 { // braces
		var pairs []string
		for _, e := range entries {
			pairs = append(pairs, e[0]+": "+quote(e[1]))
		}
		return []string{in + "- {" + typed + ", metadata: {" + strings.Join(pairs, ", ") + "}}" + oneOf(r, "", " # in one line")}
	}
	deep := in + strings.Repeat(" ", 4+r.IntN(3))
	metadata := []string{in + "  metadata:" + oneOf(r, "", "   # what"), oneOf(r, "", deep+"# about it")}
	for _, e := range entries {
		metadata = append(metadata, deep+oneOf(r, e[0], e[0], `"`+e[0]+`"`)+":"+oneOf(r, " ", "   ")+quote(e[1])+oneOf(r, "", "", " # why", "   "), oneOf(r, "", "", deep+"# more", " "))
	}
	lines := append([]string{in + "  " + typed + oneOf(r, "", " # KEDA's")}, metadata...)
	if r.IntN(2) == 0 {
		lines = append(lines[1:], lines[0])
	}
	lines[0] = in + "- " + strings.TrimPrefix(lines[0], in+"  ")
	if r.IntN(3) == 0 {
		lines = append(lines, in+"  authenticationRef: {name: creds}")
	}
	return lines
}

func oneOf(r *rand.Rand, texts ...string) string { return texts[r.IntN(len(texts))] }

// FuzzText: whatever a file holds, the result reads as it should, and what is converted once is converted.
func FuzzText(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomManifest(rand.New(rand.NewPCG(seed, 2))))
	}
	f.Add("kind: ScaledObject\nspec: {triggers: [{type: kafka, metadata: {<<: {a: b}, ? bootstrapServers : \"k:9092\", consumerGroup: &g g}}]}")
	f.Add("\ufeffkind: ScaledObject\nspec: {triggers: [{type: kafka, metadata: {bootstrapServers: \"k:9092\", consumerGroup: g}}]}")
	f.Fuzz(func(t *testing.T, text string) {
		there, err := convert.Text("f", []byte(text), options(connected))
		if _, rest := manifest.Split(err); len(rest) > 0 {
			if there.Changed > 0 || string(there.Text) != text {
				t.Errorf("changed although %v", rest)
			}
			if strings.Contains(fmt.Sprint(rest), "report it") {
				t.Error(rest)
			}
			return
		}
		again, err := convert.Text("f", there.Text, options(connected))
		if _, rest := manifest.Split(err); len(rest) > 0 || string(again.Text) != string(there.Text) {
			t.Errorf("converted twice: %v\n%s\nonce\n%s", rest, again.Text, there.Text)
		}
	})
}
