package nerdgraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/legible"
)

// failure is why a query has no answer.
type failure struct {
	cause scalers.Cause
	text  string
	// sent is what the server sent, as far as that says why.
	sent string
	err  error
	// limited says that New Relic wants fewer requests, retryAfter for how long, where it says so.
	limited    bool
	retryAfter time.Duration
}

func (f *failure) Error() string {
	text := f.text
	if f.sent != "" {
		text += ": " + f.sent
	}
	if f.err != nil {
		text += fmt.Sprintf(": %v", f.err)
	}
	return text
}

// forCaller returns the failure as a trigger's author may read it: with what the server sent only where that is about the author's query.
func (f *failure) forCaller() *failure {
	if f.cause == scalers.CauseRefused || f.sent == "" {
		return f
	}
	shown := *f
	shown.sent = ""
	return &shown
}

func (f *failure) Unwrap() error { return f.err }

func failedToAsk(err error) *failure {
	if errors.Is(err, context.DeadlineExceeded) {
		return &failure{cause: scalers.CauseTimedOut, text: fmt.Sprintf("New Relic did not answer within %s", askTime)}
	}
	return &failure{cause: scalers.CauseUnreachable, text: "New Relic is unreachable", err: err}
}

// maxBody bounds an answer, in bytes. A query for a trigger gives one row.
const maxBody = 1 << 20

// judge reads a response, and finds out whether it holds an answer. What it has read it puts back.
func judge(response *http.Response) *failure {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return failedToAsk(err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return judgeStatus(response, messageOf(body))
	}
	if len(body) > maxBody {
		return &failure{cause: scalers.CauseRefused, text: "the answer has more than 1 MiB: let the query give one row"}
	}
	var said reply
	if err := json.Unmarshal(body, &said); err != nil {
		return &failure{cause: scalers.CauseUnreachable, text: "what answers is not NerdGraph", sent: err.Error()}
	}
	for _, problem := range said.Errors {
		if !strings.HasPrefix(problem.Message, "This field is deprecated!") { // comes beside an answer
			return problem.judge()
		}
	}
	if said.Data.Actor.Account.NRQL.Results == nil {
		return &failure{cause: scalers.CauseUnreachable, text: "New Relic's answer has no results"}
	}
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// reply is what of an answer says whether it is one. In a good one results are a list, and an empty one where no data was found.
type reply struct {
	Data struct {
		Actor struct {
			Account struct {
				NRQL struct {
					Results []json.RawMessage `json:"results"`
				} `json:"nrql"`
			} `json:"account"`
		} `json:"actor"`
	} `json:"data"`
	Errors []problem `json:"errors"`
}

// problem is an error of NerdGraph's.
type problem struct {
	Message    string `json:"message"`
	Extensions struct {
		Class string `json:"errorClass"`
		Code  string `json:"error_code"`
	} `json:"extensions"`
}

// classes are NerdGraph's words, and what they mean here.
func classes() map[scalers.Cause][]string {
	return map[scalers.Cause][]string{
		scalers.CauseTimedOut:        {"TIMEOUT"},
		scalers.CauseUnauthenticated: {"BAD_API_KEY", "UNAUTHENTICATED"},
		scalers.CauseDenied:          {"ACCESS_DENIED", "FORBIDDEN", "NOT_AUTHORIZED", "UNAUTHORIZED"},
		scalers.CauseRefused:         {"BAD_USER_INPUT", "INVALID_INPUT"},
	}
}

func (p problem) judge() *failure {
	failed := &failure{cause: scalers.CauseUnreachable, text: "New Relic answers an error", sent: legible.Short(p.Message, longestMessage)}
	failed.limited = p.Extensions.Class == "TOO_MANY_REQUESTS"
	if strings.HasPrefix(p.Message, "NRQL Syntax Error") {
		failed.cause = scalers.CauseRefused
	}
	for cause, words := range classes() {
		if slices.Contains(words, p.Extensions.Class) || slices.Contains(words, p.Extensions.Code) {
			failed.cause = cause
		}
	}
	return failed
}

func judgeStatus(response *http.Response, message string) *failure {
	status := fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
	failed := &failure{cause: scalers.CauseUnreachable, text: "New Relic answers " + status, sent: message}
	switch response.StatusCode {
	case http.StatusUnauthorized:
		failed.cause = scalers.CauseUnauthenticated
	case http.StatusForbidden, http.StatusPaymentRequired:
		failed.cause = scalers.CauseDenied
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		failed.limited = true
		failed.retryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
	}
	return failed
}

// retryAfter reads a header's seconds or date; 0 where it says nothing.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 16); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// messageOf finds what NerdGraph says beside a status; empty where it is not NerdGraph that answers.
func messageOf(body []byte) string {
	var said reply
	if json.Unmarshal(body, &said) != nil || len(said.Errors) == 0 {
		return ""
	}
	return legible.Short(said.Errors[0].Message, longestMessage)
}

// longestMessage leaves room for the rest of a message, which KEDA cuts.
const longestMessage = 200
