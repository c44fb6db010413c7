package schema

import "github.com/lagwise/lagwise/scalers"

// Metadata is the schema of a trigger's metadata for a scaler.
func Metadata(table scalers.KeyTable) Schema {
	properties := Schema{}
	var rules []Schema
	for _, key := range table {
		properties[key.Name] = value(key)
		if key.FromEnv {
			properties[key.Name+fromEnv] = Schema{"type": "string", "description": "The variable of the target's container that holds " + key.Name + "."}
		}
		if key.Required {
			rules = append(rules, required(key))
		}
		for _, other := range key.Excludes {
			if excluded, known := find(table, other); known {
				rules = append(rules, Schema{"not": Schema{
					"required":   []string{key.Name, other},
					"properties": Schema{key.Name: inEffect(key), other: inEffect(excluded)},
				}})
			}
		}
	}
	s := Schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(rules) > 0 {
		s["allOf"] = rules
	}
	return s
}

const fromEnv = "FromEnv"

func required(key scalers.Key) Schema {
	ways := []Schema{{"required": []string{key.Name}}}
	if key.FromEnv {
		ways = append(ways, Schema{"required": []string{key.Name + fromEnv}})
	}
	if key.Instead != "" {
		ways = append(ways, Schema{"required": []string{key.Instead}})
	}
	if len(ways) == 1 {
		return ways[0]
	}
	return Schema{"anyOf": ways}
}

// inEffect is a value that counts when keys exclude each other: a flag that is true, or anything that is not empty.
func inEffect(key scalers.Key) Schema {
	if key.Kind == scalers.KindFlag {
		return Schema{"pattern": trimmed(yes)}
	}
	return Schema{"pattern": `\S`}
}

func find(table scalers.KeyTable, name string) (scalers.Key, bool) {
	for _, key := range table {
		if key.Name == name {
			return key, true
		}
	}
	return scalers.Key{}, false
}
