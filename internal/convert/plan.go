package convert

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// plan is what one trigger becomes.
type plan struct {
	// kind is its new type, and scaler who answers for it.
	kind, scaler string
	// add are keys that come first in the metadata, drop those that go, rename those that get another name.
	add    []pair
	drop   []string
	rename map[string]string
	// metadata is how all that reads.
	metadata map[string]string
	notes    []string
}

type pair struct{ key, value string }

// Keys that stand for the same thing under another name on the other side, or concern the way there.
const (
	keyAddress      = "scalerAddress"
	keyScaler       = "scaler"
	keyConnection   = "connection"
	keyUnsafe       = "unsafeSsl"
	keyBrokerUnsafe = "brokerUnsafeSsl"
	keySASL         = "sasl"
	keyProtocol     = "protocol"
	keyVhost        = "vhostName"

	keyAuthenticationName = "authenticationRefName"
	keyAuthenticationKind = "authenticationRefKind"
)

// clusterWide is the kind of authentication that no namespace has; the other is the default, in KEDA as in lagwise.
const clusterWide = "ClusterTriggerAuthentication"

// plan is nil for a trigger that is not to be converted; an error says why one that is cannot be.
func (c *conversion) plan(w manifest.Workload, t manifest.Trigger) (*plan, error) {
	if c.ToKEDA {
		if !lint.IsOurs(t, lint.Tables(c.Sources)) {
			return nil, nil //nolint:nilnil // both mean something: nothing to do, and nothing wrong
		}
		return c.back(t)
	}
	scaler, builtin := lint.Builtin()[t.Type]
	if !builtin {
		return nil, nil //nolint:nilnil // as above
	}
	return c.there(w, t, scaler)
}

// there moves a built-in trigger to lagwise.
func (c *conversion) there(w manifest.Workload, t manifest.Trigger, scaler string) (*plan, error) {
	p := &plan{kind: c.Type, scaler: scaler, rename: map[string]string{}, metadata: maps.Clone(t.Metadata)}
	switch {
	case p.kind == "" && w.Kind == manifest.ScaledJob:
		p.kind = "external"
	case p.kind == "":
		p.kind = "external-push"
	case p.kind == "external-push" && w.Kind == manifest.ScaledJob:
		return nil, errors.New("KEDA ignores pushes for a ScaledJob, and its operator can crash over them: say --type external")
	}
	p.add = append(p.add, pair{keyAddress, c.Address})
	if scaler != scalers.DefaultScaler {
		p.add = append(p.add, pair{keyScaler, scaler})
	}
	if err := c.logIn(t, p); err != nil {
		return nil, err
	}
	if _, both := t.Metadata[keyBrokerUnsafe]; !both && t.Metadata[keyUnsafe] != "" {
		p.renames(keyUnsafe, keyBrokerUnsafe)
	}
	for _, added := range p.add {
		if _, given := t.Metadata[added.key]; given {
			return nil, fmt.Errorf("it has a %s already, which KEDA ignores: leave it out", added.key)
		}
		p.metadata[added.key] = added.value
	}
	return p, nil
}

// logIn names the connection of a trigger that has credentials: KEDA does not pass them on to lagwise.
func (c *conversion) logIn(t manifest.Trigger, p *plan) error {
	sasl := strings.TrimSpace(t.Metadata[keySASL])
	logsIn := (sasl != "" && sasl != "none") || (t.Authentication != nil && c.knows(p.scaler, keyConnection))
	switch {
	case !logsIn:
	case c.KeepAuthentication && t.Authentication != nil && c.knows(p.scaler, keyAuthenticationName):
		c.keepAuthentication(t, p)
		return nil
	case c.Connection == "":
		remedy := "name a connection of lagwise's configuration that has them with --connection"
		if t.Authentication != nil {
			remedy += ", or say --keep-authentication"
		}
		return errors.New("it logs in, and KEDA does not pass credentials on: " + remedy)
	default:
		if unsaid := c.unsaid(t, p); len(unsaid) > 0 {
			return fmt.Errorf("the URL in its authenticationRef %s decides %[2]s, and a connection need not decide alike: write %[2]s into the trigger, which KEDA reads as well, or say --keep-authentication",
				scalers.Quote(t.Authentication.Name), strings.Join(unsaid, " and "))
		}
		p.add = append(p.add, pair{keyConnection, c.Connection})
	}
	if t.Authentication != nil {
		p.notes = append(p.notes, fmt.Sprintf("trigger %d keeps its authenticationRef %s for the way back, and lagwise gets nothing of it; take it out once you stay",
			t.Index, scalers.Quote(t.Authentication.Name)))
	}
	return nil
}

// unsaid are the keys that decide which number KEDA sees and that only the URL in a TriggerAuthentication gives: by which protocol a broker
// is asked, and about which virtual host.
func (c *conversion) unsaid(t manifest.Trigger, p *plan) (names []string) {
	if t.Authentication == nil || !c.knows(p.scaler, keyVhost) {
		return nil
	}
	if protocol := strings.TrimSpace(t.Metadata[keyProtocol]); protocol == "" || protocol == "auto" {
		names = append(names, keyProtocol)
	}
	if strings.TrimSpace(t.Metadata[keyVhost]) == "" {
		names = append(names, keyVhost)
	}
	return names
}

// keepAuthentication has lagwise read what KEDA read for the trigger.
func (c *conversion) keepAuthentication(t manifest.Trigger, p *plan) {
	p.add = append(p.add, pair{keyAuthenticationName, t.Authentication.Name})
	if t.Authentication.Kind == clusterWide {
		p.add = append(p.add, pair{keyAuthenticationKind, clusterWide})
	}
	p.notes = append(p.notes, fmt.Sprintf("trigger %d names its authenticationRef %s to lagwise; what stands in authenticationRef itself is for KEDA's link to lagwise from now on",
		t.Index, scalers.Quote(t.Authentication.Name)))
}

// knows says whether a scaler has a key.
func (c *conversion) knows(scaler, name string) bool {
	return slices.ContainsFunc(c.Sources[scaler].Keys, func(key scalers.Key) bool { return key.Name == name })
}

func (p *plan) renames(from, to string) {
	p.rename[from] = to
	p.metadata[to] = p.metadata[from]
	delete(p.metadata, from)
}

// back moves a trigger of lagwise's to KEDA.
func (c *conversion) back(t manifest.Trigger) (*plan, error) {
	p := &plan{scaler: scalers.DefaultScaler, rename: map[string]string{}, metadata: maps.Clone(t.Metadata)}
	if name := t.Metadata[keyScaler]; name != "" {
		p.scaler = name
	}
	if p.kind = c.kedaType(t, p.scaler); p.kind == "" {
		return nil, fmt.Errorf("KEDA has no trigger for scaler %s", scalers.Quote(p.scaler))
	}
	if t.Metadata[keyBrokerUnsafe] != "" && t.Metadata[keyUnsafe] == "" {
		p.renames(keyBrokerUnsafe, keyUnsafe)
	}
	if named, names := scalers.AuthenticationOf(scalers.Trigger{Metadata: t.Metadata}); names && !isOf(named, t.Authentication) {
		return nil, fmt.Errorf("its %s is %s, which KEDA wants as the trigger's authenticationRef: write it there", keyAuthenticationName, scalers.Quote(named.Name))
	}
	own := c.dropOwn(p)
	if len(own) > 0 {
		return nil, fmt.Errorf("only lagwise knows %s", strings.Join(own, ", "))
	}
	return p, c.canLogIn(t, p)
}

// isOf says whether KEDA will read the same.
func isOf(named scalers.Authentication, ref *manifest.Authentication) bool {
	return ref != nil && ref.Name == named.Name && (ref.Kind == clusterWide) == named.Cluster
}

// dropOwn takes out what concerns the way to lagwise, and gives the keys that say something else which KEDA cannot.
func (c *conversion) dropOwn(p *plan) (own []string) {
	for _, name := range slices.Sorted(maps.Keys(p.metadata)) {
		for _, key := range c.Sources[p.scaler].Keys {
			switch {
			case key.Name != name:
			case key.Origin == scalers.Link, name == keyScaler, name == keyConnection, name == keyAuthenticationName, name == keyAuthenticationKind:
				p.drop = append(p.drop, name)
				delete(p.metadata, name)
			case key.Origin == scalers.Own:
				own = append(own, name)
			}
		}
	}
	return own
}

// canLogIn says whether KEDA will know brokers and credentials.
func (c *conversion) canLogIn(t manifest.Trigger, p *plan) error {
	name, connected := t.Metadata[keyConnection]
	if !connected {
		return nil
	}
	for _, brokers := range []string{"bootstrapServers", "host"} {
		byAuthentication := brokers == "host" && t.Authentication != nil
		if c.knows(p.scaler, brokers) && p.metadata[brokers] == "" && p.metadata[brokers+"FromEnv"] == "" && !byAuthentication {
			return fmt.Errorf("connection %s has the brokers, and KEDA wants them in the trigger: add %s", scalers.Quote(name), brokers)
		}
	}
	if t.Authentication == nil {
		p.notes = append(p.notes, fmt.Sprintf("trigger %d no longer names connection %s: where that logs in, %sgive the trigger an authenticationRef with the credentials",
			t.Index, scalers.Quote(name), c.saying(p)))
	}
	return nil
}

// saying is what KEDA wants to be told in the trigger about the way it logs in.
func (c *conversion) saying(p *plan) string {
	if c.knows(p.scaler, keySASL) {
		return "say sasl and tls, and "
	}
	return ""
}

// kedaType is KEDA's type for a scaler: apache-kafka takes lists of topics and Amazon's IAM, which kafka does not.
func (c *conversion) kedaType(t manifest.Trigger, scaler string) string {
	if c.Type != "" {
		if lint.Builtin()[c.Type] != scaler {
			return ""
		}
		return c.Type
	}
	if strings.Contains(t.Metadata["topic"], ",") || t.Metadata[keySASL] == "aws_msk_iam" {
		return "apache-kafka"
	}
	if lint.Builtin()[scaler] != scaler {
		return ""
	}
	return scaler
}
