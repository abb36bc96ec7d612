package s3test

// This file has the table of faults for tests of clients.

import (
	"net/http"
	"time"
)

// Scenario is one row of the table: a service that fails in one way, and what a client can do about
// it.
type Scenario struct {
	Name        string        // begins with "get-", "head-" or "put-", for the operation
	Recoverable bool          // a good client succeeds
	Requests    int           // how many a good client makes before it succeeds or gives up
	times       int           // Rule.Times of fault
	fault       Fault         // nil when the service is honest
	config      func(*Config) // changes the service so that the client's settings are wrong; or nil
}

// ScenarioKey is the key of the object in every Scenario.
const ScenarioKey = "k"

// Method returns the method of the operation: HEAD, GET or PUT.
func (sc Scenario) Method() string {
	switch sc.Name[0] {
	case 'h':
		return http.MethodHead
	case 'p':
		return http.MethodPut
	}
	return http.MethodGet
}

// Learns reports whether the client has to learn the region or the clock. In these scenarios a test
// must not send another request first.
func (sc Scenario) Learns() bool { return sc.config != nil }

// Fault returns the fault of the service, or nil when the service is honest and the client's
// settings are wrong.
func (sc Scenario) Fault() Fault { return sc.fault }

// New returns a Server with body under ScenarioKey, and with the scenario's fault.
func (sc Scenario) New(c Config, body []byte) *Server {
	if sc.config != nil {
		sc.config(&c)
	}
	s := New(c)
	s.Put(ScenarioKey, Object{Body: body, ContentType: "image/jpeg"})
	if sc.fault != nil {
		s.Script(Rule{Method: sc.Method(), Key: ScenarioKey, Times: sc.times, Fault: sc.fault})
	}
	return s
}

// Scenarios returns the table: 28 faults that a client can overcome, and some that it cannot.
func Scenarios() []Scenario {
	const long = 25 * time.Second // nearly all of the 30 s of a Lambda@Edge function
	// fast sets the service's clock ahead.
	fast := func(c *Config) {
		c.Now = func() time.Time { return time.Now().Add(20 * time.Minute) }
	}
	// moved makes a bucket in another Region than the client's, which answers with status.
	moved := func(status int) func(*Config) {
		return func(c *Config) { c.Region, c.Moved = "eu-west-1", status }
	}
	// The first request fails, and the second one succeeds.
	once := func(name string, f Fault) Scenario {
		return Scenario{Name: name, Recoverable: true, Requests: 2, times: 1, fault: f}
	}
	// The answer to the first request says what the client's settings should be.
	learn := func(name string, config func(*Config)) Scenario {
		return Scenario{Name: name, Recoverable: true, Requests: 2, config: config}
	}
	// Every request fails.
	lasting := func(name string, requests int, f Fault) Scenario {
		return Scenario{Name: name, Requests: requests, fault: f}
	}
	return []Scenario{
		once("get-503-once", Status(503, "SlowDown")),
		once("head-503-once", Status(503, "SlowDown")),
		once("put-503-once", Status(503, "SlowDown")),
		{Name: "get-503-twice", Recoverable: true, Requests: 3, times: 2, fault: Status(503, "SlowDown")},
		once("get-500-once", Status(500, "InternalError")),
		once("put-500-once", Status(500, "InternalError")),
		once("get-502html-once", HTML(502)),
		once("get-429-once", Status(429, "TooManyRequests")),
		once("put-reqtimeout-once", Status(400, "RequestTimeout")),
		once("get-rst-once", Reset()),
		once("put-rst-once", Reset()),
		once("get-eof-once", EOF()),
		once("put-eof-once", EOF()),
		once("get-trunc-once", Truncate(5000)),
		once("get-nolen-short", NoLength(5000)),
		once("get-hang-once", Hang(long)),
		once("head-hang-once", Hang(long)),
		once("put-hang-once", Hang(long)),
		once("get-bodystall-once", Stall(5000, long)),
		learn("get-skew", fast),
		learn("head-skew", fast),
		learn("get-wrongregion", moved(400)),
		learn("head-wrongregion", moved(400)),
		learn("get-301region", moved(301)),
		once("get-307", Status(307, "TemporaryRedirect")),
		once("put-307", Status(307, "TemporaryRedirect")),
		once("put-409-once", Status(409, "ConditionalRequestConflict")),
		once("get-badcrc-once", Flip()),

		lasting("get-503-forever", 4, Status(503, "SlowDown")),
		lasting("put-500-forever", 4, Status(500, "InternalError")),
		lasting("head-502-forever", 4, HTML(502)),
		lasting("get-expired", 1, Status(400, "ExpiredToken")),
		lasting("head-expired", 1, Status(400, "ExpiredToken")),
		lasting("get-403", 1, Status(403, "AccessDenied")),
		lasting("head-403", 1, Status(403, "AccessDenied")),
		lasting("put-403", 1, Status(403, "AccessDenied")),
		lasting("get-404", 1, Status(404, "NoSuchKey")),
		lasting("head-404", 1, Status(404, "NoSuchKey")),
		lasting("get-302", 1, Status(302, "Found")),
	}
}
