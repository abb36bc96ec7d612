package desk

// commands returns the table that help prints and Main reads. To add a command, add a line.
func commands() []command {
	return []command{
		{"serve", "[-addr 127.0.0.1:8080] [-dir DIR] [-endpoint URL -bucket NAME] [-quality N]", "a local CloudFront and a playground in the browser", runServe},
		{"resize", "-size NAME [-webp] [-quality 80] [-effort high] [-json] IN... OUT", "resize files, through the codec that runs at the edge", runResize},
		{"replay", "[-dir DIR | -endpoint URL] EVENT.json", "run one saved event, print the request that comes back", runReplay},
		{"explain", "[-json] [-source FILE] URL", "print what the function would do with a URL, and why", runExplain},
		{"warm", "-bucket NAME | -dir DIR [-prefix PREFIX | KEY...]", "make the results of pictures before the first request", runWarm},
		{"purge", "-bucket NAME | -dir DIR [-distribution ID] KEY...", "delete results of pictures, and invalidate them in CloudFront", runPurge},
		{"package", "[-o dist/edge.zip] [-regional]", "build the zip to deploy on Lambda@Edge", runPackage},
		{"deploy", "-bucket NAME [-existing | -attach] [-region R]", "print the AWS CLI lines that deploy it, without running them", runDeploy},
		{"version", "", "print the version", runVersion},
	}
}
