package main

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/CycloneDX/cyclonedx-go"
)

// billOf lists Go, the modules and the other libraries as CycloneDX 1.6.
func billOf(version string, info *debug.BuildInfo, bundled []library) ([]byte, error) {
	components := []cyclonedx.Component{
		component("stdlib", info.GoVersion[len("go"):], "pkg:golang/stdlib@"+info.GoVersion[len("go"):]),
	}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		components = append(components, component(module.Path, module.Version, "pkg:golang/"+module.Path+"@"+module.Version))
	}
	for _, l := range bundled {
		c := component(l.Name, l.Version, "pkg:"+cmp.Or(l.registry, "generic")+"/"+l.Name+"@"+l.Version)
		c.CPE = fmt.Sprintf("cpe:2.3:a:%s:%s:%s:*:*:*:*:*:*:*", l.Vendor, l.Name, l.Version)
		c.Licenses = &cyclonedx.Licenses{{License: &cyclonedx.License{ID: l.Licence}}}
		components = append(components, c)
	}

	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: "lagwise", Type: cyclonedx.ComponentTypeApplication, Name: "lagwise", Version: version,
	}}
	bill.Components = &components
	var text bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON)
	encoder.SetPretty(true)
	if err := encoder.Encode(bill); err != nil {
		return nil, fmt.Errorf("writing the bill: %w", err)
	}
	return text.Bytes(), nil
}

func component(name, version, purl string) cyclonedx.Component {
	return cyclonedx.Component{
		BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: name, Version: version, PackageURL: purl,
	}
}
