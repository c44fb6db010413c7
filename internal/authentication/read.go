// Package authentication reads what TriggerAuthentications of KEDA's say, for triggers that name them, and reads it again while
// somebody follows.
package authentication

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/lagwise/lagwise/internal/kubernetes"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/secret"
)

// Getter reads one object of Kubernetes.
type Getter interface {
	Get(ctx context.Context, path string, object any) error
}

// object is a TriggerAuthentication or ClusterTriggerAuthentication (KEDA: apis/keda/v1alpha1/triggerauthentication_types.go).
type object struct {
	Spec struct {
		SecretTargetRef    []target  `json:"secretTargetRef"`
		ConfigMapTargetRef []target  `json:"configMapTargetRef"`
		Env                []foreign `json:"env"`
		PodIdentity        identity  `json:"podIdentity"`
		HashiCorpVault     *foreign  `json:"hashiCorpVault"`
		AzureKeyVault      *foreign  `json:"azureKeyVault"`
		GCPSecretManager   *foreign  `json:"gcpSecretManager"`
		AWSSecretManager   *foreign  `json:"awsSecretManager"`
		ServiceAccounts    []foreign `json:"boundServiceAccountToken"`
		FilePath           string    `json:"filePath"`
		OAuth2             *foreign  `json:"oauth2"`
		ServicePrincipal   *foreign  `json:"azureServicePrincipal"`
	} `json:"spec"`
}

// target is one parameter and where it stands.
type target struct {
	Parameter string `json:"parameter"`
	Name      string `json:"name"`
	Key       string `json:"key"`
}

// foreign is a part that lagwise does not read.
type foreign struct{}

// identity is a pod's, in the place of credentials; "none" says that there is none.
type identity struct {
	Provider string `json:"provider"`
}

// unread names the parts of an authentication that lagwise does not read.
func (o object) unread() []string {
	var parts []string
	for _, part := range []struct {
		name  string
		there bool
	}{
		{"env", len(o.Spec.Env) > 0},
		{"podIdentity", o.Spec.PodIdentity.Provider != "" && o.Spec.PodIdentity.Provider != "none"},
		{"hashiCorpVault", o.Spec.HashiCorpVault != nil},
		{"azureKeyVault", o.Spec.AzureKeyVault != nil},
		{"gcpSecretManager", o.Spec.GCPSecretManager != nil},
		{"awsSecretManager", o.Spec.AWSSecretManager != nil},
		{"boundServiceAccountToken", len(o.Spec.ServiceAccounts) > 0},
		{"filePath", o.Spec.FilePath != ""},
		{"oauth2", o.Spec.OAuth2 != nil},
		{"azureServicePrincipal", o.Spec.ServicePrincipal != nil},
	} {
		if part.there {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// Reader reads authentications.
type Reader struct {
	Objects Getter
	// ClusterNamespace is where the Secrets of ClusterTriggerAuthentications are: KEDA's own namespace, unless its
	// KEDA_CLUSTER_OBJECT_NAMESPACE says otherwise.
	ClusterNamespace string
}

// Read gathers an authentication's parameters in KEDA's order, a Secret's after those of ConfigMaps (KEDA:
// pkg/scaling/resolver/scale_resolvers.go, resolveAuthRef). What KEDA leaves empty when it is missing is an error here.
func (r Reader) Read(ctx context.Context, named scalers.Authentication) (map[string]secret.Text, error) {
	if !name.MatchString(named.Name) || !named.Cluster && !name.MatchString(named.Namespace) {
		return nil, scalers.Errorf(scalers.CauseRefused, "%s: no name of Kubernetes'", named)
	}
	path, namespace := "/apis/keda.sh/v1alpha1/clustertriggerauthentications/"+url.PathEscape(named.Name), r.ClusterNamespace
	if !named.Cluster {
		path, namespace = "/apis/keda.sh/v1alpha1"+in(named.Namespace)+"triggerauthentications/"+url.PathEscape(named.Name), named.Namespace
	}
	var found object
	if err := r.Objects.Get(ctx, path, &found); err != nil {
		return nil, explain(named.String(), err)
	}
	if parts := found.unread(); len(parts) > 0 {
		return nil, scalers.Errorf(scalers.CauseRefused,
			"%s has %s, which lagwise does not read: give its parameters by secretTargetRef or configMapTargetRef, or name a connection (connection: NAME)", named, parts[0])
	}
	return r.gather(ctx, named, namespace, found)
}

// Bounds on what one authentication may hold: it is kept in memory, and whoever writes it need not be lagwise's operator.
const (
	mostParameters = 64
	mostBytes      = 256 << 10
)

func (r Reader) gather(ctx context.Context, named scalers.Authentication, namespace string, found object) (map[string]secret.Text, error) {
	if n := len(found.Spec.ConfigMapTargetRef) + len(found.Spec.SecretTargetRef); n > mostParameters {
		return nil, scalers.Errorf(scalers.CauseRefused, "%s has %d parameters: at most %d are read", named, n, mostParameters)
	}
	credentials, bytes := map[string]secret.Text{}, 0
	for _, from := range []struct {
		source  source
		targets []target
	}{
		{configMaps(namespace), found.Spec.ConfigMapTargetRef},
		{secrets(namespace), found.Spec.SecretTargetRef},
	} {
		// Each object is read once, so that values which belong together are of one moment.
		objects := map[string]map[string]secret.Text{}
		for _, one := range from.targets {
			value, err := from.source.value(ctx, r.Objects, one, objects)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", named, err)
			}
			if bytes += len(value); bytes > mostBytes {
				return nil, scalers.Errorf(scalers.CauseRefused, "%s holds more than %d bytes: no more are read", named, mostBytes)
			}
			credentials[one.Parameter] = value
		}
	}
	return credentials, nil
}

func in(namespace string) string { return "/namespaces/" + url.PathEscape(namespace) + "/" }

// name is a name of Kubernetes' (RFC 1123 subdomain). Others are not asked for: what a path makes of them is anybody's guess.
var name = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

// source is a kind of objects that hold values.
type source struct {
	kind, path string
	read       func(ctx context.Context, objects Getter, path string) (map[string]secret.Text, error)
}

func configMaps(namespace string) source {
	return source{"ConfigMap", "/api/v1" + in(namespace) + "configmaps/", valuesOf[secret.Text]}
}

func secrets(namespace string) source {
	return source{"Secret", "/api/v1" + in(namespace) + "secrets/", valuesOf[[]byte]}
}

// valuesOf reads an object's data: of a Secret they are bytes, in base64.
func valuesOf[Value ~string | ~[]byte](ctx context.Context, objects Getter, path string) (map[string]secret.Text, error) {
	var found struct {
		Data map[string]Value `json:"data"`
	}
	err := objects.Get(ctx, path, &found)
	values := map[string]secret.Text{}
	for key, value := range found.Data {
		values[key] = secret.Text(value)
	}
	return values, err
}

func (s source) value(ctx context.Context, objects Getter, from target, read map[string]map[string]secret.Text) (secret.Text, error) {
	what := fmt.Sprintf("%s %s", s.kind, scalers.Quote(from.Name))
	if !name.MatchString(from.Name) {
		return "", scalers.Errorf(scalers.CauseRefused, "%s: no name of Kubernetes'", what)
	}
	if _, found := read[from.Name]; !found {
		values, err := s.read(ctx, objects, s.path+from.Name)
		if err != nil {
			return "", explain(what, err)
		}
		read[from.Name] = values
	}
	value, there := read[from.Name][from.Key]
	if !there {
		return "", scalers.Errorf(scalers.CauseNotFound, "%s has no key %s, for the parameter %s", what, scalers.Quote(from.Key), scalers.Quote(from.Parameter))
	}
	return value, nil
}

// explain gives an error of Kubernetes its cause. Its message may name the service account, which is what to give rights to.
func explain(what string, err error) error {
	status, answered := errors.AsType[*kubernetes.StatusError](err)
	switch {
	case !answered:
		return scalers.Errorf(scalers.CauseUnreachable, "%s cannot be read now: %w", what, err)
	case status.Code == http.StatusNotFound:
		return scalers.Errorf(scalers.CauseNotFound, "%s does not exist: %w", what, err)
	case status.Code == http.StatusForbidden:
		return scalers.Errorf(scalers.CauseDenied, "%s may not be read by lagwise: give its service account a Role for that: %w", what, err)
	default:
		return scalers.Errorf(scalers.CauseUnreachable, "%s cannot be read now: %w", what, err)
	}
}
