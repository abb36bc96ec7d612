package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The names of the origin's custom headers that carry the settings, because Lambda@Edge functions
// cannot have environment variables of their own. The names are in lower case as in CloudFront's
// events. The templates in deploy set exactly these headers.
const (
	HeaderResizedPath = "x-env-resized-path" // folder for results
	HeaderBucketName  = "x-env-bucket-name"  // the bucket that is the origin
	HeaderQuality     = "x-env-quality"      // 1-100, clamped
)

// An event is the part of a Lambda@Edge event that is read here. Every other member of the request
// is returned as it came.
type event struct {
	Records []struct {
		CF struct {
			Config struct {
				EventType string `json:"eventType"`
				RequestID string `json:"requestId"`
			} `json:"config"`
			Request json.RawMessage `json:"request"`
		} `json:"cf"`
	} `json:"Records"`
}

type request struct {
	Method      string  `json:"method"`
	URI         string  `json:"uri"`
	QueryString string  `json:"querystring"`
	Origin      *origin `json:"origin"`
}

type origin struct {
	S3 *struct {
		DomainName    string              `json:"domainName"`
		Path          string              `json:"path"`
		CustomHeaders map[string][]Header `json:"customHeaders"`
	} `json:"s3"`
}

// A Header is one value of a header. In a map of Headers the keys are the names in lower case.
type Header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// errEvent is the only error of Handle: the event holds no request, so there is nothing that could
// be returned unchanged.
var errEvent = errors.New("edge: not a CloudFront event: no Records[0].cf.request")

// cutRequest returns the request of an event as raw JSON, the request's id and the event's type.
// The type is empty in events that name none. Every error is errEvent.
func cutRequest(raw []byte) (req json.RawMessage, id, eventType string, err error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, "", "", fmt.Errorf("%w (%v)", errEvent, err)
	}
	if len(e.Records) == 0 {
		return nil, "", "", errEvent
	}
	cf := e.Records[0].CF
	if r := bytes.TrimSpace(cf.Request); len(r) == 0 || r[0] != '{' {
		return nil, "", "", errEvent
	}
	return cf.Request, cf.Config.RequestID, cf.Config.EventType, nil
}

// replaceURI returns the object req with the value of its member "uri" replaced. Every other byte
// is kept. encoding/json accepts the name in any letter case, and readers of JSON differ in which
// of several members they use. So every member of that name is replaced, in any letter case.
func replaceURI(req json.RawMessage, uri string) (json.RawMessage, error) {
	value, err := json.Marshal(uri)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(req))
	if _, err := d.Token(); err != nil { // the opening brace
		return nil, err
	}
	var out []byte
	done, found := 0, false // req[:done] is in out, with its uri replaced
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		if s, _ := name.(string); !strings.EqualFold(s, "uri") {
			continue
		}
		end := int(d.InputOffset())
		out = append(out, req[done:end-len(v)]...) // v ends at end
		out = append(out, value...)
		done, found = end, true
	}
	if !found {
		return nil, errors.New("the request has no uri")
	}
	return append(out, req[done:]...), nil
}
