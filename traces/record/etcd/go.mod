module github.com/raftcheck/raftcheck/traces/record/etcd

go 1.26.0

require (
	github.com/raftcheck/raftcheck v0.0.0
	github.com/stretchr/testify v1.12.1
	go.etcd.io/raft/v3 v3.7.0
	google.golang.org/protobuf v1.36.11
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.30.0 // indirect
)

replace github.com/raftcheck/raftcheck => ../../..
