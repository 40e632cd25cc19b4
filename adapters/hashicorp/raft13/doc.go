// Package hashicorp searches the executions of github.com/hashicorp/raft, versions 1.1.2 to 1.6. It is the package of that name in the
// folder above, which is for later versions, without pre-votes; all that both share is copied from there.
package hashicorp

//go:generate go run generate.go
