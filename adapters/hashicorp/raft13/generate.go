//go:build ignore

// Generate copies the sources that both families of versions share from the folder above. Run it as go generate.
package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"strings"
)

// Apart is what the families do not share.
var apart = map[string]bool{"doc.go": true, "family.go": true}

func main() {
	files, err := filepath.Glob("../*.go")
	if err != nil {
		log.Fatal(err)
	}
	for _, from := range append(files, "../gates") {
		name := filepath.Base(from)
		if apart[name] || strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(from)
		if err != nil {
			log.Fatal(err)
		}
		var b bytes.Buffer
		comment := "// "
		if name == "gates" {
			comment = "# "
		}
		b.WriteString(comment + "Code generated from " + from + " by go generate; DO NOT EDIT.\n\n")
		b.Write(source)
		if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
			log.Fatal(err)
		}
	}
}
