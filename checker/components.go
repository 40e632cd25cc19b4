package checker

import "slices"

// componentFinder finds strongly connected components by Tarjan's algorithm (1972), with a stack of its own in place of recursion.
// It is kept between searches of parts of one graph, so that its tables are made once.
type componentFinder struct {
	index  []uint32 // by node: when it was met, from 1; 0 is not yet
	low    []uint32 // by node: the earliest node on the stack that it reaches
	onPath []bool   // by node: it is on the stack of nodes whose component is open
}

// frame is a node whose edges are being followed.
type frame struct{ node, edge uint32 }

// find returns the components of the part of a graph that has these nodes and the edges that belong, the nodes of each ascending; none if it
// was stopped.
func (f *componentFinder) find(a *arena, nodes []uint32, belongs func(edge, from uint32) bool) [][]uint32 {
	if f.index == nil {
		n := len(a.first) - 1
		f.index, f.low, f.onPath = make([]uint32, n), make([]uint32, n), make([]bool, n)
	}
	for _, n := range nodes {
		f.index[n] = 0
	}
	var all [][]uint32
	var open []uint32
	var frames []frame
	met := uint32(0)
	meet := func(n uint32) {
		met++
		f.index[n], f.low[n], f.onPath[n] = met, met, true
		open = append(open, n)
		frames = append(frames, frame{n, a.first[n]})
	}
	for _, root := range nodes {
		if f.index[root] != 0 {
			continue
		}
		meet(root)
		for steps := 0; len(frames) > 0; steps++ {
			if steps%stopAfter == stopAfter-1 && a.stopped() {
				f.index = nil // what is known is of no use for another search
				return nil
			}
			top := &frames[len(frames)-1]
			n := top.node
			if top.edge < a.first[n+1] {
				e := top.edge
				top.edge++
				if !belongs(e, n) {
					continue
				}
				if next := a.to[e]; f.index[next] == 0 {
					meet(next)
				} else if f.onPath[next] {
					f.low[n] = min(f.low[n], f.index[next])
				}
				continue
			}
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				parent := frames[len(frames)-1].node
				f.low[parent] = min(f.low[parent], f.low[n])
			}
			if f.low[n] == f.index[n] {
				k := len(open) - 1
				for open[k] != n {
					k--
				}
				found := slices.Clone(open[k:])
				open = open[:k]
				for _, m := range found {
					f.onPath[m] = false
				}
				slices.Sort(found)
				all = append(all, found)
			}
		}
	}
	return all
}
