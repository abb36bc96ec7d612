package desk

// This file passes on the responses that the function makes itself.

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"

	"miniatura/edge"
)

// respond sends the viewer a response that the function made itself, and returns its HTTP status.
func respond(w http.ResponseWriter, r *http.Request, a *edge.Response, record edge.Record) int {
	status, err := strconv.Atoi(a.Status)
	body := []byte(a.Body)
	if err == nil && a.BodyEncoding == "base64" {
		body, err = base64.StdEncoding.DecodeString(a.Body)
	}
	if err != nil || status < 200 || status > 599 {
		http.Error(w, "the function returned an invalid response", http.StatusBadGateway)
		return http.StatusBadGateway
	}
	h := w.Header()
	for _, values := range a.Headers {
		for _, v := range values {
			h.Add(v.Key, v.Value)
		}
	}
	h.Set("X-Cache", "LambdaGeneratedResponse from cloudfront")
	h.Set("Server-Timing", serverTiming(record, -1))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		w.Write(body) // an error means that the viewer has gone away
	}
	return status
}

// forJournal returns a response as JSON, without the body, which would fill the journal.
func forJournal(a edge.Response) json.RawMessage {
	if a.Body != "" {
		a.Body = "(" + strconv.Itoa(len(a.Body)) + " characters)"
	}
	text, err := json.Marshal(a)
	if err != nil {
		return json.RawMessage("null")
	}
	return text
}
