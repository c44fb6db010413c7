package manifest

// Spec is what a workload says about scaling; nil stands for a field that is not written, and KEDA's default is in the
// comment (KEDA: apis/keda/v1alpha1, scaledobject_types.go and scaledjob_types.go).
type Spec struct {
	// MinReplicaCount is 0 by default, MaxReplicaCount 100, IdleReplicaCount none.
	MinReplicaCount, MaxReplicaCount, IdleReplicaCount *int32
	// PollingInterval is in seconds, 30 by default; CooldownPeriod 300; InitialCooldownPeriod 0.
	PollingInterval, CooldownPeriod, InitialCooldownPeriod *int32
	// Fallback is a ScaledObject's; nil means that the HPA keeps what it has while a trigger fails.
	Fallback *Fallback
	// Behavior is advanced.horizontalPodAutoscalerConfig.behavior; nil means Kubernetes' defaults.
	Behavior *Behavior
	// ScalingModifiers is advanced.scalingModifiers; nil means that each trigger counts by itself.
	ScalingModifiers *ScalingModifiers
	// ScalingStrategy is a ScaledJob's; nil means KEDA's defaults.
	ScalingStrategy *ScalingStrategy
	// RestoreToOriginalReplicaCount is false by default.
	RestoreToOriginalReplicaCount bool
	// Target is a ScaledObject's scaleTargetRef.
	Target Target
}

// Target is what a ScaledObject scales.
type Target struct {
	// APIVersion is apps/v1 by default, Kind Deployment.
	APIVersion, Kind, Name string
}

// Fallback is how many replicas run while a trigger fails.
type Fallback struct {
	FailureThreshold, Replicas int32
	// Behavior is static by default.
	Behavior string
}

// ScalingModifiers make one metric of all triggers.
type ScalingModifiers struct {
	Formula, Target, ActivationTarget, MetricType string
}

// ScalingStrategy says how many jobs KEDA starts.
type ScalingStrategy struct {
	// Strategy is default, custom, accurate or eager.
	Strategy                          string
	CustomScalingQueueLengthDeduction *int32
	CustomScalingRunningJobPercentage string
	// MultipleScalersCalculation is max by default.
	MultipleScalersCalculation string
}

// Behavior is the HPA's scaling behaviour; nil rules stand for Kubernetes' defaults.
type Behavior struct {
	ScaleUp, ScaleDown *ScalingRules
}

// ScalingRules are those of one direction.
type ScalingRules struct {
	// StabilizationWindowSeconds is 0 by default to scale up, 300 to scale down.
	StabilizationWindowSeconds *int32
	// SelectPolicy is Max by default, Min or Disabled.
	SelectPolicy string
	Policies     []Policy
	// Tolerance is relative, such as 0.05; nil stands for the cluster's, which is 0.1 by default.
	Tolerance *float64
}

// Policy bounds a change: at most Value pods, or percent of the pods, in PeriodSeconds.
type Policy struct {
	// Type is Pods or Percent.
	Type                 string
	Value, PeriodSeconds int32
}

func specOf(m mapping) Spec {
	advanced := m.mapping("advanced")
	target := m.mapping("scaleTargetRef")
	return Spec{
		MinReplicaCount:       m.integer("minReplicaCount"),
		MaxReplicaCount:       m.integer("maxReplicaCount"),
		IdleReplicaCount:      m.integer("idleReplicaCount"),
		PollingInterval:       m.integer("pollingInterval"),
		CooldownPeriod:        m.integer("cooldownPeriod"),
		InitialCooldownPeriod: m.integer("initialCooldownPeriod"),
		Fallback:              fallbackOf(m.mapping("fallback")),
		Behavior:              behaviorOf(advanced.mapping("horizontalPodAutoscalerConfig").mapping("behavior")),
		ScalingModifiers:      modifiersOf(advanced.mapping("scalingModifiers")),
		ScalingStrategy:       strategyOf(m.mapping("scalingStrategy")),
		Target:                Target{APIVersion: target.text("apiVersion"), Kind: target.text("kind"), Name: target.text("name")},

		RestoreToOriginalReplicaCount: advanced.flag("restoreToOriginalReplicaCount"),
	}
}

func fallbackOf(m mapping) *Fallback {
	if !m.present {
		return nil
	}
	return &Fallback{FailureThreshold: orZero(m.integer("failureThreshold")), Replicas: orZero(m.integer("replicas")), Behavior: m.text("behavior")}
}

func modifiersOf(m mapping) *ScalingModifiers {
	if !m.present {
		return nil
	}
	return &ScalingModifiers{
		Formula: m.text("formula"), Target: m.text("target"), ActivationTarget: m.text("activationTarget"), MetricType: m.text("metricType"),
	}
}

func strategyOf(m mapping) *ScalingStrategy {
	if !m.present {
		return nil
	}
	return &ScalingStrategy{
		Strategy:                          m.text("strategy"),
		CustomScalingQueueLengthDeduction: m.integer("customScalingQueueLengthDeduction"),
		CustomScalingRunningJobPercentage: m.text("customScalingRunningJobPercentage"),
		MultipleScalersCalculation:        m.text("multipleScalersCalculation"),
	}
}

func behaviorOf(m mapping) *Behavior {
	if !m.present {
		return nil
	}
	return &Behavior{ScaleUp: rulesOf(m.mapping("scaleUp")), ScaleDown: rulesOf(m.mapping("scaleDown"))}
}

func rulesOf(m mapping) *ScalingRules {
	if !m.present {
		return nil
	}
	rules := &ScalingRules{
		StabilizationWindowSeconds: m.integer("stabilizationWindowSeconds"),
		SelectPolicy:               m.text("selectPolicy"),
		Tolerance:                  m.quantity("tolerance"),
	}
	for _, policy := range m.list("policies") {
		p := m.reader.mapping(policy)
		rules.Policies = append(rules.Policies, Policy{
			Type: p.text("type"), Value: orZero(p.integer("value")), PeriodSeconds: orZero(p.integer("periodSeconds")),
		})
	}
	return rules
}

func orZero(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}
