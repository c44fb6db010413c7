package e2e_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// A trigger logs in by the TriggerAuthentication that it names: with no rights but those that the chart gives, and with the password
// of the moment. A trigger of another namespace's gets nothing of it.
func TestLoggingInByATriggerAuthentication(t *testing.T) {
	t.Parallel()
	const queue = "parcels"
	s := shared.Scenario(t)
	trust := newTrust(t)
	trust.exchange()
	account := newAccount(t, s)
	rabbit, channel := startRabbit(t, s, queue)
	store(s, "rabbit", "amqp://nobody:wrong@"+rabbit.Address()+"/")
	own := s.OwnLagwise(lagwise.Options{
		Config: trust.configuration() + "triggerAuthentications: true\nserviceAccountFolder: " + account.folder + "\n",
		Env:    account.environment, TLS: trust.client("keda-operator"),
	})
	trust.introduceKEDA(s)
	s.Deploy(queue, stage.Pause())
	object := s.Apply("rabbitmq-authentication.yaml", stage.Set(s.Namespace, "spec", "triggers", 0, "authenticationRef", "name"),
		stage.Set(5, "spec", "pollingInterval"))

	s.Eventually(stage.Patience, func() error {
		if _, err := own.Client.IsActive(s.Context(), stage.Ref(object, 0)); err == nil {
			return errors.New("an answer with a wrong password")
		}
		return nil
	})
	store(s, "rabbit", rabbit.URL("/"))
	s.Eventually(3*stage.Patience, func() error { // it is read again within a minute
		_, err := own.Client.IsActive(s.Context(), stage.Ref(object, 0))
		return err
	})
	s.AwaitCondition(queue, "Ready", "True")
	replicas := s.Replicas(queue)
	began := time.Now()
	send(t, s, channel, queue, 1)
	s.Figure("message of RabbitMQ -> Deployment at 1, by a TriggerAuthentication", round(replicas.Reach(1, stage.Patience).At.Sub(began)))

	elsewhere := stage.Ref(object, 0)
	elsewhere.Namespace = "default"
	if _, err := own.Client.IsActive(s.Context(), elsewhere); err == nil {
		t.Error("another namespace has an answer")
	}
}

// account is a service account with the rights that the chart gives it, as a Pod has it.
type account struct {
	folder      string
	environment []string
}

func newAccount(t *testing.T, s *stage.Scenario) account {
	t.Helper()
	s.Kubectl("apply", "--filename", written(t, helm(t, "lagwise", "../manifests/chart", "--namespace", s.Namespace,
		"--set", "tls.secretName=x,tls.clientNames={keda-operator}", "--set", "triggerAuthentications.enabled=true,triggerAuthentications.namespaces={"+s.Namespace+"}",
		"--show-only", "templates/serviceaccount.yaml", "--show-only", "templates/authentications.yaml")))
	const hour = 3600
	lifetime := int64(hour)
	token, err := s.Client.CoreV1().ServiceAccounts(s.Namespace).CreateToken(s.Context(), "lagwise",
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &lifetime}}, metav1.CreateOptions{})
	s.Fatal(err)
	config := s.Cluster.Config()
	authority, err := os.ReadFile(config.CAFile)
	s.Fatal(err)
	server, err := url.Parse(config.Host)
	s.Fatal(err)
	folder := t.TempDir()
	s.Fatal(errors.Join(
		os.WriteFile(filepath.Join(folder, "token"), []byte(token.Status.Token), 0o600),
		os.WriteFile(filepath.Join(folder, "ca.crt"), authority, 0o600)))
	return account{folder, []string{"KUBERNETES_SERVICE_HOST=" + server.Hostname(), "KUBERNETES_SERVICE_PORT=" + server.Port()}}
}

func written(t *testing.T, manifest string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// store makes or changes a Secret with a URL.
func store(s *stage.Scenario, name, address string) {
	s.Put(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string][]byte{"url": []byte(address)}})
}
