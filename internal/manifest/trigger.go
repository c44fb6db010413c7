package manifest

import "go.yaml.in/yaml/v3"

func (r *reader) triggers(nodes []*yaml.Node) []Trigger {
	var triggers []Trigger
	for i, node := range nodes {
		triggers = append(triggers, r.trigger(i, node))
	}
	return triggers
}

func (r *reader) trigger(index int, node *yaml.Node) Trigger {
	m := r.mapping(node)
	if !m.present {
		r.problem(node, "triggers: want a mapping with type and metadata, not %s", shown(resolve(node)))
	}
	t := Trigger{
		Index: index, Type: m.text("type"), Name: m.text("name"), Metadata: map[string]string{},
		MetricType: m.text("metricType"), UseCachedMetrics: m.flag("useCachedMetrics"), Place: r.place(resolve(node)), Node: resolve(node),
	}
	metadata, _ := m.last("metadata")
	m.mapping("metadata") // tells when it is none
	for _, p := range r.mapping(metadata.value).pairs {
		entry := r.entry(p, metadata.merged)
		t.Entries = append(t.Entries, entry)
		delete(t.Metadata, entry.Key)
		if entry.ValueNode.Kind == yaml.ScalarNode {
			t.Metadata[entry.Key] = entry.Value
		}
	}
	if ref := m.value("authenticationRef"); ref != nil {
		fields := m.mapping("authenticationRef")
		t.Authentication = &Authentication{Name: fields.text("name"), Kind: fields.text("kind"), Place: r.place(ref), Node: ref}
	}
	return t
}

func (r *reader) entry(p pair, elsewhere bool) Entry {
	value := resolve(p.value)
	return Entry{
		Key: p.key.Value, Value: value.Value, KeyPlace: r.place(p.key), ValuePlace: r.place(p.value), Tag: tagOf(value),
		Merged: p.merged || elsewhere, KeyNode: p.key, ValueNode: value,
	}
}
