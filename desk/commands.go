package desk

// commands is the table that help prints and Main reads. A new command is one line here.
func commands() []Command {
	return []Command{
		{"package", "[-o dist/edge.zip]", "build the zip to deploy on Lambda@Edge", runPackage},
	}
}
