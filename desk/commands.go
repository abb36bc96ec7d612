package desk

// commands is the table that help prints and Main reads. A new command is one line here.
func commands() []Command {
	return []Command{
		{"serve", "[-addr 127.0.0.1:8080] [-dir DIR] [-endpoint URL -bucket NAME] [-quality N]", "a local CloudFront and a playground in the browser", runServe},
		{"resize", "-size NAME [-webp] [-quality 80] [-effort high] IN OUT", "resize one file, through the codec that runs at the edge", runResize},
		{"replay", "[-dir DIR | -endpoint URL] EVENT.json", "run one saved event and print the request that the function returns", runReplay},
		{"explain", "[-json] URL", "say what the function would do with a URL and why, without doing it", runExplain},
		{"warm", "-bucket NAME KEY...", "make the results of pictures ahead of the first request", runWarm},
		{"purge", "-bucket NAME [-distribution ID] KEY...", "delete the results of pictures, and make CloudFront forget them", runPurge},
		{"package", "[-o dist/edge.zip]", "build the zip to deploy on Lambda@Edge", runPackage},
		{"deploy", "-bucket NAME [-existing | -attach] [-region R]", "print the AWS CLI lines that put it on AWS, and run none of them", runDeploy},
	}
}
