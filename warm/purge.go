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
// were deleted, in the form for create-invalidation: the tag that every result carries, and the
// source's own path as the viewer-request function spells it. The path is needed because a request
// that went on unchanged was answered with the original, which has no tag. If wildcard is true, the
// path ends in *, because the cache keeps an answer for each query string. CloudFront bills a path
// with a * as one path.
func Invalidation(s Settings, key string, wildcard bool) []string {
	// EscapePath encodes any * in the key, which would otherwise be a wildcard.
	path := "/" + edge.EscapePath(viewerKey(s, key))
	return []string{"#" + edge.CacheTag(key), withStar(path, wildcard)}
}

// BrowserSpelling returns the path of a source as browsers send it, or "" when Invalidation returns
// the same path. AWS advises to invalidate both the path that viewers send and the path into which
// a viewer-request function changes it. Without such a function, the path that viewers send is the
// only one. A BrowserSpelling has characters that CloudFront wants encoded. CloudFront may refuse
// them, and with them the whole invalidation.
func BrowserSpelling(s Settings, key string, wildcard bool) string {
	path := "/" + edge.EscapePath(viewerKey(s, key))
	plain := plainInBrowsers.Replace(path)
	if plain == path {
		return ""
	}
	return withStar(plain, wildcard)
}

// plainInBrowsers decodes the characters that EscapePath encodes because RFC 1738 calls them
// unsafe, although the URL standard leaves them unencoded in a path ("path percent-encode set"). It
// does not decode %2A, because * would be a wildcard, nor %2B, because S3 reads + as a space.
var plainInBrowsers = strings.NewReplacer("%5B", "[", "%5D", "]", "%7C", "|", "%7E", "~")

// viewerKey returns the key as viewers ask for it: without the origin's path.
func viewerKey(s Settings, key string) string {
	if k, ok := below(key, s.Path); ok {
		return k
	}
	return key
}

// withStar returns path, with a * at its end if wildcard is true.
func withStar(path string, wildcard bool) string {
	if wildcard {
		return path + "*"
	}
	return path
}

// CreateInvalidation returns the arguments of the AWS CLI that invalidate paths, without "aws".
func CreateInvalidation(distribution string, paths []string) []string {
	return append([]string{"cloudfront", "create-invalidation", "--distribution-id", distribution, "--paths"}, paths...)
}

// ShellLine returns args as a line of a POSIX shell. Args are quoted where it is necessary: a #
// that is not quoted would begin a comment, and a * would match the names of files.
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
