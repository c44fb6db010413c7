package scalers_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lagwise/lagwise/scalers"
)

func testTable() scalers.KeyTable {
	return append(scalers.KeyTable{
		{Name: "group", Kind: scalers.KindText, Required: true, FromEnv: true, Help: "the group"},
		{Name: "topics", Kind: scalers.KindList},
		{Name: "threshold", Kind: scalers.KindInteger, Default: "10", Bounds: scalers.AtLeast(1)},
		{Name: "percent", Kind: scalers.KindInteger, Bounds: &scalers.Bounds{Min: 0, Max: 100}},
		{Name: "ratio", Kind: scalers.KindNumber, Default: "0.5", Bounds: scalers.AtLeast(0)},
		{Name: "allowIdle", Kind: scalers.KindFlag, Default: "false", Excludes: []string{"limitLag"}},
		{Name: "limitLag", Kind: scalers.KindFlag, Default: "false"},
		{Name: "policy", Kind: scalers.KindChoice, Default: "latest", Choices: []string{"latest", "earliest"}},
		{Name: "interval", Kind: scalers.KindDuration, Default: "30s", Bounds: &scalers.Bounds{Min: int64(time.Second), Max: int64(time.Hour)}},
		{Name: "even", Kind: scalers.KindText, Check: func(value string) error {
			if len(value)%2 == 1 {
				return errors.New("want an even number of letters")
			}
			return nil
		}},
		{Name: "password", Kind: scalers.KindText, Origin: scalers.Credential, FromEnv: true},
	}, scalers.CommonKeys()...)
}

func TestDecodeReadsEveryKind(t *testing.T) {
	t.Parallel()
	values, ignored, err := testTable().Decode(map[string]string{
		"group": "  g ", "topics": " a, b ,,c", "threshold": "25", "ratio": " 2.5e1 ", "allowIdle": "TRUE", "policy": "earliest", "interval": "300",
		"scalerAddress": "lagwise:6000", "enableTLS": "true",
	})
	if err != nil || len(ignored) > 0 {
		t.Fatalf("err %v, ignored %v", err, ignored)
	}
	got := fmt.Sprint(values.Text("group"), values.List("topics"), values.Integer("threshold"), values.Number("ratio"), values.Flag("allowIdle"),
		values.Text("policy"), values.Duration("interval"), values.Given("threshold"), values.Given("percent"))
	if want := "g[a b c] 25 25 trueearliest5m0s true false"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDecodeDefaultsWhenAbsentOrBlank(t *testing.T) {
	t.Parallel()
	values, _, err := testTable().Decode(map[string]string{"group": "g", "threshold": "   ", "policy": ""})
	if err != nil {
		t.Fatal(err)
	}
	if values.Integer("threshold") != 10 || values.Text("policy") != "latest" || values.Duration("interval") != 30*time.Second ||
		values.Number("ratio") != 0.5 {
		t.Errorf("defaults not in place: %+v", values)
	}
	if values.Given("threshold") {
		t.Error("a blank value counts as given")
	}
}

func TestDecodeTakesFromEnvWhenTheKeyIsEmpty(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		metadata map[string]string
		want     string
	}{
		"resolved":        {map[string]string{"groupFromEnv": "env"}, "env"},
		"plain key first": {map[string]string{"group": "plain", "groupFromEnv": "env"}, "plain"},
		"blank plain key": {map[string]string{"group": " ", "groupFromEnv": "env"}, "env"},
	} {
		values, _, err := testTable().Decode(test.metadata)
		if err != nil || values.Text("group") != test.want {
			t.Errorf("%s: got %q, %v; want %q", name, values.Text("group"), err, test.want)
		}
	}
}

func TestDecodeRefusesAndSaysWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ key, value, want string }{
		{"threshold", "0", `threshold "0": want a whole number, at least 1`},
		{"threshold", "NaN", `threshold "NaN": want a whole number, at least 1`},
		{"threshold", "1e400", `threshold "1e400": want a whole number, at least 1`},
		{"threshold", "9223372036854775808", `threshold "9223372036854775808": want a whole number, at least 1`},
		{"percent", "101", `percent "101": want a whole number, from 0 to 100`},
		{"percent", "-1", `percent "-1": want a whole number, from 0 to 100`},
		{"ratio", "-0.1", `ratio "-0.1": want a number such as 10 or 0.5, at least 0`},
		{"ratio", "NaN", `ratio "NaN": want a number such as 10 or 0.5, at least 0`},
		{"ratio", "Inf", `ratio "Inf": want a number such as 10 or 0.5, at least 0`},
		{"ratio", "1e999", `ratio "1e999": want a number such as 10 or 0.5, at least 0`},
		{"ratio", "ten", `ratio "ten": want a number such as 10 or 0.5, at least 0`},
		{"allowIdle", "yes", `allowIdle "yes": want "true" or "false"`},
		{"policy", "Earliest", `policy "Earliest": want one of latest, earliest`},
		{"interval", "5 minutes", `interval "5 minutes": want a duration such as "30s", "5m" or a number of seconds, from 1s to 1h0m0s`},
		{"interval", "2h", `interval "2h": want a duration such as "30s", "5m" or a number of seconds, from 1s to 1h0m0s`},
		{"even", "abc", `even "abc": want an even number of letters`},
		{"treshold", "5", `"treshold" is not a key; did you mean threshold?`},
		{"ThreshOld", "5", `"ThreshOld" is not a key; did you mean threshold?`},
		{"groupFromENV", "g", `"groupFromENV" is not a key; did you mean groupFromEnv?`},
		{"scaler\nname", "5", ""},
	} {
		metadata := map[string]string{"group": "g", test.key: test.value}
		_, ignored, err := testTable().Decode(metadata)
		if test.want == "" {
			if err != nil || len(ignored) != 1 {
				t.Errorf("%s: got %v, ignored %v; want it ignored", test.key, err, ignored)
			}
			continue
		}
		if err == nil || err.Error() != test.want {
			t.Errorf("%s=%q: got %v\nwant %s", test.key, test.value, err, test.want)
		}
		if cause, ok := scalers.CauseOf(err); !ok || cause != scalers.CauseRefused {
			t.Errorf("%s: cause %v, want CauseRefused", test.key, cause)
		}
	}
}

func TestDecodeReportsEveryProblemMisspellingsFirst(t *testing.T) {
	t.Parallel()
	_, _, err := testTable().Decode(map[string]string{"threshhold": "5", "percent": "x"})
	want := `"threshhold" is not a key; did you mean threshold?; group: missing; the group; percent "x": want a whole number, from 0 to 100`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestDecodeExcludesOnlyWhatIsInEffect(t *testing.T) {
	t.Parallel()
	both := map[string]string{"group": "g", "allowIdle": "true", "limitLag": "true"}
	if _, _, err := testTable().Decode(both); err == nil || err.Error() != "allowIdle and limitLag exclude each other: set one of them" {
		t.Errorf("got %v", err)
	}
	both["limitLag"] = "false"
	if _, _, err := testTable().Decode(both); err != nil {
		t.Errorf("a flag set to false excludes nothing, got %v", err)
	}
}

func TestDecodeIgnoresForeignKeysInOrder(t *testing.T) {
	t.Parallel()
	_, ignored, err := testTable().Decode(map[string]string{"group": "g", "zeta": "1", "alpha": "2", "awsRegion": "x"})
	if err != nil || fmt.Sprint(ignored) != "[alpha awsRegion zeta]" {
		t.Errorf("got %v, %v", ignored, err)
	}
}

func TestDecodeRefusesCredentialsWithoutRepeatingThem(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"password", "passwordFromEnv"} {
		_, _, err := testTable().Decode(map[string]string{"group": "g", key: "hunter2"})
		if err == nil || !strings.HasPrefix(err.Error(), key+": credentials never stand in metadata") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", key, err)
		}
	}
}

func TestDecodeKeepsWhatItCouldReadOfRefusedMetadata(t *testing.T) {
	t.Parallel()
	values, _, err := testTable().Decode(map[string]string{"group": "g", "threshold": "-3", "topics": "orders"})
	if err == nil {
		t.Fatal("not refused")
	}
	if values.Integer("threshold") != 10 || len(values.List("topics")) != 1 {
		t.Errorf("got threshold %d, topics %v", values.Integer("threshold"), values.List("topics"))
	}
}

func TestDecodeRefusesWhatIsTooLargeOrNoText(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 201 {
		many[fmt.Sprint("k", i)] = "v"
	}
	bulky := map[string]string{}
	for i := range 10 {
		bulky[fmt.Sprint("k", i)] = strings.Repeat("x", 10_000)
	}
	for name, test := range map[string]struct {
		metadata map[string]string
		want     string
	}{
		"a long value":   {map[string]string{"group": strings.Repeat("é", 1<<19)}, `the value of "group" has 1048576 bytes: at most 16384 are read`},
		"too many keys":  {many, "metadata has 201 keys: at most 200 are read"},
		"a broken value": {map[string]string{"group": "a\xffb"}, `the value of "group" is not valid UTF-8: type it anew`},
		"a broken key":   {map[string]string{"gr\uFFFDup": "g"}, "the key \"gr\uFFFDup\" is not valid UTF-8: type it anew"},
		"too much of it": {bulky, "metadata has 100020 bytes in 10 keys: at most 65536 bytes are read"},
	} {
		values, _, err := testTable().Decode(test.metadata)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v\nwant %s", name, err, test.want)
		}
		if values.Integer("threshold") != 10 {
			t.Errorf("%s: defaults are missing", name)
		}
	}
}

func TestQuoteIsShortValidAndHarmless(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "plain", "line\nbreak\x00", "\xff\xfe", strings.Repeat("日本", 100)} {
		quoted := scalers.Quote(text)
		if len(quoted) > 300 || !utf8.ValidString(quoted) || strings.ContainsAny(quoted, "\n\x00") {
			t.Errorf("Quote(%q) = %s", text, quoted)
		}
	}
}

func TestMetricNameIsNormalisedAsKEDADoes(t *testing.T) {
	t.Parallel()
	if got := scalers.MetricName("kafka-a/b.c:d%e(f)g_h,i"); got != "kafka-a-b-c-d-e-f-g_h,i" {
		t.Error(got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("group", "g", "threshold", "5")
	f.Add("groupFromEnv", "\xff", "percent", "1e9")
	f.Add("", "", "\x00", strings.Repeat("9", 400))
	f.Fuzz(func(t *testing.T, key1, value1, key2, value2 string) {
		values, _, err := testTable().Decode(map[string]string{key1: value1, key2: value2})
		if threshold := values.Integer("threshold"); threshold < 1 {
			t.Errorf("threshold %d left the decoder", threshold)
		}
		if interval := values.Duration("interval"); interval < time.Second || interval > time.Hour {
			t.Errorf("interval %s left the decoder", interval)
		}
		if percent := values.Integer("percent"); percent < 0 || percent > 100 || percent == math.MaxInt64 {
			t.Errorf("percent %d left the decoder", percent)
		}
		if err != nil && !utf8.ValidString(err.Error()) {
			t.Errorf("the message is not UTF-8: %q", err)
		}
	})
}
