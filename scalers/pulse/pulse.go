// Package pulse has connections of HTTP/2 asked whether they still live while nothing comes back on them. By itself HTTP/2 sends
// request after request into a connection that a firewall has forgotten, for the quarter of an hour that TCP takes to give it up.
package pulse

import (
	"net/http"
	"time"
)

// Beat is how long nothing may come before the other side is asked, Answer how long it has then.
const (
	Beat   = 5 * time.Second
	Answer = 3 * time.Second
)

// HTTP2 is for http.Transport: the request after one that came to nothing within Beat and Answer has a new connection.
func HTTP2() *http.HTTP2Config {
	return &http.HTTP2Config{SendPingTimeout: Beat, PingTimeout: Answer}
}
