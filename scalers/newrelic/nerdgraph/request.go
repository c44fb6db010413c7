package nerdgraph

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/newrelic/newrelic-client-go/v2/pkg/config"
	"github.com/newrelic/newrelic-client-go/v2/pkg/logging"
	"github.com/newrelic/newrelic-client-go/v2/pkg/nrdb"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/secret"
)

// askTime bounds one request. New Relic itself gives a query 5 s, unless it is told otherwise.
const askTime = 10 * time.Second

// askOnce makes one request.
func (s *session) askOnce(ctx context.Context, want Want, key secret.Text) (Answer, *failure) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	once := &oneRequest{send: func(request *http.Request) (*http.Response, error) {
		return s.options.Transport.RoundTrip(request.WithContext(ctx)) // the client forgets it on the way
	}}
	settings := config.New()
	settings.PersonalAPIKey = string(key)
	settings.HTTPTransport = once
	settings.ServiceName = "lagwise"
	settings.Timeout = new(time.Duration) // none but the context's: the client's own leaves a goroutine behind for as long as it is
	settings.Logger = silent()
	if err := settings.SetRegion(s.connection.endpoint(want.Region)); err != nil {
		return Answer{}, &failure{cause: scalers.CauseRefused, text: "region " + scalers.Quote(want.Region), err: err}
	}
	client := nrdb.New(settings)
	began := time.Now()
	said, err := client.QueryWithContext(ctx, int(want.Account), nrdb.NRQL(want.NRQL))
	switch {
	case once.failed != nil:
		return Answer{}, once.failed
	case err != nil:
		return Answer{}, failedToAsk(err)
	}
	answer := Answer{At: began, Took: time.Since(began), Rows: len(said.Results)}
	if answer.Rows > 0 {
		answer.First = said.Results[0]
	}
	return answer, nil
}

// silent keeps the client's own log away: what goes wrong is in its errors.
func silent() *logging.LogrusLogger {
	log := logging.NewLogrusLogger()
	log.SetLevel("panic")
	return log
}

// oneRequest sends one request, and keeps its failure to itself: the client, which is told of an empty answer, would repeat some
// of them, by pauses that nothing interrupts, and New Relic shall be asked less when it fails, not more. Nor does a redirect carry
// the key to somebody else.
type oneRequest struct {
	send   func(*http.Request) (*http.Response, error)
	failed *failure
}

func (o *oneRequest) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := o.send(request)
	if err != nil {
		o.failed = failedToAsk(err)
	} else if o.failed = judge(response); o.failed != nil {
		_ = response.Body.Close()
	}
	if o.failed == nil {
		return response, nil
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: request,
	}, nil
}
