package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// Prices in dollars, us-east-1. README.md, "What it costs", names the source and the date of each.
const (
	perHead       = 0.40 / 1e6   // S3 GET, HEAD
	perPut        = 5.00 / 1e6   // S3 PUT, LIST
	perInvoke     = 0.60 / 1e6   // Lambda@Edge
	perGBSecond   = 0.00005001   // Lambda@Edge
	perViewerCall = 0.10 / 1e6   // CloudFront Functions
	perShielded   = 0.0075 / 1e4 // Origin Shield, per request that reaches it from another cache
	perRegional   = 0.20 / 1e6   // Lambda
	perMovedGB    = 0.02         // S3 and Lambda, per GB to another Region
	perPath       = 0.005        // CloudFront, per path invalidated
	perMessage    = 0.40 / 1e6   // SQS, per call: a message sent; up to ten received or deleted
)

// A mix describes a million requests of visitors, and how long the function works on each kind, in
// seconds.
type mix struct {
	origin    float64 // how many reach the origin, and so the function
	made      float64 // how many find no result, which is then made
	shielded  float64 // how many reach Origin Shield
	hit, miss float64 // seconds
	moved     float64 // GB to another Region and back for each result that is made
}

// dollars returns what a mix costs: the function, S3, transfer between Regions, and the rest. hit
// and miss are the counts of TestREADMECountsItsRequests.
func (m mix) dollars(hit, miss count) (function, s3, moved, rest float64) {
	const gb = 512.0 / 1024
	hits := m.origin - m.made
	function = m.origin*perInvoke + (hits*m.hit+m.made*m.miss)*gb*perGBSecond
	s3 = hits*hit.dollars() + m.made*miss.dollars()
	moved = m.made * m.moved * perMovedGB
	rest = 1e6*perViewerCall + m.shielded*perShielded
	return
}

// The README's table of costs has the results of this calculation.
func TestREADMEComputesItsCosts(t *testing.T) {
	rows := []struct {
		name string
		mix
	}{
		{"Origin Shield in the bucket's region (the default)", mix{origin: 80_000, made: 10_000, shielded: 200_000, hit: 0.020, miss: 0.350}},
		{"without Origin Shield", mix{origin: 200_000, made: 10_000, hit: 0.120, miss: 0.700, moved: 0.00306}},
	}
	cases := counted(t)
	hit, miss := cases["hit: the result is there"], cases["miss: the result is made"]
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		f, s3, moved, rest := r.dollars(hit, miss)
		line := fmt.Sprintf("| %s | %.2f | %.2f | %.2f | %.2f | **%.2f** |", r.name, f, s3, moved, rest, f+s3+moved+rest)
		if !strings.Contains(string(text), line) {
			t.Errorf("README.md lacks\n%s", line)
		}
	}
	// The rates that a new account's ten concurrent executions allow.
	for _, line := range []string{fmt.Sprintf("%.0f new ones a second", math.Floor(10/rows[0].miss)), fmt.Sprintf("%.0f a second that", 10/rows[0].hit)} {
		if !strings.Contains(string(text), line) {
			t.Errorf("README.md lacks %q", line)
		}
	}
	// The price of the two LISTs of the article's function.
	if line := fmt.Sprintf("%.2f $ for its two LISTs", 200_000*2*perPut); !strings.Contains(string(text), line) {
		t.Errorf("README.md lacks %q", line)
	}
	// The events of the results themselves: sent, received, deleted, and a call that ends at once.
	if line := fmt.Sprintf("%.2f $ a million in full batches and at most %.2f $", 1e6*(1.2*perMessage+perRegional/10), 1e6*(3*perMessage+perRegional)); !strings.Contains(string(text), line) {
		t.Errorf("README.md lacks %q", line)
	}
	// The invalidations for 10,000 pictures: two paths each, of which 1,000 a month are free.
	if line := fmt.Sprintf("10,000 pictures at once costs %.0f $", (10_000*2-1000)*perPath); !strings.Contains(strings.ReplaceAll(string(text), "\n", " "), line) {
		t.Errorf("README.md lacks %q", line)
	}
	// The results of a whole bucket made ahead, as TestMakingAheadCostsOneGET counts them.
	if line := fmt.Sprintf("A million pictures are %.2f $ of S3 requests and %.2f $ more for each size in each format", 1e6*2*perHead, 1e6*(perHead+perPut)); !strings.Contains(strings.ReplaceAll(string(text), "\n", " "), line) {
		t.Errorf("README.md lacks %q", line)
	}
}
