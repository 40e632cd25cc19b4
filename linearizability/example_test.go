package linearizability_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/linearizability"
)

// A program records what its clients do, and asks whether they saw one store.
func ExampleVerify() {
	one, two := linearizability.Literal("1"), linearizability.Literal("2")
	h := &linearizability.History{}
	first := h.Call("alice", linearizability.WriteOf("x", one))
	h.Return(first)
	second := h.Call("bob", linearizability.WriteOf("x", two))
	lost := h.Call("carol", linearizability.WriteOf("x", linearizability.Literal("3")))
	h.Return(second)
	h.Lose(lost) // a timeout: it may take effect at any time, or never
	read := h.Call("alice", linearizability.ReadOf("x"))
	h.Return(read, one)

	r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Verdict)
	for _, f := range r.Findings {
		fmt.Println(f.Message)
		for n, o := range f.Operations {
			fmt.Printf("%d. %s: %s\n", n+1, o.Client, o.Text)
		}
	}
	// Output:
	// violated
	// alice reads 1 from x after 2 had replaced it
	// 1. alice: write x 1
	// 2. bob: write x 2
	// 3. alice: read x: 1
}

func ExampleReadFrom() {
	const edn = `
{:process 0, :type :invoke, :f :cas, :value [nil 5]}
{:process 0, :type :info,   :f :cas, :value [nil 5], :error :timeout}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok,     :f :read, :value 5}`
	h, err := linearizability.ReadFrom("history.edn", strings.NewReader(edn), linearizability.ReadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(h.Format)
	for _, o := range h.Operations {
		fmt.Println(o)
	}
	// Output:
	// jepsen
	// cas nil to 5 (unknown)
	// read: 5
}

// A search asks about many small histories, most of which it has met before.
func ExampleMemo() {
	var memo linearizability.Memo
	for _, seen := range []linearizability.Value{linearizability.Text("a"), linearizability.Absent, linearizability.Text("a")} {
		h := &linearizability.History{}
		h.Return(h.Call("writer", linearizability.WriteOf("x", linearizability.Text("a"))))
		h.Return(h.Call("reader", linearizability.ReadOf("x")), seen)
		fmt.Println(memo.Check(h))
	}
	fmt.Println(memo.Decided, "of", memo.Asked)
	// Output:
	// held
	// violated
	// held
	// 2 of 3
}
