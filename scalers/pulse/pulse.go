// Package pulse has connections of HTTP/2 asked whether they still live while nothing comes back on them. By itself HTTP/2 sends
// request after request into a connection that a firewall has forgotten, for the quarter of an hour that TCP takes to give it up.
package pulse

import (
	"net/http"
	"time"
)

// beat is how long nothing may come before the other side is asked, answer how long it has then.
const (
	beat   = 5 * time.Second
	answer = 3 * time.Second
)

// HTTP2 is for http.Transport: the request after one that came to nothing within the two has a new connection.
func HTTP2() *http.HTTP2Config {
	return &http.HTTP2Config{SendPingTimeout: beat, PingTimeout: answer}
}
