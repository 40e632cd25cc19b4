// Package v33 holds the tests of package coreos with github.com/coreos/etcd v3.3.27, which its module asks for.
package v33
