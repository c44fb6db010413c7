package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/credentials"
)

// Why TLS handshakes fail.
const (
	NoCertificate      = "no_certificate"
	UnknownAuthority   = "unknown_authority"
	ExpiredCertificate = "expired" // or not valid yet
	InvalidCertificate = "invalid_certificate"
	WrongProtocol      = "wrong_protocol" // no TLS, an old version of it, or no HTTP/2 within
	RejectedByClient   = "rejected_by_client"
	HandshakeTimeout   = "timeout"
	ClosedByClient     = "closed"
	OtherHandshake     = "other"
)

// HandshakeFailures lists all of them.
func HandshakeFailures() []string {
	return []string{
		NoCertificate, UnknownAuthority, ExpiredCertificate, InvalidCertificate, WrongProtocol, RejectedByClient, HandshakeTimeout, ClosedByClient,
		OtherHandshake,
	}
}

// failureOf sorts the error of a server's handshake. crypto/tls has no types for some of them.
func failureOf(err error) string {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	network, isNetwork := errors.AsType[net.Error](err)
	operation, isOperation := errors.AsType[*net.OpError](err)
	switch {
	case unknown:
		return UnknownAuthority
	case isInvalid && invalid.Reason == x509.Expired:
		return ExpiredCertificate
	case unverified:
		return InvalidCertificate
	case strings.Contains(err.Error(), "didn't provide a certificate"):
		return NoCertificate
	case noTLS, strings.Contains(err.Error(), "unsupported versions"), strings.Contains(err.Error(), "unsupported application protocols"),
		strings.Contains(err.Error(), "missing selected ALPN"):
		return WrongProtocol
	case isOperation && operation.Op == "remote error": // an alert of the client's
		return RejectedByClient
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ClosedByClient
	case isNetwork && network.Timeout():
		return HandshakeTimeout
	default:
		return OtherHandshake
	}
}

// handshakeSilence is how long the same failure of one client is not logged again.
const handshakeSilence = 5 * time.Minute

// handshakes observes the TLS handshakes of its credentials. It logs and counts those that fail, which clients mostly see as a
// connection that was closed.
type handshakes struct {
	credentials.TransportCredentials

	log   *slog.Logger
	meter Meter
	// quiet is its own, so that clients that cannot log in keep back no line about triggers.
	quiet *quiet
}

func observed(inner credentials.TransportCredentials, options Options) *handshakes {
	return &handshakes{inner, options.Log, options.Meter, newQuiet()}
}

// ServerHandshake is that of the credentials.
func (h *handshakes) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) { //nolint:ireturn // as gRPC has it
	connection, info, err := h.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		h.failed(raw.RemoteAddr().String(), err)
	}
	return connection, info, err //nolint:wrapcheck // gRPC compares it
}

func (h *handshakes) failed(client string, err error) {
	cause := failureOf(err)
	h.meter.HandshakeFailed(cause)
	host, _, splitErr := net.SplitHostPort(client)
	if splitErr != nil {
		host = client
	}
	speak, unlogged := h.quiet.ask(time.Now(), h.quiet.about(nil, cause+" "+host), handshakeSilence)
	if !speak {
		return
	}
	level := slog.LevelWarn
	if cause == ClosedByClient { // as load balancers do that only look whether somebody listens
		level = slog.LevelDebug
	}
	h.log.Log(context.Background(), level, "TLS handshake failed", "client", client, "cause", cause, "error", message(err.Error()), "unlogged", unlogged)
}

// Clone copies the credentials; what is observed stays one.
func (h *handshakes) Clone() credentials.TransportCredentials { //nolint:ireturn // as gRPC has it
	return &handshakes{h.TransportCredentials.Clone(), h.log, h.meter, h.quiet}
}
