package processes

import (
	"net"
	"strconv"
)

// Doors are where clients turn to, one for each server, on this machine only.
type Doors struct {
	listeners []net.Listener
	addresses []string
}

// Open opens a door for each server: the first at port, the others at the next ones, or at any that are free if it is 0.
func Open(servers, port int) (*Doors, error) {
	d := &Doors{}
	for k := range servers {
		at := 0
		if port > 0 {
			at = port + k
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(at)))
		if err != nil {
			d.Close()
			return nil, err
		}
		d.listeners = append(d.listeners, l)
		d.addresses = append(d.addresses, "http://"+l.Addr().String())
	}
	return d, nil
}

// Close closes the doors. It may be called twice.
func (d *Doors) Close() {
	for _, l := range d.listeners {
		l.Close()
	}
}
