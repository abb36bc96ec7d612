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
// result carries, and the source's own path as the viewer-request function
// spells it. With wildcard the path ends in *, because the cache keeps an answer
// for each query apart, and a request that went on unchanged was answered by the
// original, which has no tag. A wildcard counts as one path, also on the bill.
func Invalidation(s Settings, key string, wildcard bool) []string {
	path := "/" + edge.EscapePath(ofViewer(s, key)) // a * of the key is encoded, since here it means something
	return []string{"#" + edge.CacheTag(key), end(path, wildcard)}
}

// BrowserSpelling returns the path of a source as browsers write it, where that
// is not what Invalidation says, else nothing. AWS advises invalidating what
// viewers ask for beside what a function makes of it, and where no function does,
// it is the only path there is. It goes into an invalidation of its own: these
// are characters that CloudFront asks to be encoded, and it may refuse the path.
func BrowserSpelling(s Settings, key string, wildcard bool) string {
	path := "/" + edge.EscapePath(ofViewer(s, key))
	plain := plainInBrowsers.Replace(path)
	if plain == path {
		return ""
	}
	return end(plain, wildcard)
}

// plainInBrowsers are the characters that are unsafe to RFC 1738 and that the URL
// standard leaves in a path as they are ("path percent-encode set"). Not *, which
// would be a wildcard, nor +, which S3 reads as a space.
var plainInBrowsers = strings.NewReplacer("%5B", "[", "%5D", "]", "%7C", "|", "%7E", "~")

// ofViewer is the key as viewers ask for it: CloudFront's paths are without the origin's.
func ofViewer(s Settings, key string) string {
	if k, ok := below(key, s.Path); ok {
		return k
	}
	return key
}

func end(path string, wildcard bool) string {
	if wildcard {
		return path + "*"
	}
	return path
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
