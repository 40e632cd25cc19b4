// Package v32 holds the tests of package coreos with github.com/coreos/etcd v3.2.0, which its module asks for.
package v32
