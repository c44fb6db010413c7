package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// alert is the first byte of what a server that expects TLS answers to anything else.
const alert = 0x15

var errSpeaksTLS = errors.New("TLS is spoken there: say amqps or https")

// demand remembers whether a broker asked for a certificate and was shown none. TLS 1.3 lets such a client in first, and hangs up
// then: what comes of it is a connection that broke, as often as an error that says why.
type demand struct {
	// unmet is set while nothing has come through since.
	unmet atomic.Bool
	// hasCertificate says that there was one to show, though not by an authority that the broker takes.
	hasCertificate bool
}

// watch has the configuration tell of handshakes. The choice of the certificate is the one of crypto/tls.
func (d *demand) watch(config *tls.Config) {
	pairs := config.Certificates
	d.hasCertificate = len(pairs) > 0
	config.GetClientCertificate = func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		for i := range pairs {
			if asked.SupportsCertificate(&pairs[i]) == nil {
				return &pairs[i], nil
			}
		}
		d.unmet.Store(true)
		return &tls.Certificate{}, nil
	}
}

// met says that something has come through.
func (d *demand) met() { d.unmet.Store(false) }

// explain adds to an error what the broker asked for before.
func (d *demand) explain(err error) error {
	switch {
	case !d.unmet.Load():
		return err
	case d.hasCertificate:
		return fmt.Errorf("a certificate is asked for, and lagwise's is not by an authority that is taken there: %w", err)
	default:
		return fmt.Errorf("a certificate is asked for, and lagwise has none (tls.certificateFile): %w", err)
	}
}

// overheard is a socket that keeps what AMQP's client does not tell: it calls a connection closed, whatever closed it.
type overheard struct {
	net.Conn
	first  atomic.Int32 // byte that was read, plus one; 0 before
	failed atomic.Pointer[net.OpError]
	ended  chan struct{} // closed when reading has failed
	once   sync.Once
}

func overhear(socket net.Conn) *overheard {
	return &overheard{Conn: socket, ended: make(chan struct{})}
}

func (o *overheard) Read(into []byte) (int, error) {
	n, err := o.Conn.Read(into)
	if n > 0 {
		o.first.CompareAndSwap(0, int32(into[0])+1)
	}
	if err != nil {
		if network, is := errors.AsType[*net.OpError](err); is {
			o.failed.CompareAndSwap(nil, network)
		}
		o.once.Do(func() { close(o.ended) })
	}
	return n, err //nolint:wrapcheck // a socket's own error
}

// Write lets whoever reads come to an end first where it fails: what the broker said before it hung up may still be unread.
func (o *overheard) Write(from []byte) (int, error) {
	n, err := o.Conn.Write(from)
	if err != nil {
		select {
		case <-o.ended:
		case <-time.After(farewell):
		}
	}
	return n, err //nolint:wrapcheck // a socket's own error
}

// explain gives the broker's own words for why it hung up, where there were any.
func (o *overheard) explain(err error) error {
	if o.first.Load() == alert+1 {
		return errSpeaksTLS
	}
	if failed := o.failed.Load(); failed != nil && failed.Op == "remote error" { // as crypto/tls names an alert
		return failed //nolint:wrapcheck // as the broker says it
	}
	return err
}
