package s3test

import (
	"net/http"
	"time"
)

// Scenario is one row of the fault table: a service that fails in one way, and what a client can
// make of it.
type Scenario struct {
	Name        string // begins with "get-", "head-" or "put-": the operation it is about
	Recoverable bool
	Requests    int // that a good client makes before it succeeds or gives up
	times       int
	fault       Fault
	config      func(*Config)
}

// ScenarioKey is the key every Scenario is about.
const ScenarioKey = "k"

// Method returns HEAD, GET or PUT.
func (sc Scenario) Method() string {
	switch sc.Name[0] {
	case 'h':
		return http.MethodHead
	case 'p':
		return http.MethodPut
	}
	return http.MethodGet
}

// Learns reports whether the client must correct what it believes of the service: nothing may be
// asked of it before.
func (sc Scenario) Learns() bool { return sc.config != nil }

// Fault is what the service does, nil when it is honest and the client knows it wrong.
func (sc Scenario) Fault() Fault { return sc.fault }

// New returns a Server with an object of those bytes under ScenarioKey and the fault ahead of it.
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

// Scenarios returns the table: 28 faults that go away or can be mended, and some that cannot.
func Scenarios() []Scenario {
	const long = 25 * time.Second // nearly all the time a Lambda@Edge function has
	fast := func(c *Config) { c.Now = func() time.Time { return time.Now().Add(20 * time.Minute) } }
	moved := func(status int) func(*Config) {
		return func(c *Config) { c.Region, c.Moved = "eu-west-1", status }
	}
	once := func(name string, f Fault) Scenario { return Scenario{name, true, 2, 1, f, nil} }
	learn := func(name string, f func(*Config)) Scenario { return Scenario{name, true, 2, 0, nil, f} }
	lasting := func(name string, requests int, f Fault) Scenario { return Scenario{name, false, requests, 0, f, nil} }
	return []Scenario{
		once("get-503-once", Status(503, "SlowDown")),
		once("head-503-once", Status(503, "SlowDown")),
		once("put-503-once", Status(503, "SlowDown")),
		{"get-503-twice", true, 3, 2, Status(503, "SlowDown"), nil},
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
