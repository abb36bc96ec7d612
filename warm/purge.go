package warm

// This file spells the paths of a CloudFront invalidation, and the AWS CLI's command for it.

import (
	"strings"

	"miniatura/edge"
)

// MaxWildcards is how many paths with a * may be in progress at once in CloudFront's invalidations
// ("Concurrent invalidation request maximum").
const MaxWildcards = 15

// Invalidation returns the paths that CloudFront has to invalidate after the results of a source
// were deleted, as create-invalidation takes them: the tag that every result carries, and the
// source's own path as the viewer-request function spells it. The path is needed because a request
// that went on unchanged was answered with the original, which has no tag. With wildcard the path
// ends in *, because the cache keeps one answer per query. CloudFront bills a wildcard as one path.
func Invalidation(s Settings, key string, wildcard bool) []string {
	// EscapePath encodes a * in the key, which would be a wildcard.
	path := "/" + edge.EscapePath(ofViewer(s, key))
	return []string{"#" + edge.CacheTag(key), end(path, wildcard)}
}

// BrowserSpelling returns the path of a source as browsers send it, or "" when that is what
// Invalidation returns. AWS advises to invalidate both the viewer's path and the path into which a
// function changes it. Without such a function the viewer's path is the only one. It contains
// characters that CloudFront wants encoded and may refuse, so it belongs in an invalidation of its
// own.
func BrowserSpelling(s Settings, key string, wildcard bool) string {
	path := "/" + edge.EscapePath(ofViewer(s, key))
	plain := plainInBrowsers.Replace(path)
	if plain == path {
		return ""
	}
	return end(plain, wildcard)
}

// plainInBrowsers decodes the characters that RFC 1738 calls unsafe and that the URL standard
// leaves unencoded in a path ("path percent-encode set"). It leaves * encoded, which would be a
// wildcard, and +, which S3 reads as a space.
var plainInBrowsers = strings.NewReplacer("%5B", "[", "%5D", "]", "%7C", "|", "%7E", "~")

// ofViewer returns the key as viewers ask for it: without the origin's path.
func ofViewer(s Settings, key string) string {
	if k, ok := below(key, s.Path); ok {
		return k
	}
	return key
}

// end returns path, with a * if wildcard.
func end(path string, wildcard bool) string {
	if wildcard {
		return path + "*"
	}
	return path
}

// CreateInvalidation returns the arguments of the AWS CLI that invalidate paths, without "aws".
func CreateInvalidation(distribution string, paths []string) []string {
	return append([]string{"cloudfront", "create-invalidation", "--distribution-id", distribution, "--paths"}, paths...)
}

// ShellLine returns args quoted for a POSIX shell, in which a # would begin a comment and a * would
// match the names of files.
func ShellLine(args []string) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if a != "" && strings.Trim(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=,@%+") == "" {
			b.WriteString(a)
			continue
		}
		b.WriteString("'" + strings.ReplaceAll(a, "'", `'\''`) + "'")
	}
	return b.String()
}
