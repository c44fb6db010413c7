package main

import (
	"errors"
	"testing"

	"github.com/lagwise/lagwise/internal/authentication"
	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/server"
)

// Whose Secrets a trigger may use hangs on who may speak for KEDA, as long as TriggerAuthentications are read.
func TestClientsStayCheckedWhileAuthenticationsAreRead(t *testing.T) {
	t.Parallel()
	p := &program{guard: server.NewGuard(server.Security{}), sources: sources{authentications: &authentication.Ring{}}}
	for name, settings := range map[string]config.TLS{"any client": {}, "any of ours": {ClientCA: "x"}} {
		if err := p.secure(&settings); !errors.Is(err, errClientsNeedRestart) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
