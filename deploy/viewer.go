package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// maxViewerCode is the largest CloudFront Function, in bytes (CloudFront
// quotas: 10 KB).
const maxViewerCode = 10 * 1024

// viewerSource is the viewer-request function, with autoWebp off.
//
//go:embed viewer.js
var viewerSource string

// viewerCode returns the viewer-request function as it is deployed: comments
// are kept, they are what the console shows to the next one who looks.
func viewerCode(autoWebP bool) string {
	const off, on = "const AUTO_WEBP = false;", "const AUTO_WEBP = true;"
	if strings.Count(viewerSource, off) != 1 || len(viewerSource) > maxViewerCode {
		panic(fmt.Sprintf("viewer.js: %d bytes, AUTO_WEBP %d times", len(viewerSource), strings.Count(viewerSource, off)))
	}
	if autoWebP {
		return strings.Replace(viewerSource, off, on, 1)
	}
	return viewerSource
}
