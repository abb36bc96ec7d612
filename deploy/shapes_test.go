package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"

	"miniatura/desk"
)

// A shape is one way to deploy. Its fields are named as the template's parameters.
type shape struct {
	desk.Shape
	autoWebp, ownNames, otherNumbers bool
}

const certificate = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"

// code has the parameters that name the zips.
var code = map[string]string{
	"CodeBucket": "code-us-east-1", "CodeKey": "edge-1.zip", "CodeSha256": "wywNpEJqY1rqsCBlLTVBT5uxT/zbBHzSeoIyPY2/14k=",
	"RegionalCodeBucket": "code-there", "RegionalCodeKey": "regional-1.zip",
}

// parameters returns the parameters that all stacks of a shape share.
func (s shape) parameters() map[string]string {
	p := map[string]string{
		"BucketName": "bkt", "BucketRegion": s.BucketRegion, "OriginShield": s.OriginShield, "ExistingBucket": fmt.Sprint(s.ExistingBucket),
		"AttachOnly": fmt.Sprint(s.AttachOnly), "Regional": fmt.Sprint(s.Regional), "AutoWebp": fmt.Sprint(s.autoWebp),
	}
	maps.Copy(p, code)
	if s.ownNames {
		p["DomainNames"], p["CertificateArn"] = "img.example.com,*.pics.example.com", certificate
	}
	if s.otherNumbers {
		maps.Copy(p, map[string]string{"Memory": "1024", "PriceClass": "PriceClass_All", "LogDays": "30", "ResultDays": "7",
			"RegionalSizes": "M,SS", "RegionalFormat": "webp", "RegionalConcurrency": "20", "RegionalInvalidate": "true", "CorsOrigins": "https://www.example.com,http://localhost:8080", "DestinationFolder": "a/b", "Quality": "70"})
	}
	if s.AttachOnly {
		p["DistributionId"] = distributionID
	}
	return p
}

// number returns the value of a parameter that otherNumbers changes, or usual.
func (s shape) number(name string, usual any) any {
	v, ok := s.parameters()[name]
	if !ok {
		return usual
	}
	if _, ok := usual.(float64); ok {
		var f float64
		fmt.Sscan(v, &f)
		return f
	}
	return v
}

// shapes returns all shapes. The bucket's Region has Origin Shield or not. The shield is off, in
// the bucket's Region, or in another. Every combination of the switches is included.
func shapes() []shape {
	var all []shape
	for _, region := range []string{"us-east-1", "eu-west-1", "eu-west-3"} {
		for _, shield := range []string{"bucket", "off", "us-east-1", "eu-west-1", "eu-west-2"} {
			if region == "eu-west-3" && shield == "bucket" {
				continue // refused: the Region has no Origin Shield
			}
			for bits := range 1 << 6 {
				s := shape{Shape: desk.Shape{BucketRegion: region, OriginShield: shield, ExistingBucket: bits&1 != 0, AttachOnly: bits&2 != 0,
					Regional: bits&4 != 0}, autoWebp: bits&8 != 0, ownNames: bits&16 != 0, otherNumbers: bits&32 != 0}
				if s.ownNames && s.AttachOnly {
					continue // refused: own names belong to a distribution
				}
				all = append(all, s)
			}
		}
	}
	return all
}

const stackName = "Pics"

var theTemplate = sync.OnceValue(func() template { return readYAML(templateFile) })

// deploy deploys all stacks of a shape in order.
func (s shape) deploy(tpl template) ([]deployed, error) {
	return s.deployAs(tpl, stackName)
}

// deployAs deploys all stacks of a shape under a name.
func (s shape) deployAs(tpl template, name string) ([]deployed, error) {
	var all []deployed
	for _, st := range s.Stacks() {
		p := s.parameters()
		p["Part"] = st.Part
		if st.Part == "regional" && !s.AttachOnly {
			p["DistributionId"] = distributionID
		}
		d, err := resolve(tpl, world{region: st.Region, name: name, params: p})
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", st.Part, st.Region, err)
		}
		all = append(all, d)
	}
	return all, nil
}

var everyShape = sync.OnceValues(func() (map[shape][]deployed, error) {
	all := map[shape][]deployed{}
	for _, s := range shapes() {
		d, err := s.deploy(theTemplate())
		if err != nil {
			return nil, fmt.Errorf("%+v: %w", s, err)
		}
		all[s] = d
	}
	return all, nil
})

// eachShape runs check for the stacks of every shape.
func eachShape(t *testing.T, check func(t *testing.T, s shape, stacks []deployed)) {
	t.Helper()
	all, err := everyShape()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 600 {
		t.Fatalf("%d shapes only", len(all))
	}
	for _, s := range shapes() {
		if failed := !t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) { check(t, s, all[s]) }); failed {
			return // one failure is enough: the others would be the same
		}
	}
}

// resourcesOf returns the resources of a type in all stacks, by logical id.
func resourcesOf(stacks []deployed, kind string) []resource {
	var all []resource
	for _, d := range stacks {
		for _, id := range slices.Sorted(maps.Keys(d.resources)) {
			if r := d.resources[id]; r.Type == kind || kind == "" {
				all = append(all, r)
			}
		}
	}
	return all
}

// one returns the only resource with a logical id, and its stack.
func one(t testing.TB, stacks []deployed, id string) (resource, deployed) {
	t.Helper()
	var found []resource
	var in deployed
	for _, d := range stacks {
		if r, ok := d.resources[id]; ok {
			found, in = append(found, r), d
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d of %s, want one", len(found), id)
	}
	return found[0], in
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}
