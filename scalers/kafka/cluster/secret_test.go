package cluster_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	const hidden = "hunter2"
	sasl := cluster.SASL{Mechanism: cluster.Plain, Username: "lagwise", Password: hidden}
	tls := cluster.TLS{CA: "authority", Key: hidden}
	connection := payments()
	connection.SASL, connection.TLS = &sasl, &tls

	for _, value := range []any{
		cluster.Secret(hidden), sasl, &sasl, tls, &tls, connection, &connection,
		[]cluster.Connection{connection},
		map[string]cluster.Connection{"payments": connection},
		[]cluster.Secret{hidden},
		map[string]cluster.Secret{"password": hidden},
	} {
		shown := map[string]string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown[verb] = fmt.Sprintf(verb, value)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%T: %v", value, err)
		}
		shown["json"] = string(encoded)
		for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
			"slog text": func(to *bytes.Buffer) slog.Handler { return slog.NewTextHandler(to, nil) },
			"slog json": func(to *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(to, nil) },
		} {
			var to bytes.Buffer
			slog.New(handler(&to)).Info("connected", "as", value)
			shown[name] = to.String()
		}
		for how, text := range shown {
			if strings.Contains(text, hidden) || strings.Contains(text, fmt.Sprintf("%x", hidden)) {
				t.Errorf("%T by %s shows the secret: %s", value, how, text)
			}
		}
	}
}
