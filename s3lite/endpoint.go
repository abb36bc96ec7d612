package s3lite

// This file builds a bucket's address, by AWS's endpoint rules for general purpose buckets.

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// url returns the address of key when the bucket is in region. RawPath is set, and encoded as
// signatures need it. url returns an error when c.Bucket is empty or an S3 Express bucket, or when
// c.Endpoint is not a URL.
func (c *Client) url(region, key string) (*url.URL, error) {
	base := c.Endpoint
	if base == "" {
		base = "https://s3"
		if c.FIPS {
			base += "-fips"
		}
		if c.DualStack {
			base += ".dualstack"
		}
		base += "." + region + ".amazonaws.com"
		if strings.HasPrefix(region, "cn-") {
			base += ".cn"
		}
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	if c.Bucket == "" {
		return nil, errors.New("the Client names no bucket")
	}
	if strings.HasSuffix(c.Bucket, expressSuffix) {
		return nil, errors.New("unsupported: S3 Express buckets (--x-s3)")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	// The bucket becomes a part of the host's name where that works. It does not work over https if
	// the bucket's name has dots, because the * of a certificate does not match dots. It does not
	// work with an IP address, and names below localhost often do not resolve.
	certified := u.Scheme == "http" || !strings.Contains(c.Bucket, ".")
	_, notIP := netip.ParseAddr(u.Hostname())
	named := notIP != nil && u.Hostname() != "localhost"
	if isHostName(c.Bucket) && certified && named && !c.PathStyle {
		u.Host = c.Bucket + "." + u.Host
	} else {
		u.Path += "/" + c.Bucket
	}
	u.Path += "/" + key
	u.RawPath = escapePath(u.Path)
	return u, nil
}

const expressSuffix = "--x-s3"

// isHostName reports whether bucket can be part of a host name: 3 to 63 characters, in labels of
// a-z, 0-9 and '-' with dots between them.
func isHostName(bucket string) bool {
	for label := range strings.SplitSeq(bucket, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return len(bucket) >= 3 && len(bucket) <= 63
}

// isLabel reports whether s can be a label of a host name: small letters and digits, and hyphens
// that are not at its ends.
func isLabel(s string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	hasOthers := strings.Trim(s, allowed) != ""
	return s != "" && s == strings.Trim(s, "-") && !hasOthers
}

// isRegion reports whether s looks like a region. Without this check, a service that names a region
// could choose the host of the next request.
func isRegion(s string) bool { return isLabel(s) && strings.Contains(s, "-") && len(s) < 32 }

// ParseDomain returns the bucket and the region of a CloudFront S3 origin from its domain name:
// bucket.s3.region.amazonaws.com, and its older, dual-stack, FIPS and Chinese forms. For
// bucket.s3.amazonaws.com, which names no region, ParseDomain returns us-east-1, and a Client
// learns the right region. Websites, access points and S3 Express are errors.
func ParseDomain(host string) (bucket, region string, err error) {
	name, ok := strings.CutSuffix(strings.TrimSuffix(strings.ToLower(host), ".cn"), ".amazonaws.com")
	i := strings.LastIndex(name, ".s3")
	if !ok || i <= 0 {
		return "", "", errNotS3
	}
	bucket = name[:i]
	// rest is ".region", or "-region" in an older form, or names no region.
	rest := strings.TrimPrefix(name[i+len(".s3"):], "-fips")
	rest = strings.TrimPrefix(rest, ".dualstack")
	if rest == "" || rest == "-external-1" {
		rest = ".us-east-1"
	}
	unsupported := strings.HasSuffix(bucket, expressSuffix) || strings.HasPrefix(rest, "-website")
	separated := rest[0] == '.' || rest[0] == '-'
	if unsupported || !separated || !isRegion(rest[1:]) {
		return "", "", errNotS3
	}
	return bucket, rest[1:], nil
}
