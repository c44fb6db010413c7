package main

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
)

// library is one in lagwise that is no Go module: a C library that is linked, or what the status page has browsers run.
type library struct {
	Name, Version string
	// Vendor is how vulnerability databases call its maker.
	Vendor string
	// Licence is an SPDX identifier.
	Licence string
	// text finds the version in the program; nil where the library leaves none there.
	text *regexp.Regexp
	// registry is where it is published, in a package URL's words; empty for nowhere in particular.
	registry string
	// released is the day that the version was published; empty for a library whose age is not limited.
	released string
	// kept is the reason why a version older than maxAge is used, until a day when that must be judged again.
	kept, until string
}

// kafkaClient is the module whose versions are those of the librdkafka inside.
const kafkaClient = "github.com/confluentinc/confluent-kafka-go/v2@v2.15.1"

// libraries that confluent-kafka-go's prebuilt librdkafka brings along, the C library itself, and the status page's chart. Tests compare the
// versions with that librdkafka; cJSON and lz4, which leave none there, have those of its src/cJSON.h and src/lz4.h, and musl is that of zig 0.13.0.
func libraries() []library {
	return []library{
		{Name: "librdkafka", Vendor: "confluent", Licence: "BSD-2-Clause", Version: "2.15.1", released: "2026-09-10"},
		{
			Name: "openssl", Vendor: "openssl", Licence: "Apache-2.0", Version: "3.5.7", released: "2026-06-09",
			text: regexp.MustCompile(`OpenSSL ([0-9]+\.[0-9]+\.[0-9]+[a-z]?) +[0-9]+ [A-Z][a-z]{2} [0-9]{4}`),
		},
		{
			Name: "zlib", Vendor: "zlib", Licence: "Zlib", Version: "1.3.2", released: "2026-02-17",
			text: regexp.MustCompile(`inflate ([0-9.]+) Copyright`),
		},
		{Name: "curl", Vendor: "haxx", Licence: "curl", Version: "8.21.0", released: "2026-06-24"},
		{
			Name: "zstd", Vendor: "facebook", Licence: "BSD-3-Clause", Version: "1.5.7", released: "2025-02-19",
			kept: "the newest librdkafka includes it; it reads only records that a broker has sent", until: "2027-05-31",
		},
		{
			Name: "lz4", Vendor: "lz4_project", Licence: "BSD-2-Clause", Version: "1.9.4", released: "2022-08-15",
			kept: "the newest librdkafka includes it; it reads only records that a broker has sent", until: "2027-05-31",
		},
		{
			Name: "cjson", Vendor: "davegamble", Licence: "MIT", Version: "1.7.19", released: "2025-09-09",
			kept: "the newest librdkafka includes it; it reads only answers of token endpoints that librdkafka asks itself, which lagwise never configures", until: "2027-05-31",
		},
		{Name: "uplot", Vendor: "leeoniya", Licence: "MIT", registry: "npm", text: regexp.MustCompile(`leeoniya/uPlot \(v([0-9.]+)\)`)},
		{
			Name: "musl", Vendor: "musl-libc", Licence: "MIT", Version: "1.2.5", released: "2024-02-29",
			kept: "zig includes it; the one weakness known, in iconv (CVE-2025-26519), is in a function that lagwise does not call", until: "2027-05-31",
		},
	}
}

// bundledIn is what the program was linked with. A version that should be there and is not is an error: a bill that guesses
// is worse than none, and so is another librdkafka than the one whose parts are listed.
func bundledIn(program []byte, modules []*debug.Module) ([]library, error) {
	if !slices.ContainsFunc(modules, func(m *debug.Module) bool { return m.Path+"@"+m.Version == kafkaClient }) {
		return nil, fmt.Errorf("the program has no %s, whose libraries are known here", kafkaClient)
	}
	found := libraries()
	for i, l := range found {
		if l.text == nil {
			continue
		}
		match := l.text.FindSubmatch(program)
		if match == nil {
			return nil, fmt.Errorf("no version of %s in the program", l.Name)
		}
		if version := string(match[1]); l.Version != "" && l.Version != version {
			return nil, fmt.Errorf("the program has %s %s, and %s is listed here", l.Name, version, l.Version)
		}
		found[i].Version = string(match[1])
	}
	return found, nil
}
