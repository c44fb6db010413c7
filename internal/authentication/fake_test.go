package authentication_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/lagwise/lagwise/internal/kubernetes"
)

// cluster is a Kubernetes that has the objects at these paths, and says no at those of which it has a code.
type cluster struct {
	mu      sync.Mutex
	objects map[string]string
	refuses map[string]error
	asked   int
}

func (c *cluster) Get(_ context.Context, path string, object any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if err := c.refuses[path]; err != nil {
		return err
	}
	text, found := c.objects[path]
	if !found {
		return &kubernetes.StatusError{Code: http.StatusNotFound, Message: "not found"}
	}
	return json.Unmarshal([]byte(text), object)
}

func (c *cluster) change(path, text string, refused error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.objects[path] = text
	c.refuses = map[string]error{path: refused}
}

const (
	loginPath  = "/apis/keda.sh/v1alpha1/namespaces/shop/triggerauthentications/login"
	sharedPath = "/apis/keda.sh/v1alpha1/clustertriggerauthentications/shared"
	secretPath = "/api/v1/namespaces/shop/secrets/kafka"
)

// shop has one of each kind.
func shop() *cluster {
	return &cluster{objects: map[string]string{
		loginPath: `{"spec": {
			"secretTargetRef": [{"parameter": "password", "name": "kafka", "key": "word"}, {"parameter": "sasl", "name": "kafka", "key": "sasl"}],
			"configMapTargetRef": [{"parameter": "username", "name": "who", "key": "user"}, {"parameter": "sasl", "name": "who", "key": "user"}], "podIdentity": {"provider": "none"}}}`,
		secretPath:                               `{"data": {"word": "aHVudGVyMg==", "sasl": "cGxhaW50ZXh0"}}`,
		"/api/v1/namespaces/shop/configmaps/who": `{"data": {"user": "lagwise"}}`,
		sharedPath:                               `{"spec": {"secretTargetRef": [{"parameter": "queryKey", "name": "nr", "key": "key"}]}}`,
		"/api/v1/namespaces/keda-system/secrets/nr": `{"data": {"key": "TlJBSw=="}}`,
	}}
}
