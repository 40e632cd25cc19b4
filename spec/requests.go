package spec

// requestName is what tells a client's request from others: its own name for it.
type requestName struct{ client, request string }

// place is an entry by its index and term.
type place struct {
	index Index
	term  Term
}

// requests remembers which entries are whose requests, and which of them were carried out where. Only requests with names are.
type requests struct {
	of      map[place]requestName // entries
	oldest  []place               // of the keys of of
	carried map[ServerID]map[requestName]Index
	first   map[requestName]carrying // of any server
}

// carrying is where a server carried a request out.
type carrying struct {
	by    ServerID
	index Index
}

// carriedElsewhere returns which other server carried out the request of an Apply at another index: every state machine carries it out at the same one.
func (q *requests) carriedElsewhere(s *Step, effect int) (carrying, bool) {
	r := &s.Output.Effects[effect].Reply
	if name, known := q.nameOf(s, r); known && !r.NoIndex && r.Index > 0 {
		was := q.first[name]
		return was, was.index > 0 && was.index != r.Index
	}
	return carrying{}, false
}

// mostRequests bounds the entries whose requests are remembered.
const mostRequests = 1 << 16

// carriedOutAt returns where a server carried out the request of an Apply before, an effect of the step; 0 if that is not known.
func (q *requests) carriedOutAt(s *Step, effect int) Index {
	r := &s.Output.Effects[effect].Reply
	name, known := q.nameOf(s, r)
	if !known {
		return 0
	}
	if at := q.carried[s.Server][name]; at != r.Index && at > 0 {
		return at
	}
	for k := range s.Output.Effects[:effect] {
		e := &s.Output.Effects[k]
		if e.Kind != Apply || e.Reply.Passed || e.Reply.Index == r.Index {
			continue
		}
		if other, known := q.nameOf(s, &e.Reply); known && other == name {
			return e.Reply.Index
		}
	}
	return 0
}

// nameOf returns the name of the request that an Apply carries out: as the record shows it, or as it was asked for.
func (q *requests) nameOf(s *Step, r *Reply) (requestName, bool) {
	if r.Request != "" {
		return requestName{r.Client, r.Request}, true
	}
	e, held := s.After.Log.At(r.Index)
	if !held || !s.After.Knows(FieldLog) {
		return requestName{}, false
	}
	name, known := q.of[place{r.Index, e.Term}]
	return name, known
}

// asked takes in which entry a request becomes in a step, before that is judged.
func (q *requests) asked(s *Step) {
	in := &s.Input
	if in.Kind == Propose && in.Request != "" && in.Value != "" && s.show(FieldLog) && s.After.Log.LastIndex() == s.Before.Log.LastIndex()+1 {
		if e, held := s.After.Log.At(s.After.Log.LastIndex()); held && e.Value == in.Value { // two that are not shown may be two
			q.note(place{s.After.Log.LastIndex(), e.Term}, requestName{in.Client, in.Request})
		}
	}
}

// remember takes in what is carried out.
func (q *requests) remember(s *Step) {
	if s.crashes() || s.Input.Kind == Restart {
		delete(q.carried, s.Server) // its state machine begins anew
	}
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Apply || e.Reply.Passed {
			continue
		}
		name, known := q.nameOf(s, &e.Reply)
		if !known {
			continue
		}
		if q.carried == nil {
			q.carried = map[ServerID]map[requestName]Index{}
		}
		if q.carried[s.Server] == nil {
			q.carried[s.Server] = map[requestName]Index{}
		}
		q.carried[s.Server][name] = e.Reply.Index
		if _, known := q.first[name]; !known && !e.Reply.NoIndex && e.Reply.Index > 0 {
			if q.first == nil {
				q.first = map[requestName]carrying{}
			}
			q.first[name] = carrying{s.Server, e.Reply.Index}
		}
	}
}

func (q *requests) note(at place, name requestName) {
	if q.of == nil {
		q.of = map[place]requestName{}
	}
	if len(q.oldest) >= mostRequests {
		delete(q.of, q.oldest[0])
		q.oldest = q.oldest[1:]
	}
	q.of[at] = name
	q.oldest = append(q.oldest, at)
}
