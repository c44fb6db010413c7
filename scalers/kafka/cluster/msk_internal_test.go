package cluster

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The token's form is Amazon's (https://github.com/aws/aws-msk-iam-auth): a presigned request to connect, without padding.
func TestTokenForMSK(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
	t.Setenv("AWS_SESSION_TOKEN", "session")
	connection := Connection{Name: "msk", SASL: &SASL{Mechanism: OAuthBearer, AWSRegion: "eu-west-3"}, TLS: &TLS{}}
	bearers := newBearers()
	var first, again, later taker
	for _, client := range []*taker{&first, &again} {
		if err := bearers.supply(client, connection); err != nil || client.failure != "" {
			t.Fatalf("no token: %v, %s", err, client.failure)
		}
	}
	if left := time.Until(first.token.Expiration); left < 14*time.Minute || left > 15*time.Minute+time.Second || again.token.TokenValue != first.token.TokenValue {
		t.Errorf("the token lasts %s, shared: %t", left, again.token.TokenValue == first.token.TokenValue)
	}
	signed, err := base64.RawURLEncoding.DecodeString(first.token.TokenValue)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := url.Parse(string(signed))
	if err != nil {
		t.Fatal(err)
	}
	query := asked.Query()
	if asked.Scheme != "https" || asked.Host != "kafka.eu-west-3.amazonaws.com" || query.Get("Action") != "kafka-cluster:Connect" ||
		query.Get("X-Amz-Expires") != "900" || query.Get("X-Amz-Security-Token") != "session" || query.Get("X-Amz-Signature") == "" ||
		!strings.HasPrefix(query.Get("X-Amz-Credential"), "AKIAEXAMPLE/") || !strings.Contains(query.Get("X-Amz-Credential"), "/eu-west-3/kafka-cluster/aws4_request") {
		t.Errorf("the token stands for %s", signed)
	}
	if strings.Contains(string(signed), "hunter2") {
		t.Error("the secret key stands in the token")
	}

	kept := bearers.kept[connection.fingerprint()] // ten minutes later
	kept.fetched, kept.token.Expiration = kept.fetched.Add(-10*time.Minute), kept.token.Expiration.Add(-10*time.Minute)
	kept.token.TokenValue = "old"
	if err := bearers.supply(&later, connection); err != nil || later.token.TokenValue == "old" || time.Until(later.token.Expiration) < 14*time.Minute {
		t.Errorf("ten minutes later the token is %v, %v", later.token, err)
	}
}

func TestNoCredentialsForMSK(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/no/such/file")
	t.Setenv("AWS_CONFIG_FILE", "/no/such/file")
	var client taker
	if err := newBearers().supply(&client, Connection{Name: "msk", SASL: &SASL{Mechanism: OAuthBearer, AWSRegion: "eu-west-3"}}); err != nil {
		t.Error(err)
	}
	if !strings.Contains(client.failure, "no token from AWS for eu-west-3") {
		t.Errorf("told %q", client.failure)
	}
}
