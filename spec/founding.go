package spec

// A new cluster may be founded with entries: each of its servers is given, in memory, the same changes of configuration as entries of term 1
// of a log that was empty, and counts them as committed (RawNode.Bootstrap of etcd's raft). The first step that shows them need not be the one
// that made them.

// founds reports whether the entry that a step brings to light at an index is one of those: the server had neither entries nor a term
// before, and counts it as committed.
func (s *Step) founds(i Index, e Entry) bool {
	return e.Kind == ConfigurationChange && e.Term == 1 && s.Before.Term == 0 && s.Before.Log.LastIndex() == 0 && s.show(FieldCommit) &&
		i <= s.After.CommitIndex
}

// founded reports whether a server that begins to run with nothing on its disk counts as committed what it was given in memory, while its
// log shows what it found on disk.
func (s *Step) founded() bool {
	o := &s.After
	return s.Input.Kind == Restart && o.Knows(FieldTerm|FieldConfig|FieldApplied|FieldDurable) && o.Term == 1 && o.LastApplied == 0 && len(o.Config.Voters) == 0 &&
		o.Log.LastIndex() == 0 && o.Durable.Term == 0 && o.Durable.VotedFor == None && o.Durable.Log.LastIndex() == 0
}
