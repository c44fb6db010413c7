package scalers

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the type of a key's value. Metadata values are strings in KEDA's API; a Kind says what the string must hold.
type Kind string

// The kinds of values.
const (
	KindText     Kind = "text"
	KindInteger  Kind = "integer"
	KindNumber   Kind = "number"
	KindFlag     Kind = "true or false"
	KindChoice   Kind = "choice"
	KindList     Kind = "list"
	KindDuration Kind = "duration"
)

// Origin says whose key it is, and so what a reader may expect of it.
type Origin string

const (
	// FromKEDA is a key of KEDA's built-in trigger: same name, same meaning.
	FromKEDA Origin = "KEDA"
	// Own is a key that only lagwise knows.
	Own Origin = "lagwise"
	// Link is a key that KEDA itself reads to reach an external scaler; it is known and ignored.
	Link Origin = "KEDA's link"
	// Credential is a key that must never stand in metadata; it is refused, and its value never repeated.
	Credential Origin = "credential"
)

// Key describes one metadata key. The tables of keys are the only place where a key is described: the decoder, the
// reference page and the linter are made from them.
type Key struct {
	Name   string
	Kind   Kind
	Origin Origin
	// Default is the value when the key is absent or empty, written as a user would write it; empty means unset.
	Default string
	// Bounds limits an integer or a number (as is) or a duration (in nanoseconds); nil means any.
	Bounds *Bounds
	// Choices are the allowed values of a KindChoice.
	Choices []string
	// FromEnv says that <Name>FromEnv, whose value KEDA resolves, stands in when the key itself is empty.
	FromEnv bool
	// Authentication says that a TriggerAuthentication may give the key's value as well; one that stands in metadata counts first.
	// Keys of the origin Credential come from there alone.
	Authentication bool
	// Required keys must be given, or the key that Instead names where it names one.
	Required bool
	Instead  string
	// OtherNames are those by which a connection, a URL or a client library has the same. They are refused with the key's name.
	OtherNames []string
	// Excludes names keys that may not be in effect together with this one.
	Excludes []string
	// Check is a further rule on the trimmed value; its error says what would be right.
	Check func(value string) error
	// Help is one line for people.
	Help string
}

// Bounds is an inclusive range.
type Bounds struct{ Min, Max int64 }

// AtLeast has no upper end.
func AtLeast(least int64) *Bounds { return &Bounds{Min: least, Max: math.MaxInt64} }

// KeyTable is every key that a scaler knows, in the order in which a reader should meet them.
type KeyTable []Key

// CommonKeys are known to every scaler: the choice of the scaler, and what KEDA reads for its own link to it
// (KEDA: pkg/scalers/external_scaler.go, externalScalerMetadata).
func CommonKeys() KeyTable {
	return KeyTable{
		{Name: "scaler", Kind: KindText, Origin: Own, Default: DefaultScaler, Help: "Which source answers for this trigger."},
		{Name: "scalerAddress", Kind: KindText, Origin: Link, Help: "Where KEDA finds lagwise."},
		{Name: "enableTLS", Kind: KindText, Origin: Link, Help: "Whether KEDA speaks TLS to lagwise."},
		{Name: "tlsCertFile", Kind: KindText, Origin: Link, Help: "KEDA's certificate file for its link, in old versions."},
		{Name: "caCert", Kind: KindText, Origin: Link, Help: "The authority that KEDA trusts on its link; belongs in a TriggerAuthentication."},
		{Name: "tlsClientCert", Kind: KindText, Origin: Link, Help: "KEDA's client certificate on its link; belongs in a TriggerAuthentication."},
		{Name: "tlsClientKey", Kind: KindText, Origin: Link, Help: "KEDA's client key on its link; belongs in a TriggerAuthentication."},
	}
}

// DropLinkSecrets takes KEDA's own certificates and key out of metadata. KEDA reads them from a TriggerAuthentication, which
// it does not pass on, so they come only when somebody has written them where they do nothing; they shall not be kept.
func DropLinkSecrets(metadata map[string]string) {
	for _, name := range []string{"caCert", "tlsClientCert", "tlsClientKey"} {
		delete(metadata, name)
	}
}

// Parse reads a trimmed, non-empty value; its error says what would be right.
func (k Key) Parse(value string) (any, error) {
	if k.Check != nil {
		if err := k.Check(value); err != nil {
			return nil, err
		}
	}
	switch k.Kind {
	case KindText:
		return value, nil
	case KindInteger:
		return k.parseInteger(value)
	case KindNumber:
		return k.parseNumber(value)
	case KindFlag:
		flag, err := strconv.ParseBool(value)
		if err != nil {
			return nil, fmt.Errorf(`want "true" or "false"`)
		}
		return flag, nil
	case KindChoice:
		if !slices.Contains(k.Choices, value) {
			return nil, fmt.Errorf("want one of %s", strings.Join(k.Choices, ", "))
		}
		return value, nil
	case KindList:
		return splitList(value), nil
	case KindDuration:
		return k.parseDuration(value)
	default:
		return nil, fmt.Errorf("no parser for kind %q", k.Kind)
	}
}

func (k Key) parseInteger(value string) (any, error) {
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil || !k.within(number) {
		return nil, fmt.Errorf("want a whole number%s", k.boundsText(func(n int64) string { return strconv.FormatInt(n, 10) }))
	}
	return number, nil
}

// parseNumber takes what KEDA takes for a float64, except what is no number that the HPA could be told.
func (k Key) parseNumber(value string) (any, error) {
	number, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) ||
		k.Bounds != nil && (number < float64(k.Bounds.Min) || number > float64(k.Bounds.Max)) {
		return nil, fmt.Errorf("want a number such as 10 or 0.5%s", k.boundsText(func(n int64) string { return strconv.FormatInt(n, 10) }))
	}
	return number, nil
}

// parseDuration takes Go's notation ("5m") and bare seconds ("300").
func (k Key) parseDuration(value string) (any, error) {
	duration, err := time.ParseDuration(value)
	if seconds, secondsErr := strconv.ParseInt(value, 10, 32); secondsErr == nil {
		duration, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || !k.within(int64(duration)) {
		return nil, fmt.Errorf(`want a duration such as "30s", "5m" or a number of seconds%s`,
			k.boundsText(func(n int64) string { return time.Duration(n).String() }))
	}
	return duration, nil
}

func (k Key) within(n int64) bool {
	return k.Bounds == nil || (n >= k.Bounds.Min && n <= k.Bounds.Max)
}

func (k Key) boundsText(show func(int64) string) string {
	switch {
	case k.Bounds == nil:
		return ""
	case k.Bounds.Max == math.MaxInt64:
		return ", at least " + show(k.Bounds.Min)
	default:
		return fmt.Sprintf(", from %s to %s", show(k.Bounds.Min), show(k.Bounds.Max))
	}
}

// splitList splits at commas, trims, and drops empty elements.
func splitList(value string) []string {
	var elements []string
	for element := range strings.SplitSeq(value, ",") {
		if element = strings.TrimSpace(element); element != "" {
			elements = append(elements, element)
		}
	}
	return elements
}
