package warm

import (
	"strings"

	"miniatura/edge"
)

// MaxWildcards is how many paths with a * CloudFront takes in invalidations that
// are under way at once, "Concurrent invalidation request maximum".
const MaxWildcards = 15

// Invalidation returns what CloudFront has to forget of a source after its
// results are deleted, as create-invalidation takes it: the tag that every
// result carries, and the source's own path. With wildcard the path ends in *,
// because the cache keeps an answer for each query apart, and a request that
// went on unchanged was answered by the original, which has no tag. A wildcard
// counts as one path, also on the bill.
func Invalidation(s Settings, key string, wildcard bool) []string {
	path := key
	if p, ok := below(key, s.Path); ok {
		path = p // CloudFront's paths are without the origin's
	}
	path = "/" + edge.EscapePath(path) // a * of the key is encoded, since here it means something
	if wildcard {
		path += "*"
	}
	return []string{"#" + edge.CacheTag(key), path}
}

// CreateInvalidation is the AWS CLI's command line for paths, without "aws".
func CreateInvalidation(distribution string, paths []string) []string {
	return append([]string{"cloudfront", "create-invalidation", "--distribution-id", distribution, "--paths"}, paths...)
}

// ShellLine writes args as a POSIX shell reads them: a # would be a comment, a *
// would be names of files.
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
