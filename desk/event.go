package desk

// This file makes the event that CloudFront would send.

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"miniatura/edge"
)

// settings are what a deployment sets for the origin, mostly as custom headers.
type settings struct {
	bucket  string
	region  string
	resized string // folder for results
	quality int
}

// An originRequest is the event that CloudFront sends to an origin-request function. Its fields are
// in AWS's order.
type originRequest struct {
	Records [1]struct {
		CF struct {
			Config  eventConfig  `json:"config"`
			Request eventRequest `json:"request"`
		} `json:"cf"`
	}
}

type eventConfig struct {
	DistributionDomainName string `json:"distributionDomainName"`
	DistributionID         string `json:"distributionId"`
	EventType              string `json:"eventType"`
	RequestID              string `json:"requestId"`
}

type eventRequest struct {
	ClientIP string       `json:"clientIp"`
	Headers  eventHeaders `json:"headers"`
	Method   string       `json:"method"`
	Origin   struct {
		S3 eventOrigin `json:"s3"`
	} `json:"origin"`
	QueryString string `json:"querystring"`
	URI         string `json:"uri"`
}

type eventOrigin struct {
	AuthMethod    string       `json:"authMethod"`
	CustomHeaders eventHeaders `json:"customHeaders"`
	DomainName    string       `json:"domainName"`
	Path          string       `json:"path"`
	Region        string       `json:"region"`
}

type eventHeaders map[string][]eventHeader

type eventHeader struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// set sets a header, as CloudFront writes it into an event.
func (h eventHeaders) set(name, value string) {
	h[strings.ToLower(name)] = []eventHeader{{http.CanonicalHeaderKey(name), value}}
}

// newEvent returns the event that CloudFront would send for a viewer's request, and the id of the
// request. uri is the path as the viewer sent it, percent-encoded; query is what follows the
// question mark.
func newEvent(s settings, method, uri, query, clientIP string) (event []byte, requestID string) {
	domain := s.bucket + ".s3." + s.region + ".amazonaws.com"
	var e originRequest
	cf := &e.Records[0].CF
	cf.Config = eventConfig{"d111111abcdef8.cloudfront.net", "EDFDVBD6EXAMPLE", "origin-request", newRequestID()}
	r := &cf.Request
	r.ClientIP, r.Method, r.URI, r.QueryString = clientIP, method, uri, query
	r.Headers = eventHeaders{}
	r.Headers.set("Host", domain)
	r.Headers.set("User-Agent", "Amazon CloudFront")
	r.Headers.set("Via", "2.0 local.cloudfront.net (CloudFront)")
	r.Headers.set("X-Forwarded-For", clientIP)
	o := &r.Origin.S3
	o.AuthMethod, o.DomainName, o.Region = "origin-access-control", domain, s.region
	o.CustomHeaders = eventHeaders{}
	o.CustomHeaders.set(edge.HeaderResizedPath, s.resized)
	o.CustomHeaders.set(edge.HeaderBucketName, s.bucket)
	o.CustomHeaders.set(edge.HeaderQuality, strconv.Itoa(s.quality))
	event, err := json.Marshal(e)
	if err != nil {
		panic(err) // impossible: there are only strings and ints in it
	}
	return event, cf.Config.RequestID
}

// newRequestID returns an id that is as long and as random as CloudFront's.
func newRequestID() string {
	var b [40]byte
	rand.Read(b[:])
	return base64.URLEncoding.EncodeToString(b[:])
}
