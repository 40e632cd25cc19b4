package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// String prints a configuration as it stands in an entry of the log: "voters=n1,n2 outgoing=n2,n3 learners=n4". ParseConfiguration
// reads it back.
func (c Configuration) String() string {
	s := "voters=" + joined(c.Voters)
	if len(c.Outgoing) > 0 {
		s += " outgoing=" + joined(c.Outgoing)
	}
	if len(c.Learners) > 0 {
		s += " learners=" + joined(c.Learners)
	}
	return s
}

func joined(ids []ServerID) string {
	names := make([]string, len(ids))
	for k, id := range ids {
		names[k] = id.String()
	}
	return strings.Join(names, ",")
}

// ParseConfiguration reads what Configuration.String prints. The error says which word it does not understand.
func ParseConfiguration(text string) (Configuration, error) {
	var c Configuration
	for _, word := range strings.Fields(text) {
		name, list, _ := strings.Cut(word, "=")
		ids, err := parseServers(list)
		if err != nil {
			return Configuration{}, err
		}
		switch name {
		case "voters":
			c.Voters = ids
		case "outgoing":
			c.Outgoing = ids
		case "learners":
			c.Learners = ids
		default:
			return Configuration{}, fmt.Errorf("%q is not voters=…, outgoing=… or learners=…", word)
		}
	}
	return c, nil
}

// parseServers reads "n1,n2" into ascending order.
func parseServers(list string) ([]ServerID, error) {
	if list == "" {
		return nil, nil
	}
	var ids []ServerID
	for name := range strings.SplitSeq(list, ",") {
		digits, named := strings.CutPrefix(name, "n")
		n, err := strconv.ParseUint(digits, 10, 64)
		if !named || err != nil || n == 0 {
			return nil, fmt.Errorf("%q is not a server: n1, n2, …", name)
		}
		ids = append(ids, ServerID(n))
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Text prints the configuration that is asked for, without how to get there, as ParseConfiguration reads it.
func (c Change) Text() string {
	c.Joint = false
	return c.String()
}

// Among returns an error if a server that the change names is none of these, which says who they are; nil otherwise.
func (c Change) Among(servers []ServerID) error {
	to, err := ParseConfiguration(c.Text())
	if err != nil {
		return err
	}
	return Absent(servers, slices.Concat(to.Voters, to.Learners)...)
}

// Absent returns an error if one that is named is none of the servers, which says who they are; nil otherwise.
func Absent(servers []ServerID, named ...ServerID) error {
	for _, id := range named {
		if !slices.Contains(servers, id) {
			return fmt.Errorf("there is no server %s, only %s", id, strings.ReplaceAll(joined(servers), ",", " "))
		}
	}
	return nil
}

// ParseChange reads what Change.String prints: "voters=n1,n2 learners=n3 joint".
func ParseChange(text string) (Change, error) {
	words := strings.Fields(text)
	k := slices.Index(words, "joint")
	if k >= 0 {
		words = slices.Delete(words, k, k+1)
	}
	c, err := ParseConfiguration(strings.Join(words, " "))
	switch {
	case err != nil:
		return Change{}, err
	case len(c.Voters) == 0 || len(c.Outgoing) > 0:
		return Change{}, fmt.Errorf("%q does not name the voters to be", text)
	}
	return Change{Voters: joined(c.Voters), Learners: joined(c.Learners), Joint: k >= 0}, nil
}
