package cluster

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
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
	var tokens [2]bearerToken
	for i := range tokens {
		token, err := bearers.token(t.Context(), connection)
		if err != nil {
			t.Fatalf("no token: %v", err)
		}
		tokens[i] = token
	}
	first, again := tokens[0], tokens[1]
	if left := time.Until(first.expires); left < 14*time.Minute || left > 15*time.Minute+time.Second || again.value != first.value {
		t.Errorf("the token lasts %s, shared: %t", left, again.value == first.value)
	}
	signed, err := base64.RawURLEncoding.DecodeString(first.value)
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
	kept.fetched, kept.token.expires = kept.fetched.Add(-10*time.Minute), kept.token.expires.Add(-10*time.Minute)
	kept.token.value = "old"
	if later, err := bearers.token(t.Context(), connection); err != nil || later.value == "old" || time.Until(later.expires) < 14*time.Minute {
		t.Errorf("ten minutes later the token is %v, %v", later, err)
	}
}

func TestNoCredentialsForMSK(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/no/such/file")
	t.Setenv("AWS_CONFIG_FILE", "/no/such/file")
	_, err := newBearers().token(t.Context(), Connection{Name: "msk", SASL: &SASL{Mechanism: OAuthBearer, AWSRegion: "eu-west-3"}})
	if err == nil || !strings.Contains(err.Error(), "no token from AWS for eu-west-3") {
		t.Errorf("told %v", err)
	}
}

// A connection's role is assumed by the identity that the SDK finds, and the role's credentials sign the token.
func TestTokenForMSKByRole(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/orders"
	asked := make(chan url.Values, 1)
	refuse := false
	sts := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, request *http.Request) {
		if err := request.ParseForm(); err != nil {
			t.Error(err)
		}
		if !strings.Contains(request.Header.Get("Authorization"), "Credential=AKIAEXAMPLE/") {
			t.Errorf("asked by %s", request.Header.Get("Authorization"))
		}
		asked <- request.PostForm
		to.Header().Set("Content-Type", "text/xml")
		if refuse {
			to.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(to, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
			return
		}
		_, _ = fmt.Fprint(to, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey>`+
			`<SessionToken>of-the-role</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
	}))
	defer sts.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	for _, externalID := range []string{"", "of-the-customer"} {
		sasl := SASL{Mechanism: OAuthBearer, AWSRegion: "eu-west-3", AWSRoleARN: role, AWSExternalID: externalID}
		token, err := sasl.fetchToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		form := <-asked
		if form.Get("Action") != "AssumeRole" || form.Get("RoleArn") != role || form.Get("RoleSessionName") != "lagwise" || form.Get("ExternalId") != externalID {
			t.Errorf("asked for %v", form)
		}
		signed, err := base64.RawURLEncoding.DecodeString(token.value)
		if err != nil || !strings.Contains(string(signed), "X-Amz-Credential=ASIAROLE%2F") || !strings.Contains(string(signed), "X-Amz-Security-Token=of-the-role") {
			t.Errorf("the token stands for %s, %v", signed, err)
		}
	}
	refuse = true
	_, err := SASL{Mechanism: OAuthBearer, AWSRegion: "eu-west-3", AWSRoleARN: role}.fetchToken(t.Context())
	<-asked
	if err == nil || !strings.Contains(err.Error(), "no token from AWS for eu-west-3 with role "+role) || !strings.Contains(err.Error(), "sts:AssumeRole") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("refused with %v", err)
	}
}

// Connections with other roles share neither sessions nor tokens.
func TestRolesAreToldApart(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte]bool{}
	for _, sasl := range []SASL{
		{AWSRegion: "eu-west-3"}, {AWSRegion: "eu-west-3", AWSRoleARN: "a"}, {AWSRegion: "eu-west-3", AWSRoleARN: "b"}, {AWSRegion: "eu-west-3", AWSRoleARN: "a", AWSExternalID: "b"},
	} {
		seen[Connection{Name: "msk", SASL: &sasl}.fingerprint()] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d fingerprints of 4 connections", len(seen))
	}
}
