package warm

// This file reads the settings, and lists the results of a source.

import (
	"errors"
	"fmt"
	"strings"

	"miniatura/edge"
	"miniatura/sizes"
)

// The environment variables with the settings of the regional function. The template in deploy sets
// exactly these.
const (
	EnvBucket  = "MINIATURA_BUCKET"  // the only bucket whose events are answered
	EnvResized = "MINIATURA_RESIZED" // folder for results
	EnvQuality = "MINIATURA_QUALITY" // 1-100, clamped
	EnvSizes   = "MINIATURA_SIZES"   // "L,M": the sizes to make; unset or empty means all
	EnvFormats = "MINIATURA_FORMATS" // "same", "webp" or "same,webp"; unset or empty means both

	// The distribution whose copies are invalidated after a change; unset or empty means none.
	EnvDistribution = "MINIATURA_DISTRIBUTION"
)

// Settings say which results are made, and where they are stored.
type Settings struct {
	Bucket  string // never empty
	Path    string // the origin's path inside the bucket, usually empty
	Resized string // the folder for results, a folder below Path; no slashes at its ends
	Quality int    // 1-100
	Sizes   []sizes.Size
	Same    bool // make results in the source's own format
	WebP    bool // make results in WebP

	Distribution string // "" means that nothing is invalidated
}

// FromEnv reads the settings of a regional function. The error names every wrong variable.
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

// SetSizes sets Sizes from a list such as "L,M"; an empty list means all sizes. It returns an error
// for a name that is not a size.
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

// SetFormats sets Same and WebP from a list such as "same,webp"; an empty list means both. It
// returns an error for any other name.
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

// Targets returns the results of the source under key, in the sizes and formats of s. The error
// says why the source can have none. Targets sends no request.
func (s Settings) Targets(key, region string) ([]edge.Target, error) {
	return s.targets(key, region, s.Sizes, s.Same, s.WebP)
}

// Results returns every result that the source under key can have, in every size and both formats.
// The error says why it can have none. Results sends no request.
func (s Settings) Results(key, region string) ([]edge.Target, error) {
	return s.targets(key, region, sizes.All(), true, true)
}

// targets returns the results of key in the sizes of list: in the source's own format if same is
// true, and in WebP if webp is true.
func (s Settings) targets(key, region string, list []sizes.Size, same, webp bool) ([]edge.Target, error) {
	key, ok := below(key, s.Path)
	if !ok {
		return nil, fmt.Errorf("not below the origin's path %s", s.Path)
	}
	t := edge.Target{Bucket: s.Bucket, Region: region, Path: s.Path, Key: key, Resized: s.Resized, Quality: s.Quality}
	var formats []bool // WebP or not
	if same {
		formats = append(formats, false)
	}
	if webp {
		formats = append(formats, true)
	}
	var all []edge.Target
	// t takes each size and each format in turn.
	for _, t.Size = range list {
		for _, t.WebP = range formats {
			if err := t.Valid(); err != nil {
				return nil, err
			}
			all = append(all, t)
		}
	}
	return all, nil
}

// below reports whether key is below path, the origin's path, and returns the rest of key.
func below(key, path string) (string, bool) {
	if path == "" {
		return key, true
	}
	return strings.CutPrefix(key, path+"/")
}
