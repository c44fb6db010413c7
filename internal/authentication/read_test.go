package authentication_test

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/authentication"
	"github.com/lagwise/lagwise/internal/kubernetes"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/secret"
)

var login = scalers.Authentication{Namespace: "shop", Name: "login"}

func TestParametersAreGathered(t *testing.T) {
	t.Parallel()
	reader := authentication.Reader{Objects: shop(), ClusterNamespace: "keda-system"}
	for named, want := range map[scalers.Authentication]map[string]secret.Text{
		login:                           {"username": "lagwise", "password": "hunter2", "sasl": "plaintext"},
		{Cluster: true, Name: "shared"}: {"queryKey": "NRAK"},
	} {
		if got, err := reader.Read(t.Context(), named); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %d parameters of %d are right, %v", named, len(got), len(want), err)
		}
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path, object string
		refused      error
		cause        scalers.Cause
		words        string
	}{
		"nothing there":     {"/elsewhere", "", nil, scalers.CauseNotFound, `Secret "gone" does not exist`},
		"no such key":       {secretPath, `{"data": {"word": "eA=="}}`, nil, scalers.CauseNotFound, `Secret "kafka" has no key "sasl", for the parameter "sasl"`},
		"not allowed":       {secretPath, "{}", &kubernetes.StatusError{Code: http.StatusForbidden, Message: "lagwise cannot get secrets"}, scalers.CauseDenied, "give its service account a Role"},
		"no authentication": {loginPath, "{}", &kubernetes.StatusError{Code: http.StatusNotFound}, scalers.CauseNotFound, `TriggerAuthentication "login" of namespace "shop" does not exist`},
		"an outage":         {loginPath, "{}", errors.New("connection refused"), scalers.CauseUnreachable, "cannot be read now"},
		"a busy server":     {loginPath, "{}", &kubernetes.StatusError{Code: http.StatusTooManyRequests}, scalers.CauseUnreachable, "cannot be read now"},
		"no token":          {loginPath, "{}", &kubernetes.StatusError{Code: http.StatusUnauthorized}, scalers.CauseUnreachable, "cannot be read now"},
		"another's path":    {loginPath, `{"spec": {"secretTargetRef": [{"parameter": "password", "name": "../../bank/secrets/x", "key": "word"}]}}`, nil, scalers.CauseRefused, "no name of Kubernetes'"},
		"too many":          {loginPath, `{"spec": {"secretTargetRef": [` + strings.Repeat(`{"name": "kafka"}, `, 64) + `{"name": "kafka"}]}}`, nil, scalers.CauseRefused, "has 65 parameters: at most 64"},
		"too much":          {secretPath, `{"data": {"word": "` + strings.Repeat("hunter2a", 44_000) + `", "sasl": ""}}`, nil, scalers.CauseRefused, "holds more than 262144 bytes"},
		"a vault":           {loginPath, `{"spec": {"hashiCorpVault": {"address": "x"}}}`, nil, scalers.CauseRefused, "has hashiCorpVault, which lagwise does not read"},
		"an identity":       {loginPath, `{"spec": {"podIdentity": {"provider": "aws"}}}`, nil, scalers.CauseRefused, "has podIdentity"},
		"a principal":       {loginPath, `{"spec": {"azureServicePrincipal": {"tenantId": "x"}}}`, nil, scalers.CauseRefused, "has azureServicePrincipal"},
		"the environment":   {loginPath, `{"spec": {"env": [{"parameter": "password"}]}}`, nil, scalers.CauseRefused, "has env"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := shop()
			objects.change(test.path, test.object, test.refused)
			if name == "nothing there" {
				objects.change(loginPath, `{"spec": {"secretTargetRef": [{"parameter": "password", "name": "gone", "key": "word"}]}}`, nil)
			}
			got, err := authentication.Reader{Objects: objects}.Read(t.Context(), login)
			if cause, _ := scalers.CauseOf(err); got != nil || cause != test.cause || !strings.Contains(err.Error(), test.words) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v is %v: %v", name, cause, err)
			}
		})
	}
}

// Values that belong together, such as a certificate and its key, are of one moment.
func TestEachObjectIsReadOnce(t *testing.T) {
	t.Parallel()
	objects := shop()
	if _, err := (authentication.Reader{Objects: objects}).Read(t.Context(), login); err != nil || objects.asked != 3 {
		t.Errorf("asked %d times for a TriggerAuthentication, a ConfigMap and a Secret: %v", objects.asked, err)
	}
}

func TestNamesThatAreNone(t *testing.T) {
	t.Parallel()
	objects := shop()
	for _, named := range []scalers.Authentication{
		{Namespace: "shop", Name: ".."}, {Namespace: "shop", Name: "a/b"}, {Namespace: "", Name: "login"}, {Namespace: "shop%2F..", Name: "login"}, {Cluster: true, Name: "Shared"},
	} {
		_, err := authentication.Reader{Objects: objects}.Read(t.Context(), named)
		if cause, _ := scalers.CauseOf(err); cause != scalers.CauseRefused || objects.asked > 0 {
			t.Errorf("%+v: %v, asked %d times", named, err, objects.asked)
		}
	}
}
