//go:build kafka

package kafka_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/youmark/pkcs8"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/realkafka"
)

// Secrets are planted wherever one may stand, each in a way that makes lagwise complain. None of what it says, at whatever
// level and to whomever, has a piece of one.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	const planted = "planted-" // the beginning of every secret
	folder := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	block, _ := pem.Decode([]byte(text(t, shared.ClientKeyFile())))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	must(t, err)
	encrypted, err := pkcs8.MarshalPrivateKey(parsed, []byte(planted+"key-password"), nil)
	must(t, err)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: encrypted}))
	served := serve(t, fmt.Sprintf(`
listen: 127.0.0.1:0
refreshInterval: 200ms
logFormat: json
logLevel: debug
metrics: {lag: partition, like: kminion}
connections:
  - name: wrong-password
    bootstrapServers: [%q]
    tls: {caFile: %q}
    sasl: {mechanism: SCRAM-SHA-512, username: %s, passwordFile: %q}
  - name: encrypted-key
    bootstrapServers: [%q]
    tls: {caFile: %q, certificateFile: %q, keyFile: %q, keyPasswordFile: %q}
`, shared.SASLSSLAddress(), shared.CAFile(), realkafka.Admin, file("password", planted+"sasl-password\n"),
		shared.SSLAddress(), shared.CAFile(), shared.ClientCertFile(), file("key", key), file("key-password", planted+"key-password\n")))

	with := func(extra map[string]string) map[string]string {
		metadata := map[string]string{"consumerGroup": "billing", "topic": "orders"}
		maps.Copy(metadata, extra)
		return metadata
	}
	said := []string{}
	for i, test := range []struct {
		metadata map[string]string
		want     codes.Code
	}{
		{with(map[string]string{"connection": "wrong-password"}), codes.Unauthenticated},
		{with(map[string]string{"connection": "encrypted-key"}), codes.PermissionDenied},
		{with(map[string]string{"connection": "wrong-password", "password": planted + "metadata"}), codes.InvalidArgument},
		{with(map[string]string{"bootstrapServers": shared.Address(), "awsSecretAccessKeyFromEnv": planted + "from-env"}), codes.InvalidArgument},
		{with(map[string]string{"bootstrapServers": shared.Address(), "pasword": planted + "misspelt"}), codes.InvalidArgument},
		{with(map[string]string{"bootstrapServers": shared.Address(), "key": strings.Repeat(planted, 5000)}), codes.InvalidArgument},
		{with(map[string]string{"bootstrapServers": shared.Address(), "password": planted + "\uFFFD"}), codes.InvalidArgument},
		{with(map[string]string{"bootstrapServers": shared.Address(), "somebodyElsesSecret": planted + "unknown"}), codes.NotFound},
	} {
		ref := &pb.ScaledObjectRef{Namespace: "shop", Name: fmt.Sprint("worker-", i), ScalerMetadata: test.metadata}
		spec, err := served.GetMetricSpec(t.Context(), ref)
		said = append(said, fmt.Sprint(spec, err))
		stream, err := served.StreamIsActive(t.Context(), ref)
		must(t, err)
		eventually(t, patience, func() error {
			metrics, err := served.GetMetrics(t.Context(), &pb.GetMetricsRequest{ScaledObjectRef: ref})
			said = append(said, fmt.Sprint(metrics, err))
			if got := status.Code(err); got != test.want {
				return fmt.Errorf("trigger %d: %v (%w), want %v", i, got, err, test.want)
			}
			return nil
		})
		if test.want == codes.InvalidArgument {
			_, err := stream.Recv()
			said = append(said, fmt.Sprint(err))
		}
	}
	for path, code := range map[string]int{"/metrics": http.StatusOK, "/": http.StatusNotFound} {
		said = append(said, served.page(t, path, code))
	}
	for path, code := range map[string]int{"/readyz": http.StatusOK, "/livez": http.StatusOK, "/": http.StatusNotFound} {
		said = append(said, get(t, served.health+path, code))
	}
	shown := map[string]int{"/": http.StatusOK, "/api/triggers": http.StatusOK, "/api/connections": http.StatusOK, "/api/history?namespace=shop&name=worker-0": http.StatusOK}
	for i := range 8 {
		of, code := fmt.Sprintf("?namespace=shop&name=worker-%d", i), http.StatusOK
		if i == 5 || i == 6 {
			code = http.StatusNotFound // what they bring is turned away before anything is kept of it
		}
		shown["/trigger"+of], shown["/api/explain"+of] = code, code
	}
	for path, code := range shown {
		text := get(t, served.status+path, code)
		if !strings.Contains(path, "history") && !strings.Contains(text, "wrong-password") && !strings.Contains(text, "worker-") {
			t.Errorf("%s shows nothing of the triggers: %s", path, text)
		}
		said = append(said, text)
	}
	said = append(said, served.firstEvent(t, "/events/overview"), served.firstEvent(t, "/events/trigger?namespace=shop&name=worker-0"))
	said = append(said, served.stop(t))
	for _, text := range said {
		if before, after, found := strings.Cut(text, planted); found {
			t.Errorf("a secret is shown: ...%s%s%s...", before[max(0, len(before)-200):], planted, after[:min(40, len(after))])
		}
	}
	for line := range strings.Lines(key + text(t, shared.ClientKeyFile())) {
		if !strings.HasPrefix(line, "-----") && strings.Contains(strings.Join(said, ""), strings.TrimSpace(line)) {
			t.Error("a key is shown")
		}
	}
}
