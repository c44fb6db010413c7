// Package hpa is the published arithmetic of KEDA and of the HorizontalPodAutoscaler that it creates: what they make of
// a trigger's answer. Everything in it is pure: values in, values out.
//
// What the HPA remembers from one sync to the next, for its stabilisation windows and rate policies, is a value that Sync takes
// and gives back. KEDA's pausing and scaling modifiers are left out.
package hpa
