//go:build ignore

// Generate copies the tests that both versions share from the folder above. Run it as go generate.
package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
)

func main() {
	for _, name := range []string{"cluster_test.go", "etcd_test.go", "goroutines_test.go", "silent_test.go"} {
		from := filepath.Join("..", name)
		source, err := os.ReadFile(from)
		if err != nil {
			log.Fatal(err)
		}
		source = bytes.ReplaceAll(source, []byte(`traces/record/etcd"`), []byte(`traces/record/etcd/raft36"`))
		if err := os.WriteFile(name, append([]byte("// Code generated from "+from+" by go generate; DO NOT EDIT.\n\n"), source...), 0o666); err != nil {
			log.Fatal(err)
		}
	}
}
