package schema

import (
	"maps"
	"slices"

	"github.com/lagwise/lagwise/scalers"
)

// Workloads is the schema of ScaledObjects and ScaledJobs, as far as triggers' metadata go: lagwise's own by the scalers' tables,
// and KEDA's built-in ones, which are named in builtin with the scaler that has their keys. Documents of other kinds, other fields
// and other triggers are let be, but that metadata are strings.
func Workloads(tables map[string]scalers.KeyTable, builtin map[string]string) Schema {
	definitions := Schema{}
	var cases []Schema
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		definitions[name] = Metadata(tables[name])
		cases = append(cases, Schema{"if": ours(name, tables[name]), "then": refer(name)})
	}
	for _, kind := range slices.Sorted(maps.Keys(builtin)) {
		definition := "keda-" + builtin[kind]
		definitions[definition] = builtinMetadata(tables[builtin[kind]])
		cases = append(cases, Schema{"if": Schema{"properties": Schema{"type": Schema{"const": kind}}, "required": []string{"type"}}, "then": refer(definition)})
	}
	trigger := Schema{
		"type": "object", "required": []string{"type", "metadata"},
		"properties": Schema{
			"type":     Schema{"type": "string"},
			"metadata": Schema{"type": "object", "additionalProperties": Schema{"type": "string"}},
		},
		"allOf": cases,
	}
	return Schema{
		"$schema": "http://json-schema.org/draft-07/schema#", "title": "Triggers of KEDA's ScaledObjects and ScaledJobs",
		"definitions": definitions,
		"if":          Schema{"properties": Schema{"kind": Schema{"enum": []string{"ScaledObject", "ScaledJob"}}}, "required": []string{"kind"}},
		"then": Schema{"properties": Schema{"spec": Schema{"properties": Schema{
			"triggers": Schema{"type": "array", "minItems": 1, "items": trigger},
		}}}},
	}
}

func refer(definition string) Schema {
	return Schema{"properties": Schema{"metadata": Schema{"$ref": "#/definitions/" + definition}}}
}

// ours is a trigger that lagwise answers with a scaler: it names the scaler, or names none and is lagwise's by its address or by a
// key that the scaler cannot do without. Other external scalers' triggers are none of our business.
func ours(name string, table scalers.KeyTable) Schema {
	metadata := Schema{"required": []string{"scaler"}, "properties": Schema{"scaler": Schema{"const": name}}}
	if name == scalers.DefaultScaler {
		signs := []Schema{{"required": []string{"scalerAddress"}, "properties": Schema{"scalerAddress": Schema{"pattern": "lagwise"}}}}
		for _, key := range table {
			if key.Required {
				signs = append(signs, required(key))
			}
		}
		metadata = Schema{"properties": Schema{"scaler": Schema{"const": name}}, "anyOf": signs}
	}
	return Schema{
		"properties": Schema{"type": Schema{"enum": []string{"external", "external-push"}}, "metadata": metadata},
		"required":   []string{"type", "metadata"},
	}
}

// builtinMetadata are the keys that KEDA shares with a scaler of lagwise's, and whose AWS account to use.
func builtinMetadata(table scalers.KeyTable) Schema {
	var shared scalers.KeyTable
	for _, key := range table {
		if key.Origin == scalers.FromKEDA {
			shared = append(shared, key)
		}
	}
	s := Metadata(shared)
	s["patternProperties"] = Schema{"^(aws|identityOwner)": Schema{"type": "string"}}
	return s
}
