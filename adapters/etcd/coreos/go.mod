module github.com/raftcheck/raftcheck/adapters/etcd/coreos

go 1.26.0

require (
	github.com/coreos/etcd v3.1.1+incompatible
	github.com/raftcheck/raftcheck v0.0.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/golang/protobuf v1.5.4 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/klauspost/cpuid/v2 v2.2.10 // indirect
	github.com/zeebo/xxh3 v1.1.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	google.golang.org/protobuf v1.33.0 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)

replace github.com/raftcheck/raftcheck => ../../..
