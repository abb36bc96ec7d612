package main

// This file measures the quality of lossy WebP.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/image/webp"

	"miniatura/bench/metrics"
)

// A webpPoint is one picture at one quality from one encoder.
type webpPoint struct {
	Quality     int
	Bytes       int
	PSNR, SSIM  float64 // of luma, against the luma of the RGB that the encoder got
	Butteraugli float64 // 3-norm; 0 when not measured
}

// decodedLuma returns the luma of a lossy WebP, decoded by x/image/webp, which belongs to none of
// the encoders.
func decodedLuma(file []byte) (metrics.Plane, error) {
	m, err := webp.Decode(bytes.NewReader(file))
	if err != nil {
		return metrics.Plane{}, err
	}
	if _, ok := m.(*image.YCbCr); !ok {
		return metrics.Plane{}, fmt.Errorf("decoded to %T, not lossy and opaque", m)
	}
	return metrics.FullRange(metrics.Luma(m)), nil
}

// webpMeasure measures file, a WebP of p at quality number q. ref is the luma of p. scratch is the
// folder for files of butteraugli_main; if scratch is "", butteraugli is left out.
func webpMeasure(p webpPicture, ref metrics.Plane, q int, file []byte, scratch string) (webpPoint, error) {
	pt := webpPoint{Quality: q, Bytes: len(file)}
	// PSNR and SSIM, from x/image/webp's luma.
	got, err := decodedLuma(file)
	if err != nil {
		return webpPoint{}, fmt.Errorf("%s q %d: %w", p.name, q, err)
	}
	if pt.PSNR, err = metrics.PSNR(ref, got); err != nil {
		return webpPoint{}, err
	}
	if pt.SSIM, err = metrics.SSIM(ref, got); err != nil {
		return webpPoint{}, err
	}
	if scratch == "" {
		return pt, nil
	}
	// butteraugli, from dwebp's PNG.
	in, out := filepath.Join(scratch, "a.webp"), filepath.Join(scratch, "a.png")
	if err := os.WriteFile(in, file, 0o644); err != nil {
		return webpPoint{}, err
	}
	if b, err := exec.Command("dwebp", "-quiet", in, "-o", out).CombinedOutput(); err != nil {
		return webpPoint{}, fmt.Errorf("dwebp: %v: %s", err, b)
	}
	b, err := exec.Command("butteraugli_main", p.png, out, "--pnorm", "3").Output()
	if err != nil {
		return webpPoint{}, fmt.Errorf("butteraugli_main: %w", err)
	}
	// The output has two lines: the maximum, then "3-norm: 1.234567".
	if pt.Butteraugli, err = parse3Norm(string(b)); err != nil {
		return webpPoint{}, err
	}
	return pt, nil
}

// parse3Norm returns the 3-norm in the output of butteraugli_main.
func parse3Norm(out string) (float64, error) {
	for line := range strings.Lines(out) {
		if _, v, ok := strings.Cut(line, "3-norm:"); ok {
			return strconv.ParseFloat(strings.TrimSpace(v), 64)
		}
	}
	return 0, fmt.Errorf("butteraugli_main printed no 3-norm: %q", out)
}

// cwebpPoint measures cwebp -m 4. It stores the point beside p's PNG for later runs, because the
// point does not depend on codec/webp, which is tuned in many runs.
func cwebpPoint(p webpPicture, ref metrics.Plane, q int, scratch, version string) (webpPoint, error) {
	sum := sha256.Sum256(p.m.Pix)
	pixels, butteraugli := hex.EncodeToString(sum[:8]), scratch != ""
	name := fmt.Sprintf("cwebp-%s-%s-q%d-%v.json", version, pixels, q, butteraugli)
	kept := filepath.Join(filepath.Dir(p.png), name)
	var pt webpPoint
	if b, err := os.ReadFile(kept); err == nil && json.Unmarshal(b, &pt) == nil && pt.Bytes > 0 {
		return pt, nil
	}
	out := p.png + ".webp"
	cmd := exec.Command("cwebp", "-quiet", "-m", "4", "-q", strconv.Itoa(q), p.png, "-o", out)
	if b, err := cmd.CombinedOutput(); err != nil {
		return webpPoint{}, fmt.Errorf("cwebp: %v: %s", err, b)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		return webpPoint{}, err
	}
	os.Remove(out)
	if pt, err = webpMeasure(p, ref, q, file, scratch); err != nil {
		return webpPoint{}, err
	}
	b, err := json.Marshal(pt)
	if err != nil {
		return webpPoint{}, err
	}
	if err := os.WriteFile(kept, b, 0o644); err != nil {
		return webpPoint{}, err
	}
	return pt, nil
}
