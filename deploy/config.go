package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"miniatura/sizes"
)

// edgeRegion is where every Lambda@Edge function must be created.
const edgeRegion = "us-east-1"

// Config is what changes the shape of the templates: the context, -c key=value.
// What only changes a string in them is a CloudFormation parameter.
type Config struct {
	Name           string // name of the stack, and prefix of every global name in it
	Account        string // 12 digits, or empty: known at deployment only
	ExistingBucket bool   // BucketName names a bucket that is there already
	BucketRegion   string // where the bucket is, or is to be
	AttachOnly     bool   // no bucket and no distribution, only what an existing distribution needs
	DomainNames    []string
	CertificateArn string // of a certificate in us-east-1 that covers DomainNames
	OriginShield   string // a region, or empty: off
	AutoWebP       bool   // Accept: image/webp does what to_webp=1 does
	Zip            string // the edge function's code
	MemorySize     int    // MB
	PriceClass     string // as CDK's enum names it
	LogDays        int
	ResultDays     int

	Regional       bool   // also the function for S3 events and S3 Batch
	RegionalZip    string // its code
	RegionalSizes  string // which sizes it makes ahead, comma separated
	RegionalFormat string // in which formats: "same", "webp" or "same,webp"
}

// LogRegion is where the edge function runs, and so where its log group has to
// be: Origin Shield's region. With Origin Shield off it runs everywhere; then it
// is the bucket's region, one of many.
func (c Config) LogRegion() string {
	if c.OriginShield != "" {
		return c.OriginShield
	}
	return c.BucketRegion
}

// shieldRegions says which Origin Shield region CloudFront's developer guide
// recommends for an origin in a region, "Choosing the AWS Region for Origin
// Shield". A region that is not in it needs -c originShield=REGION or off.
var shieldRegions = map[string]string{
	"us-east-1": "us-east-1", "us-east-2": "us-east-2", "us-west-2": "us-west-2",
	"ap-south-1": "ap-south-1", "ap-northeast-1": "ap-northeast-1", "ap-northeast-2": "ap-northeast-2",
	"ap-southeast-1": "ap-southeast-1", "ap-southeast-2": "ap-southeast-2",
	"eu-central-1": "eu-central-1", "eu-west-1": "eu-west-1", "eu-west-2": "eu-west-2",
	"sa-east-1": "sa-east-1",
	// Not offered there: the nearest one that is.
	"us-west-1": "us-west-2", "af-south-1": "eu-west-1", "ap-east-1": "ap-southeast-1",
	"ca-central-1": "us-east-1", "eu-south-1": "eu-central-1", "eu-west-3": "eu-west-2",
	"eu-north-1": "eu-west-2", "me-south-1": "ap-south-1",
}

// logDays are the retentions CloudWatch Logs takes (PutRetentionPolicy).
var logDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

var priceClasses = []string{"PRICE_CLASS_100", "PRICE_CLASS_200", "PRICE_CLASS_ALL"}

// contextKeys are the words -c takes, with what each means. The README's table
// is held equal to it by a test.
var contextKeys = map[string]string{
	"name":           "name of the stack, default Miniatura",
	"existingBucket": "true: the bucket is there already; nothing of it is changed",
	"bucketRegion":   "where the bucket is, or is to be, default us-east-1",
	"attachOnly":     "true: only the function's version, for a distribution you have",
	"domainNames":    "your own names for the distribution, comma separated",
	"certificateArn": "the certificate for them, in us-east-1",
	"originShield":   "off, or a region, default the bucket's or the nearest to it",
	"autoWebp":       "true: browsers that accept WebP get it without to_webp=1",
	"zip":            "the function's code, default ../dist/edge.zip",
	"memory":         "the function's MB, 128 to 10240, default 512",
	"priceClass":     "PRICE_CLASS_100, _200 or _ALL, default PRICE_CLASS_100",
	"logDays":        "days that logs are kept, default 14",
	"resultDays":     "days after which a result is deleted and made again when asked for, default 90",
	"regional":       "true: also the function for S3 events and S3 Batch",
	"regionalZip":    "its code, default ../dist/regional.zip",
	"regionalSizes":  "the sizes it makes ahead, default all eight",
	"regionalFormat": "same, webp or same,webp, default same,webp",
}

var (
	nameRE   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,39}$`)
	regionRE = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	certRE   = regexp.MustCompile(`^arn:aws:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]+$`)
	domainRE = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)
	plainRE  = regexp.MustCompile(`^[A-Za-z]+$`)
)

// ReadConfig reads a context: the values of -c as strings, those of cdk.json as
// whatever JSON they are. Every fault is named, not only the first. Keys of
// CDK's own, which hold an @ or a colon, are no concern of this.
func ReadConfig(context map[string]any, account string) (Config, error) {
	var errs []error
	fail := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("-c %s: "+format, append([]any{key}, args...)...))
	}
	for _, key := range slices.Sorted(maps.Keys(context)) {
		if _, ok := contextKeys[key]; !ok && plainRE.MatchString(key) {
			fail(key, "there is no such option")
		}
	}
	text := func(key, def string) string {
		if v, ok := context[key]; ok && v != nil {
			if s := strings.TrimSpace(fmt.Sprint(v)); s != "" {
				return s
			}
		}
		return def
	}
	yes := func(key string) bool {
		v, err := strconv.ParseBool(text(key, "false"))
		if err != nil {
			fail(key, "%q is neither true nor false", text(key, ""))
		}
		return v
	}
	number := func(key string, def, least, most int) int {
		v, err := strconv.Atoi(text(key, strconv.Itoa(def)))
		if err != nil || v < least || v > most {
			fail(key, "%q is not a whole number from %d to %d", text(key, ""), least, most)
		}
		return v
	}

	c := Config{
		Name:           text("name", "Miniatura"),
		Account:        account,
		ExistingBucket: yes("existingBucket"),
		BucketRegion:   text("bucketRegion", edgeRegion),
		AttachOnly:     yes("attachOnly"),
		CertificateArn: text("certificateArn", ""),
		AutoWebP:       yes("autoWebp"),
		Zip:            text("zip", "../dist/edge.zip"),
		MemorySize:     number("memory", 512, 128, 10240),
		PriceClass:     text("priceClass", priceClasses[0]),
		LogDays:        number("logDays", 14, 1, 3653),
		ResultDays:     number("resultDays", 90, 1, 36500),
		Regional:       yes("regional"),
		RegionalZip:    text("regionalZip", "../dist/regional.zip"),
		RegionalSizes:  text("regionalSizes", "L,M,S,XS,SL,SM,SS,SXS"),
		RegionalFormat: text("regionalFormat", "same,webp"),
	}
	if !nameRE.MatchString(c.Name) {
		fail("name", "%q: letters, digits and hyphens, a letter first, at most 40", c.Name)
	}
	if !regionRE.MatchString(c.BucketRegion) {
		fail("bucketRegion", "%q is not a region's code, like eu-west-1", c.BucketRegion)
	}
	switch shield := text("originShield", ""); {
	case shield == "off":
	case shield != "":
		if c.OriginShield = shieldRegions[shield]; c.OriginShield != shield {
			c.OriginShield = ""
			fail("originShield", "CloudFront offers no Origin Shield in %q", shield)
		}
	default:
		var ok bool
		if c.OriginShield, ok = shieldRegions[c.BucketRegion]; !ok && regionRE.MatchString(c.BucketRegion) {
			fail("originShield", "no Origin Shield region is known for %s: name the nearest one, or off", c.BucketRegion)
		}
	}
	for d := range strings.SplitSeq(text("domainNames", ""), ",") {
		if d = strings.ToLower(strings.TrimSpace(d)); d == "" {
			continue
		}
		if !domainRE.MatchString(d) {
			fail("domainNames", "%q is not a domain name", d)
		}
		c.DomainNames = append(c.DomainNames, d)
	}
	if c.CertificateArn != "" && !certRE.MatchString(c.CertificateArn) {
		fail("certificateArn", "%q is not a certificate of ACM in us-east-1, the only region CloudFront takes them from", c.CertificateArn)
	}
	if (c.CertificateArn != "") != (len(c.DomainNames) > 0) {
		fail("certificateArn", "domainNames and certificateArn come together or not at all")
	}
	if !slices.Contains(priceClasses, c.PriceClass) {
		fail("priceClass", "%q is none of %s", c.PriceClass, strings.Join(priceClasses, ", "))
	}
	if !slices.Contains(logDays, c.LogDays) {
		fail("logDays", "%d is not a retention CloudWatch has: %s", c.LogDays, strings.Trim(fmt.Sprint(logDays), "[]"))
	}
	for s := range strings.SplitSeq(c.RegionalSizes, ",") {
		if _, ok := sizes.Parse(s); !ok {
			fail("regionalSizes", "%q is none of the eight sizes", s)
		}
	}
	if !slices.Contains([]string{"same", "webp", "same,webp"}, c.RegionalFormat) {
		fail("regionalFormat", "%q is none of: same; webp; same,webp", c.RegionalFormat)
	}
	if c.AttachOnly {
		for key, set := range map[string]bool{"domainNames": len(c.DomainNames) > 0, "existingBucket": c.ExistingBucket, "regional": c.Regional} {
			if set {
				fail(key, "attachOnly makes no bucket, no distribution and no regional function")
			}
		}
	}
	return c, errors.Join(errs...)
}
