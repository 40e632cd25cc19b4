package hashicorp_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/cluster"
)

func TestStatementIsPublished(t *testing.T) {
	o := order.Order{Name: "hashicorp@v1.8.0", Variants: hashicorp.Variants, Bounds: cluster.Bounds{Terms: 3, Log: 3, Messages: 1, Campaigns: 2, Proposals: 1}}
	order.Published(t, o, func(orders, outcomes string) { hashicorp.Obey(t, orders, outcomes) }, "../../docs/conformance/hashicorp-v1.8.md")
}
