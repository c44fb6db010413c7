package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// Level says what stands between a trigger and lagwise.
type Level string

// Levels, the worst first.
const (
	// Cannot: lagwise does not take the trigger as it is.
	Cannot Level = "cannot"
	// Look: it moves over, and somebody should look at something first.
	Look Level = "look"
	// None: what is to be done, or known, without any risk.
	None Level = "none"
)

// Reason is one thing to know before a trigger is moved over.
type Reason struct {
	// ID is for ever: scripts go by it.
	ID    string `json:"id"`
	Level Level  `json:"level"`
	Text  string `json:"text"`
}

// risk is a row of the table: when it applies, and what is said then. An empty text says that it does not apply.
type risk struct {
	id    string
	level Level
	look  func(Subject, Watched) string
}

// risks is the one table of what may be in the way of moving a trigger over. Those about KEDA's own scalers go by their keys, and
// by docs/moving-over.md, which tells what differs on purpose.
func risks() []risk {
	return []risk{
		{"kerberos", Cannot, kerberos},
		{"refused", Cannot, refused},
		{"differs", Look, differs},
		{"connection-missing", Look, connectionMissing},
		{"environment", Look, environment},
		{"not-answered", Look, notAnswered},
		{"scaled-job", Look, scaledJob},
		{"all-topics", Look, allTopics},
		{"persistent-lag", Look, persistentLag},
		{"unsafe-ssl", Look, unsafeSSL},
		{"scaling-modifiers", Look, scalingModifiers},
		{"clocks-change", Look, clocksChange},
		{"lagwise-key", Look, lagwiseKey},
		{"connection", None, connection},
		{"scaler-key", None, scalerKey},
		{"fallback", None, fallback},
		{"already", None, already},
	}
}

// reasons are the rows that apply, the worst first, and the worst level.
func (s Subject) reasons(w Watched) (worst Level, reasons []Reason) {
	worst = None
	levels := []Level{Cannot, Look, None}
	for _, r := range risks() {
		text := r.look(s, w)
		if text == "" {
			continue
		}
		reasons = append(reasons, Reason{r.id, r.level, text})
		if slices.Index(levels, r.level) < slices.Index(levels, worst) {
			worst = r.level
		}
	}
	return worst, reasons
}

func kerberos(s Subject, _ Watched) string {
	if s.Own || !s.knows(keySASL) || s.given(keySASL) != "gssapi" {
		return ""
	}
	return "sasl gssapi: lagwise's Kafka client is built without Kerberos; it needs SCRAM, PLAIN, OAuth or mutual TLS"
}

func refused(_ Subject, w Watched) string {
	if w.Lagwise.Cause != scalers.CauseRefused.String() {
		return ""
	}
	return "lagwise refuses it as it is: " + w.Lagwise.Why
}

func differs(_ Subject, w Watched) string {
	if !w.EverDiffered() {
		return ""
	}
	return "the two did not agree; see when and by how much"
}

func connectionMissing(s Subject, _ Watched) string {
	if s.Own || !s.needsCredentials() || s.Plan.Connection != "" {
		return ""
	}
	return s.Plan.Missing
}

func environment(s Subject, w Watched) string {
	if s.Plan.Missing == "" || connectionMissing(s, w) != "" {
		return ""
	}
	return s.Plan.Missing + ". KEDA hands it to lagwise, so it moves over; it was not compared"
}

func notAnswered(_ Subject, w Watched) string {
	if w.Lagwise.Cause == "" || w.Lagwise.Cause == scalers.CauseRefused.String() {
		return ""
	}
	return "lagwise had no answer from here, which says nothing about where it will run: " + w.Lagwise.Why
}

func scaledJob(s Subject, _ Watched) string {
	switch {
	case s.Kind != manifest.ScaledJob:
		return ""
	case s.Trigger.Type == "external-push":
		return "KEDA ignores pushes for a ScaledJob, and its operator can crash over them: say type external and a low pollingInterval"
	case s.Own:
		return ""
	default:
		return "a ScaledJob needs type external, not external-push, and a low pollingInterval, such as 1: polls are answered from memory"
	}
}

func allTopics(s Subject, _ Watched) string {
	if s.Own || !s.knows("topic") || s.given("topic") != "" || s.given("topicFromEnv") != "" {
		return ""
	}
	return "without a topic, and as long as the group has committed nothing, KEDA counts every topic that it sees, and lagwise none"
}

func persistentLag(s Subject, _ Watched) string {
	if s.Own || !s.flag("excludePersistentLag") {
		return ""
	}
	return "excludePersistentLag compares with KEDA's previous evaluation there, and here with an observation that is persistentLagInterval old (30s)"
}

func unsafeSSL(s Subject, _ Watched) string {
	if s.Own || !s.flag("unsafeSsl") {
		return ""
	}
	return "KEDA reads unsafeSsl of an external trigger for its own link to lagwise: say brokerUnsafeSsl instead"
}

func scalingModifiers(s Subject, _ Watched) string {
	if s.Own || s.Spec.ScalingModifiers == nil {
		return ""
	}
	return "a formula is made of all triggers: keep the trigger's name, which the formula uses; its number was not compared"
}

func clocksChange(s Subject, w Watched) string {
	if s.Own || !s.knows("timezone") {
		return ""
	}
	zone, err := time.LoadLocation(s.given("timezone"))
	if err != nil || w.Lagwise.At.IsZero() {
		return ""
	}
	_, now := w.Lagwise.At.In(zone).Zone()
	for month := range 12 {
		if _, then := w.Lagwise.At.AddDate(0, month+1, 0).In(zone).Zone(); then != now {
			return fmt.Sprintf("clocks change in %s: without further keys the windows do then what they do in KEDA; windowPairing: nextEnd goes by their words", zone)
		}
	}
	return ""
}

func lagwiseKey(s Subject, _ Watched) string {
	if s.Own {
		return ""
	}
	var names []string
	for _, key := range s.Keys {
		if key.Origin == scalers.Own && s.given(key.Name) != "" {
			names = append(names, key.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "KEDA ignores " + strings.Join(names, ", ") + ", and lagwise will not"
}

func connection(s Subject, _ Watched) string {
	if s.Own || s.Plan.Connection == "" {
		return ""
	}
	return "say connection: " + s.Plan.Connection + " for its credentials"
}

func scalerKey(s Subject, _ Watched) string {
	if s.Own || s.Scaler == scalers.DefaultScaler {
		return ""
	}
	return "say scaler: " + s.Scaler
}

func fallback(s Subject, _ Watched) string {
	if s.Own || s.Spec.Fallback == nil {
		return ""
	}
	return "fallback goes on to work while Kafka is down; while lagwise itself is away, the HPA keeps the replicas that it has"
}

func already(s Subject, _ Watched) string {
	if !s.Own {
		return ""
	}
	return "lagwise answers for it already"
}
