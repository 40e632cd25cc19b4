package mutant

// Remark is about a mutant and a rule that do not go together as the rulebook has it.
type Remark struct {
	Mutant, Rule string
	Why          string // a sentence
}

// RemarkOn returns the remark on a mutant and a rule, "" if there is none.
func RemarkOn(remarks []Remark, mutant, rule string) string {
	for _, r := range remarks {
		if r.Mutant == mutant && r.Rule == rule {
			return r.Why
		}
	}
	return ""
}

// Consequences say why a mutant breaks a rule that is not about its fault. Rules about what becomes of any fault in the end
// (spec.Rule.Outcome) need no reason.
var Consequences = []Remark{
	{"el-meta-missing-term0", "R5.3-15", "The log is still there, with entries of terms that the server does not know to have been in."},
	{"el-meta-missing-term0", "R5.1-05", "Its next campaign is for a term that its log holds entries of already."},
	{"el-uptodate-index-first", "R5.4.1-03", "The vote is refused by the paper's order, and yet on record as given in the new term."},
	{"el-no-config-leader", "R5.2-06", "Without voters there is no majority to elect anybody."},
	{"el-asks-ahead", "R5.6-01", "The term that is sent is not the one on disk."},
	{"el-asks-ahead", "R5.2-03", "The request stands for a vote for oneself in the next term, in which the candidate may still vote for another."},
	{"rp-erase-matching", "R5.3-18", "What it removes may be committed, and then commitIndex points behind its log."},
	{"rp-stale-nack-truncate", "R5.3-18", "What it removes may be committed, and then commitIndex points behind its log."},
	{"rp-rollback-too-far", "R5.3-05", "A request of a new term that repeats what the follower has finds it gone."},
	{"rp-rollback-too-far", "R5.4.1-01", "The vote is given by what is left of the log; by what it was before, the candidate is behind."},
	{"rp-rollback-too-far", "R5.4.1-03", "The same vote, as the voter keeps it."},
	{"rp-ack-too-far", "R5.3-10", "The leader believes that the follower has entries which it lacks itself, and names one of them as the previous entry."},
	{"rp-leader-drops-own", "R5.3-04", "No conflict makes it remove them."},
	{"rp-leader-drops-own", "R5.3-10", "A follower has acknowledged what the leader gave up, so the previous entry is one that the leader lacks."},
	{"rp-wal-term-drift", "R5.3-15", "The leader's entry after the follower's own may be of an earlier term."},
	{"rp-wal-term-drift", "R5.6-01", "It acknowledges the leader's entry, and has another one on its disk."},
	{"rp-purged-prev-conflict", "R5.3-05", "The message repeats what the follower has, and its log changes."},
	{"rp-purged-prev-conflict", "R5.3-18", "What it removes is committed, and commitIndex points behind its log."},
	{"rp-append-aba", "R5.6-01", "The entry that is acknowledged is not the one on disk."},
	{"rp-claim-after-truncate", "R5.4.2-03", "The client is told before anybody else has the entry."},
	{"sn-term-regress", "R5.1-02", "The term of the message is taken over, and taken back in the same step."},
	{"sn-term-regress", "R5.2-03", "Back in a term in which it has voted, it votes again."},
	{"sn-term-regress", "R5.6-02", "The vote of the new term stays on disk with the old term."},
	{"sn-older-snapshot", "R5.3-16", "It goes back to what the older snapshot covers."},
	{"sn-total-loss", "R5.3-04", "The log goes without a conflict."},
	{"sn-total-loss", "R5.3-05", "A request of a new term that repeats what the follower has finds it gone."},
	{"sn-total-loss", "R5.3-18", "What is lost may be committed, and then commitIndex points behind the log."},
	{"sn-total-loss", "R5.4.1-01", "The vote is given by what is left of the log; by what it was before, the candidate is behind."},
	{"sn-total-loss", "R5.4.1-03", "The same vote, as the voter keeps it."},
	{"sn-total-loss", "R5.6-01", "It acknowledges entries before the snapshot's end that are gone."},
	{"sn-total-loss", "R7-03", "The message that brings the new term may be a snapshot."},
	{"sn-save-error-swallowed", "R5.6-01", "What the batch acknowledges is not on disk."},
	{"st-persist-fail-ignored", "R5.2-03", "After a restart the vote is not there, and it is given again."},
	{"st-persist-fail-ignored", "R5.6-01", "What it promises is not on disk."},
	{"st-minority-corruption", "R5.3-04", "Nothing that a leader sent conflicts with what is cut off."},
	{"mb-identity-reuse", "R5.1-01", "A blank server under an old name is one that went back to term 0."},
	{"mb-identity-reuse", "R5.2-03", "It does not remember its votes, and gives them again."},
	{"mb-identity-reuse", "R5.3-04", "It does not have the entries that it acknowledged."},
	{"mb-leave-joint-uncommitted", "R6-05", "The new configuration is a second one that is not committed."},
	{"mb-leave-joint-uncommitted", "R6-07", "It goes from the old configuration to the new one in one step, as if there were no joint one."},
	{"rd-phantom-lease", "R5.1-02", "The answer tells of a higher term, and the leader stays where it is."},
	{"st-stale-disk", "R5.3-04", "The older image lacks entries, and no conflict removed them."},
	{"mb-rethinkdb", "R5.1-01", "A server that throws its state away goes back to term 0."},
	{"mb-rethinkdb", "R5.3-04", "Its log goes without a conflict."},
	{"mb-rethinkdb", "R5.3-16", "So does its commit index."},
	{"mb-rethinkdb", "R5.3-19", "And what it had applied."},
	{"st-lazy-fsync", "R5.4.2-03", "What the client is told of is not synced anywhere."},
	{"cl-session-expiry", "R8-07", "The server that has forgotten carries the request out again."},
	{"rp-catchup-truncates", "R5.1-04", "What is taken of a deposed leader is acknowledged to it too."},
	{"rp-rollback-too-far", "R5.6-08", "A crash right after the write leaves the disk without what it cut off."},
	{"sn-total-loss", "R5.6-08", "A crash right after the write leaves the disk without what it lost."},
	{"rp-leader-drops-own", "R5.6-08", "A crash right after the write leaves the disk without what it dropped."},
	{"el-leader-votes", "R5.6-08", "The second vote is written over the first one, of the same term."},
	{"el-nonatomic-term-vote", "R5.6-08", "The vote that a crash leaves in a term it was not given in is written over by one that is given."},
	{"el-revote-same-term", "R5.6-08", "The second vote is written over the first one, of the same term."},
	{"el-candidate-stepdown-clears-vote", "R5.6-08", "The vote is cleared on disk too."},
	{"sn-keeps-conflict", "R5.3-15", "The entries that it keeps may be of an earlier term than the snapshot they now follow."},
	{"sn-stale-effective-config", "R6-01", "The configuration that it goes by is not the last one in its log."},
	{"sn-term-regress", "R5.6-08", "The term that it goes back to is written over the one on disk."},
	{"rp-dup-append-compacted", "R5.3-22", "What it appends again stands behind the message, where nothing was sent."},
	{"rp-async-heartbeat", "R5.3-22", "It has an entry of its own with the leader's index and term, takes it for the leader's and acknowledges it."},
	{"el-stays-candidate", "R5.2-08", "The candidate that votes for another is still one."},
	{"rp-drops-last", "R5.6-01", "What it acknowledges is not on its disk either."},
	{"rp-drops-last", "R5.3-18", "It commits as far as the leader tells it, beyond the end of its log."},
	{"st-log-write-drops-term", "R5.6-01", "The message that acknowledges the entry carries a term that is not on disk any more."},
	{"st-log-write-drops-term", "R5.1-01", "A restart finds the older term."},
	{"st-log-write-drops-term", "R5.2-03", "Back in the older term it comes to the newer one again, and votes in it again."},
	{"rd-startup-stale", "R8-03", "What it has applied is of an earlier term than the leader's own."},
}

// Beyond says why a mutant does not show a breach in its world that the rulebook names it for.
var Beyond = []Remark{
	{"rd-ctx-reuse", "R8-02", "The read that is wrong must begin after a client was told of a command that the deposed leader lacks, which needs a term more than its world has."},
	{"rd-lease-clock", "R8-02", "Clients are told of no commands in its world, which is large as it is; R8-06 compares with what is committed instead."},
	{"rd-lease-checkquorum", "R8-02", "Clients are told of no commands in its world, which is large as it is; R8-06 compares with what is committed instead."},
	{"rd-phantom-lease", "R8-02", "Clients are told of no commands in its world, which is large as it is; R8-06 compares with what is committed instead."},
	{"rp-async-heartbeat", "R5.3-11", "The server that creates the entry has been deposed by then and sends none; R5.1-07 sees it create it."},
	{"rp-catchup-truncates", "R5.3-05", "With one entry what the finished stream brings is new or in conflict; that it is taken at all is against R5.1-03."},
	{"rd-startup-stale", "R8-02", "Clients are told of no commands in its world; with a command, a longer log and a second read it takes 21 steps and a million states."},
}
