// This file says where a bucket lives, as AWS's endpoint rules for general purpose buckets do.

package s3lite

import (
	"net/netip"
	"net/url"
	"strings"
)

// endpoint returns scheme, host and decoded path prefix (no trailing slash) of the bucket in region.
func (c *Client) endpoint(region string) (scheme, host, prefix string, err error) {
	if strings.HasSuffix(c.Bucket, "--x-s3") {
		return "", "", "", errExpress
	}
	scheme, virtual := "https", hostLabels(c.Bucket, false)
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil {
			return "", "", "", err
		}
		scheme, host, prefix = u.Scheme, u.Host, strings.TrimRight(u.Path, "/")
		_, ip := netip.ParseAddr(u.Hostname())
		// No certificate is at stake over http, so dots do no harm. Names below localhost seldom resolve.
		virtual = hostLabels(c.Bucket, scheme == "http") && ip != nil && u.Hostname() != "localhost"
	} else {
		host = "s3"
		if c.FIPS {
			host += "-fips"
		}
		if c.DualStack {
			host += ".dualstack"
		}
		host += "." + region + ".amazonaws.com"
		if strings.HasPrefix(region, "cn-") {
			host += ".cn"
		}
	}
	if virtual && !c.PathStyle {
		return scheme, c.Bucket + "." + host, prefix, nil
	}
	return scheme, host, prefix + "/" + c.Bucket, nil
}

// hostLabels reports whether bucket can stand in a host name: 3 to 63 of a-z, 0-9, '-', with dots if allowed.
func hostLabels(bucket string, dots bool) bool {
	if len(bucket) < 3 || len(bucket) > 63 {
		return false
	}
	for label := range strings.SplitSeq(bucket, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	_, ip := netip.ParseAddr(bucket)
	return ip != nil && (dots || !strings.Contains(bucket, "."))
}

// isRegion keeps what a service says its region is from becoming any other part of a host name.
func isRegion(s string) bool {
	return len(s) > 4 && len(s) < 32 && strings.Contains(s, "-") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		s[0] >= 'a' && s[len(s)-1] != '-'
}

// ParseDomain takes the domain name of a CloudFront S3 origin apart: bucket.s3.region.amazonaws.com, and the
// older, dual-stack, FIPS and Chinese forms of it. bucket.s3.amazonaws.com names no region: it is us-east-1, until
// the service says otherwise. Websites, access points and S3 Express are errors.
func ParseDomain(host string) (bucket, region string, err error) {
	name, ok := strings.CutSuffix(strings.TrimSuffix(strings.ToLower(host), ".cn"), ".amazonaws.com")
	i := strings.LastIndex(name, ".s3")
	if !ok || i <= 0 {
		return "", "", errNotS3
	}
	bucket, rest := name[:i], name[i+len(".s3"):]
	if strings.HasSuffix(bucket, "--x-s3") {
		return "", "", errExpress
	}
	if rest == "" || rest == "-external-1" {
		return bucket, "us-east-1", nil
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "-fips"), ".dualstack")
	if len(rest) < 2 || rest[0] != '.' && rest[0] != '-' || !isRegion(rest[1:]) ||
		strings.HasPrefix(rest, "-website") || rest == "-accelerate" {
		return "", "", errNotS3
	}
	return bucket, rest[1:], nil
}
