package main

import (
	"errors"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/server"
)

// newGuard is nil when the server is unencrypted.
func newGuard(settings *config.TLS) (*server.Guard, error) {
	if settings == nil {
		return nil, nil
	}
	security, err := securityOf(*settings)
	if err != nil {
		return nil, err
	}
	return server.NewGuard(security), nil
}

func securityOf(settings config.TLS) (server.Security, error) {
	certificate, clients, err := settings.Parse()
	return server.Security{Certificate: certificate, ClientAuthorities: clients, ClientNames: settings.ClientNames}, err
}

var errEncryptionNeedsRestart = errors.New("tls was switched on or off, which takes a restart; nothing of the new configuration counts until then")

var errClientsNeedRestart = errors.New("triggers log in by TriggerAuthentications as long as this lagwise runs, and that hangs on tls.clientCAFile and tls.clientNames: " +
	"to take these away takes a restart; nothing of the new configuration counts until then")

// secure exchanges what the server proves itself with.
func (p *program) secure(settings *config.TLS) error {
	if (settings == nil) != (p.guard == nil) {
		return errEncryptionNeedsRestart
	}
	if p.authentications != nil && !settings.KnowsItsClients() {
		return errClientsNeedRestart
	}
	if settings == nil {
		return nil
	}
	security, err := securityOf(*settings)
	if err != nil {
		return err
	}
	p.guard.Replace(security)
	return nil
}
