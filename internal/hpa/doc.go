// Package hpa is the published arithmetic of KEDA and of the HorizontalPodAutoscaler that it creates: what they make of
// a trigger's answer. Everything in it is pure: values in, values out.
//
// It leaves out what does not follow from one answer: the HPA's stabilisation window and rate policies (its behavior),
// KEDA's fallback, pausing and scaling modifiers.
package hpa
