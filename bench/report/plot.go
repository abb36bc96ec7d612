package main

// This file draws plots as SVG.

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A plot is one SVG: lines over two axes. The name of each line is at the line's end.
type plot struct {
	title  string
	x, y   axis
	series []series
}

// An axis is linear or logarithmic, and goes from lo to hi.
type axis struct {
	label  string
	log    bool
	lo, hi float64
	ticks  []float64
}

// A series is one line. Lines differ in their color, and in the shape of their marks.
type series struct {
	name   string
	color  int // a class of the style sheet
	shape  string
	dashed bool
	points []point
}

type point struct{ x, y float64 }

// The plot and the frame in it, in SVG units.
const (
	plotW, plotH             = 720, 400
	left, right, top, bottom = 62, 158, 44, 52 // margins around the frame
	frameW, frameH           = plotW - left - right, plotH - top - bottom
	nameGap                  = 17                 // the least distance between two names
	nameX                    = left + frameW + 26 // where the lines' names begin
	keyX                     = nameX - 12         // the mark before a line's name
	leadX                    = nameX - 18         // where the dotted line to a name ends
	baseline                 = 4.5                // from the middle of a text down to its baseline
)

// shapes are the SVG paths of the marks, relative to a mark's middle. The style fills only the dot.
var shapes = map[string]string{
	"dot":      "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
	"ring":     "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
	"square":   "m-3.6-3.6h7.2v7.2h-7.2z",
	"triangle": "m0-5l4.6 8h-9.2z",
	"flag":     "m0 5l4.6-8h-9.2z",
	"diamond":  "m0-5.4l5.4 5.4l-5.4 5.4l-5.4-5.4z",
	"cross":    "m-3.8-3.8l7.6 7.6m0-7.6l-7.6 7.6",
}

// style has colors that color-blind eyes can tell apart (after Okabe and Ito), for white and for
// dark backgrounds. The plot has a background of its own, so that it can be read where the page has
// another color scheme than the browser.
const style = `<style>
.back{fill:#fff}.ink{fill:#1f2328}.soft{fill:#59636e}.grid{stroke:#d1d9e0}.axis{stroke:#818b98}
.c0{--c:#0062b1}.c1{--c:#b34a00}.c2{--c:#00795c}.c3{--c:#a0417f}.c4{--c:#5f6872}
@media (prefers-color-scheme:dark){.back{fill:#0d1117}.ink{fill:#e6edf3}.soft{fill:#9198a1}.grid{stroke:#2a313c}.axis{stroke:#656c76}
.c0{--c:#58a6ff}.c1{--c:#f0883e}.c2{--c:#3fb68b}.c3{--c:#dd87bd}.c4{--c:#8b949e}}
.line{fill:none;stroke:var(--c);stroke-width:2}.mark{fill:none;stroke:var(--c);stroke-width:1.6}.dot,.name{fill:var(--c)}
.dashed{stroke-dasharray:6 4}.lead{stroke:var(--c);stroke-width:.8;stroke-dasharray:1.5 2.5}
text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}.title{font-size:15px;font-weight:600}
</style>`

// at returns the position of v on the axis, from 0 at lo to 1 at hi.
func (a axis) at(v float64) float64 {
	if a.log {
		return math.Log(v/a.lo) / math.Log(a.hi/a.lo)
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// px and py return where a value of the x axis or the y axis is drawn, in SVG units.
func (p plot) px(x float64) float64 { return left + frameW*p.x.at(x) }
func (p plot) py(y float64) float64 { return top + frameH*(1-p.y.at(y)) }

// A canvas is an SVG that is being written.
type canvas struct{ strings.Builder }

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(c, format, args...) }

// svg returns the plot as SVG.
func (p plot) svg() string {
	var c canvas
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"`, plotW, plotH)
	c.add(` width="%d" height="%d" role="img" aria-label="%s">`, plotW, plotH, escape(p.title))
	c.add("\n%s\n", style)
	c.add(`<rect class="back" width="%d" height="%d" rx="8"/>`+"\n", plotW, plotH)
	c.add(`<text class="ink title" x="%d" y="26">%s</text>`+"\n", left, escape(p.title))
	p.addAxes(&c)
	heights := p.nameHeights()
	for i, s := range p.series {
		p.addSeries(&c, s, heights[i])
	}
	c.add("</svg>\n")
	return c.String()
}

// addAxes draws both axes, and a line of a grid for each tick of the y axis.
func (p plot) addAxes(c *canvas) {
	const rightEnd, bottomEnd = left + frameW, top + frameH // of the frame
	for _, t := range p.y.ticks {
		y := p.py(t)
		c.add(`<path class="grid" d="M%d %.1fH%d"/>`, left, y, rightEnd)
		c.add(`<text class="soft" x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-8, y+baseline, number(t))
	}
	for _, t := range p.x.ticks {
		x := p.px(t)
		c.add(`<path class="axis" d="M%.1f %dv5"/>`, x, bottomEnd)
		c.add(`<text class="soft" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, bottomEnd+19, number(t))
	}
	c.add(`<path class="axis" d="M%d %dH%d"/>`+"\n", left, bottomEnd, rightEnd)
	c.add(`<text class="soft" x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", left+frameW/2, plotH-12, escape(p.x.label))
	c.add(`<text class="soft" transform="translate(16 %d) rotate(-90)" text-anchor="middle">%s</text>`+"\n", top+frameH/2, escape(p.y.label))
}

// addSeries draws a line with its marks. It writes the line's name at nameY, with one more mark as
// the key, and draws a dotted line from the line's end to the key.
func (p plot) addSeries(c *canvas, s series, nameY float64) {
	var path, marks canvas
	for i, q := range s.points {
		x, y := p.px(q.x), p.py(q.y)
		command := "L" // to here from the last point
		if i == 0 {
			command = "M"
		}
		path.add("%s%.1f %.1f", command, x, y)
		marks.add("M%.1f %.1f%s", x, y, shapes[s.shape])
	}
	marks.add("M%d %.1f%s", keyX, nameY, shapes[s.shape])
	dashed := ""
	if s.dashed {
		dashed = " dashed"
	}
	end := s.points[len(s.points)-1]
	c.add(`<g class="c%d">`, s.color)
	c.add(`<path class="line%s" d="%s"/>`, dashed, path.String())
	c.add(`<path class="lead" d="M%.1f %.1fL%d %.1f"/>`, p.px(end.x), p.py(end.y), leadX, nameY)
	c.add(`<path class="mark %s" d="%s"/>`, s.shape, marks.String())
	c.add(`<text class="name" x="%d" y="%.1f">%s</text></g>`+"\n", nameX, nameY+baseline, escape(s.name))
}

// nameHeights returns the y of the lines' names, in SVG units: beside the lines' ends, but far
// enough apart.
func (p plot) nameHeights() []float64 {
	order := make([]int, len(p.series))
	y := make([]float64, len(p.series))
	for i, s := range p.series {
		order[i] = i
		y[i] = p.py(s.points[len(s.points)-1].y)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	// Push neighbors apart that are too close. That can push others together, so repeat it.
	for range 50 {
		for k := 1; k < len(order); k++ {
			a, b := order[k-1], order[k]
			if short := nameGap - (y[b] - y[a]); short > 0 {
				y[a] -= short / 2
				y[b] += short / 2
			}
		}
	}
	return y
}

// withRange returns the axis with room for values from the least to the most, and with ticks at
// round numbers.
func (a axis) withRange(least, most float64) axis {
	const room = 0.04 // of the axis, at each end
	if a.log {
		f := math.Pow(most/least, room)
		a.lo, a.hi = least/f, most*f
	} else {
		d := room * (most - least)
		a.lo, a.hi = least-d, most+d
	}
	a.ticks = ticks(a.lo, a.hi, a.log)
	return a
}

// ticks returns round numbers between lo and hi, at least four if possible. On a linear axis they
// are the multiples of 1, 2 or 5 times a power of ten: the largest such step that gives four. On a
// logarithmic axis they are the first of these lists that has four:
//
//	the powers of ten
//	the powers of ten times 1, 2 and 5
//	the powers of ten times 1, 1.5, 2, 3, 5 and 7
//	the ticks of a linear axis
func ticks(lo, hi float64, log bool) []float64 {
	var within []float64
	if log {
		for _, digits := range [][]string{{"1"}, {"1", "2", "5"}, {"1", "1.5", "2", "3", "5", "7"}} {
			within = within[:0]
			for e := -6; e <= 9; e++ {
				for _, d := range digits {
					if v := decimal(d, e); v >= lo && v <= hi {
						within = append(within, v)
					}
				}
			}
			if len(within) >= 4 {
				return within
			}
		}
	}
	for e := 9; e >= -9; e-- {
		for _, d := range []string{"5", "2", "1"} {
			step := decimal(d, e)
			within = within[:0]
			for i := math.Ceil(lo / step); i*step <= hi; i++ {
				within = append(within, i*step)
				if len(within) == 20 {
					break // the loop ends for any lo and hi
				}
			}
			if len(within) >= 4 {
				return within
			}
		}
	}
	return within
}

// decimal returns the number nearest to d times ten to the power of e.
func decimal(d string, e int) float64 {
	v, _ := strconv.ParseFloat(fmt.Sprintf("%se%d", d, e), 64)
	return v
}

// number returns the text of a tick.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// escape returns s as text or as the value of an attribute in SVG.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}
