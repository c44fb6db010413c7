// Package image tests the container image that "make image" has built: it unpacks the layers and runs what is in them.
package image_test

import (
	"context"
	"crypto/x509"
	"debug/elf"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/lagwise/lagwise/proto/externalscaler"
)

const built = layout("../../dist/image")

// mostBytes that anybody has to pull.
const mostBytes = 20_000_000

// run is how a program of each processor is started here.
func run() map[string][]string {
	return map[string][]string{"amd64": nil, "arm64": {"qemu-aarch64-static"}}
}

// The image is small, belongs to nobody's root, and its program needs no file of the system.
func TestProgram(t *testing.T) {
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for architecture, start := range run() {
		t.Run(architecture, func(t *testing.T) {
			image := built.of(t, architecture)
			var bytes int64
			for _, layer := range image.Layers {
				bytes += layer.Size
			}
			t.Logf("%d bytes to pull", bytes)
			if bytes > mostBytes {
				t.Errorf("want %d at most", mostBytes)
			}
			var s settings
			read(t, built.blob(image.Config.Digest), &s)
			if s.Config.User != "65532:65532" {
				t.Errorf("it runs as %q", s.Config.User)
			}

			program := filepath.Join(built.unpack(t, image), s.Config.Entrypoint[0])
			parsed, err := elf.Open(program)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = parsed.Close() }()
			if parsed.Machine != machines[architecture] {
				t.Errorf("the program is for %s", parsed.Machine)
			}
			for _, part := range parsed.Progs {
				if part.Type == elf.PT_INTERP {
					t.Error("the program asks for a loader: it is not static")
				}
			}
			if symbols, err := parsed.Symbols(); err == nil {
				t.Errorf("the program carries %d symbols: it is not stripped", len(symbols))
			}

			text, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "text/template.(*state)") { // names of functions outlive stripping
				t.Error("something in the program runs templates, which keeps every exported method in it: 5 MB")
			}

			version := append(append([]string{}, start...), program, "version")
			said, err := exec.CommandContext(t.Context(), version[0], version[1:]...).CombinedOutput()
			if err != nil {
				t.Errorf("it does not run: %v: %s", err, said)
			}
		})
	}
}

// A Kafka whose certificate a public authority has signed is trusted without any setting.
func TestAuthorities(t *testing.T) {
	root := built.unpack(t, built.of(t, "amd64"))
	text, err := os.ReadFile(filepath.Join(root, "etc", "ssl", "certs", "ca-certificates.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		t.Error("no certificate authority can be read")
	}
}

// What its parts' licences ask for is handed on with the program.
func TestPaperwork(t *testing.T) {
	papers := filepath.Join(built.unpack(t, built.of(t, "arm64")), "licenses")
	var bill struct {
		Components []struct{ Name, Version string }
	}
	read(t, filepath.Join(papers, "bill.cdx.json"), &bill)
	versions := map[string]string{}
	for _, component := range bill.Components {
		versions[component.Name] = component.Version
	}
	terms, err := os.ReadFile(filepath.Join(papers, "NOTICES.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for name, licence := range map[string]string{
		"google.golang.org/grpc": "==== google.golang.org/grpc", "stdlib": "==== Go: LICENSE",
		"librdkafka": "==== librdkafka: LICENSES.txt", "openssl": "OpenSSL Project Authors", "musl": "musl as a whole is licensed",
	} {
		if versions[name] == "" {
			t.Errorf("the bill does not name %s", name)
		}
		if !strings.Contains(string(terms), licence) {
			t.Errorf("the notices lack %q", licence)
		}
	}
}

// With nothing but the image's files, and as the image's user, lagwise answers KEDA. The trigger's time zone is one that the
// system would have to bring, if the program did not.
func TestServes(t *testing.T) {
	root := built.unpack(t, built.of(t, "amd64"))
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	// The test context ends before its clean-up, in which the program shall end in order.
	program := exec.CommandContext(context.WithoutCancel(t.Context()), "/lagwise", "serve", "--listen", address)
	program.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     root,
		Credential: &syscall.Credential{Uid: 65532, Gid: 65532},
		Pdeathsig:  syscall.SIGKILL,
	}
	program.Dir, program.Env = "/", []string{}
	program.Stdout, program.Stderr = t.Output(), t.Output()
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Signal(syscall.SIGTERM)
		if err := program.Wait(); err != nil {
			t.Errorf("it did not end in order: %v", err)
		}
	})

	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := externalscaler.NewExternalScalerClient(connection).IsActive(ctx, &externalscaler.ScaledObjectRef{
		Name: "orders", Namespace: "shop",
		ScalerMetadata: map[string]string{
			"scaler": "cron", "timezone": "Asia/Seoul", "start": "0 0 1 1 *", "end": "59 23 31 12 *", "desiredReplicas": "2",
		},
	}, grpc.WaitForReady(true))
	if err != nil || !answer.GetResult() {
		t.Errorf("it answers %v, %v", answer, err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
