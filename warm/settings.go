package warm

import (
	"errors"
	"fmt"
	"strings"

	"miniatura/edge"
	"miniatura/sizes"
)

// The environment variables that carry the settings of the regional function.
// The deployment sets exactly these.
const (
	EnvBucket  = "MINIATURA_BUCKET"  // the one bucket whose events are answered
	EnvResized = "MINIATURA_RESIZED" // folder for results
	EnvQuality = "MINIATURA_QUALITY" // 1-100, clamped
	EnvSizes   = "MINIATURA_SIZES"   // "L,M": the sizes to make ahead; unset or empty: all
	EnvFormats = "MINIATURA_FORMATS" // "same", "webp" or "same,webp", the default

	// The distribution that is to forget what was deleted or replaced; unset or empty: none.
	EnvDistribution = "MINIATURA_DISTRIBUTION"
)

// Settings say what is made ahead, and where results lie.
type Settings struct {
	Bucket  string // "" in FromEnv is refused; the commands always have one
	Path    string // the origin's path inside the bucket, usually empty
	Resized string // folder for results below Path, without slashes at its ends
	Quality int    // 1-100
	Sizes   []sizes.Size
	Same    bool // in the source's own format
	WebP    bool

	Distribution string // "": CloudFront is told nothing
}

// FromEnv reads the settings of a regional function. Every fault is named.
func FromEnv(getenv func(string) string) (Settings, error) {
	s := Settings{Bucket: strings.TrimSpace(getenv(EnvBucket))}
	var errs []error
	fault := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	if s.Bucket == "" {
		fault(EnvBucket, errors.New("empty"))
	}
	var err error
	s.Resized, err = edge.CleanFolder(getenv(EnvResized))
	fault(EnvResized, err)
	s.Quality, err = edge.ParseQuality(getenv(EnvQuality))
	fault(EnvQuality, err)
	fault(EnvSizes, s.SetSizes(getenv(EnvSizes)))
	fault(EnvFormats, s.SetFormats(getenv(EnvFormats)))
	s.Distribution = strings.TrimSpace(getenv(EnvDistribution))
	if strings.Trim(s.Distribution, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		fault(EnvDistribution, fmt.Errorf("%q is no distribution's id", s.Distribution))
	}
	return s, errors.Join(errs...)
}

// SetSizes reads a list of sizes, "L,M"; an empty one means all.
func (s *Settings) SetSizes(list string) error {
	s.Sizes = nil
	if strings.TrimSpace(list) == "" {
		s.Sizes = sizes.All()
		return nil
	}
	seen := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		size, ok := sizes.Parse(strings.TrimSpace(name))
		if !ok {
			return fmt.Errorf("%q is no size", name)
		}
		if !seen[size.Name] {
			s.Sizes = append(s.Sizes, size)
		}
		seen[size.Name] = true
	}
	return nil
}

// SetFormats reads a list of formats, "same,webp"; an empty one means both.
func (s *Settings) SetFormats(list string) error {
	s.Same, s.WebP = false, false
	if strings.TrimSpace(list) == "" {
		s.Same, s.WebP = true, true
		return nil
	}
	for name := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(name) {
		case "same":
			s.Same = true
		case "webp":
			s.WebP = true
		default:
			return fmt.Errorf("%q is neither same nor webp", name)
		}
	}
	return nil
}

// Targets are the results to be made ahead of the source key, which is a key in
// the bucket, or nil with the reason why there are none. Nobody is asked.
func (s Settings) Targets(key, region string) ([]edge.Target, error) {
	return s.targets(key, region, s.Sizes, s.Same, s.WebP)
}

// Results are all results that there can be of key, whoever made them: every
// size in both formats.
func (s Settings) Results(key, region string) ([]edge.Target, error) {
	return s.targets(key, region, sizes.All(), true, true)
}

func (s Settings) targets(key, region string, names []sizes.Size, same, webp bool) ([]edge.Target, error) {
	key, ok := below(key, s.Path)
	if !ok {
		return nil, fmt.Errorf("not below the origin's path %s", s.Path)
	}
	t := edge.Target{Bucket: s.Bucket, Region: region, Path: s.Path, Key: key, Resized: s.Resized, Quality: s.Quality}
	var all []edge.Target
	for _, size := range names {
		for _, webP := range []bool{false, true} {
			if webP && !webp || !webP && !same {
				continue
			}
			t.Size, t.WebP = size, webP
			if err := t.Valid(); err != nil {
				return nil, err
			}
			all = append(all, t)
		}
	}
	return all, nil
}

// below cuts the origin's path off a key in the bucket.
func below(key, path string) (string, bool) {
	if path == "" {
		return key, true
	}
	return strings.CutPrefix(key, path+"/")
}
