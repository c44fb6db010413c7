// Package usage stands in for Kubernetes' metrics-server, which needs kubelets that measure: here scenarios say what the pods of a
// Deployment use. The HPA reads it through the API server, as it reads metrics-server.
package usage

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	metrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// AppLabel is the label of pods that holds their Deployment's name.
const AppLabel = "app"

// window is how long a pod must have been ready before the HPA believes its figure.
const window = time.Second

// Server answers for metrics.k8s.io.
type Server struct {
	client kubernetes.Interface
	local  *httptest.Server

	mu      sync.Mutex
	burning map[types.NamespacedName]resource.Quantity
}

// Start serves until Close.
func Start(client kubernetes.Interface) *Server {
	s := &Server{client: client, burning: map[types.NamespacedName]resource.Quantity{}}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /apis/"+metrics.GroupName+"/v1beta1", s.describe)
	routes.HandleFunc("GET /apis/"+metrics.GroupName+"/v1beta1/namespaces/{namespace}/pods", s.pods)
	s.local = httptest.NewTLSServer(routes)
	return s
}

// Close ends it.
func (s *Server) Close() { s.local.Close() }

// Manifest makes it known to the API server, as metrics-server's own manifest does.
func (s *Server) Manifest() string {
	address, _ := s.local.Listener.Addr().(*net.TCPAddr)
	return fmt.Sprintf(manifest, address.Port)
}

// Burn has the pods of a Deployment use so much cpu together. Those that are ready share it evenly, as work is shared.
func (s *Server) Burn(deployment types.NamespacedName, cpu resource.Quantity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.burning[deployment] = cpu
}

// describe says what there is to read. Nothing can be deleted, so that nobody tries when a namespace goes.
func (s *Server) describe(answer http.ResponseWriter, _ *http.Request) {
	write(answer, metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: metrics.SchemeGroupVersion.String(),
		APIResources: []metav1.APIResource{{Name: "pods", Namespaced: true, Kind: "PodMetrics", Verbs: metav1.Verbs{"get", "list"}}},
	})
}

func (s *Server) pods(answer http.ResponseWriter, asked *http.Request) {
	found, err := s.client.CoreV1().Pods(asked.PathValue("namespace")).List(asked.Context(),
		metav1.ListOptions{LabelSelector: asked.URL.Query().Get("labelSelector")})
	if err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return
	}
	write(answer, s.measure(found.Items, time.Now()))
}

// measure gives each ready pod its share. Of pods that nobody spoke of nothing is known, as of those that have just begun.
func (s *Server) measure(pods []corev1.Pod, now time.Time) metrics.PodMetricsList {
	ready := map[types.NamespacedName]int64{}
	for i := range pods {
		if isReady(&pods[i]) {
			ready[ownerOf(&pods[i])]++
		}
	}
	list := metrics.PodMetricsList{TypeMeta: metav1.TypeMeta{Kind: "PodMetricsList", APIVersion: metrics.SchemeGroupVersion.String()}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range pods {
		pod, owner := &pods[i], ownerOf(&pods[i])
		total, known := s.burning[owner]
		if !known || !isReady(pod) {
			continue
		}
		share := *resource.NewMilliQuantity(total.MilliValue()/ready[owner], resource.DecimalSI)
		list.Items = append(list.Items, metrics.PodMetrics{
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels},
			Timestamp:  metav1.NewTime(now), Window: metav1.Duration{Duration: window},
			Containers: []metrics.ContainerMetrics{{Name: pod.Spec.Containers[0].Name, Usage: corev1.ResourceList{corev1.ResourceCPU: share}}},
		})
	}
	return list
}

func ownerOf(pod *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: pod.Namespace, Name: pod.Labels[AppLabel]}
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
	}
	return false
}

func write(answer http.ResponseWriter, object any) {
	answer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(answer).Encode(object) // who asked has gone
}

const manifest = `
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec:
  type: ExternalName
  externalName: localhost
  ports: [{port: %[1]d, protocol: TCP}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: metrics-server, namespace: kube-system, port: %[1]d}
`
