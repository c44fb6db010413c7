// Package autoscaler holds internal/hpa to Kubernetes: its own controller of HorizontalPodAutoscalers runs here, in time that is
// simulated, and must do what internal/hpa says. It is a module of its own because Kubernetes is not to be a dependency of lagwise.
package autoscaler
