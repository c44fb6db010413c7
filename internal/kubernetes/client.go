// Package kubernetes reads single objects of the Kubernetes API from inside a Pod. It knows none of them.
package kubernetes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers/pulse"
)

// Mounted is where a Pod finds what its service account proves itself with.
const Mounted = "/var/run/secrets/kubernetes.io/serviceaccount"

const (
	// requestTimeout bounds one request, and mostBytes its answer: Kubernetes keeps no larger object.
	requestTimeout = 10 * time.Second
	mostBytes      = 4 << 20
)

// Client asks one API server.
type Client struct {
	base    string
	account string
	http    *http.Client
}

// InPod makes the client of a Pod: address and port of the API server are in its environment, token and authority in the folder
// account, such as Mounted.
func InPod(environment func(string) string, account string) (*Client, error) {
	host, port := environment("KUBERNETES_SERVICE_HOST"), environment("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no Pod of Kubernetes")
	}
	authorities, err := os.ReadFile(filepath.Join(account, "ca.crt")) //nolint:gosec // the folder is the operator's choice
	if err != nil {
		return nil, fmt.Errorf("the API server's authority: %w", err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("the API server's authority: no certificate in %s/ca.crt", account)
	}
	return newClient("https://"+net.JoinHostPort(host, port), account, newTransport(trusted)), nil
}

func newClient(base, account string, transport *http.Transport) *Client {
	return &Client{base: base, account: account, http: &http.Client{
		Timeout:       requestTimeout,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token goes nowhere else
	}}
}

func newTransport(trusted *x509.CertPool) *http.Transport {
	return &http.Transport{
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted},
		IdleConnTimeout:   2 * time.Minute,
		ForceAttemptHTTP2: true,
		HTTP2:             pulse.HTTP2(),
	}
}

// StatusError is an answer other than the object that was asked for.
type StatusError struct {
	// Code is HTTP's, such as 404.
	Code int
	// Message is what the API server says of it.
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("Kubernetes answers %d: %s", e.Code, e.Message)
}

// Get reads the object at path into what encoding/json makes of it. Answers that are none are a StatusError.
func (c *Client) Get(ctx context.Context, path string, object any) error {
	token, err := os.ReadFile(filepath.Join(c.account, "token")) // anew each time: the kubelet exchanges it every hour
	if err != nil {
		return fmt.Errorf("the service account's token: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking Kubernetes: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("asking Kubernetes: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBytes))
	if err != nil {
		return fmt.Errorf("asking Kubernetes: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return &StatusError{Code: response.StatusCode, Message: messageOf(body)}
	}
	if err := json.Unmarshal(body, object); err != nil {
		return errors.New("asking Kubernetes: its answer is no JSON of that object") // which may be a Secret's
	}
	return nil
}

// messageOf is the message of a Status object (k8s.io/apimachinery, metav1.Status).
func messageOf(body []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &status); err != nil || status.Message == "" {
		return "without a reason"
	}
	return status.Message
}
