package mp2p

import (
	"fmt"
	"log"
	"net"
	"os"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	hopLimit = 255
	// The traffic class of every IPv6 datagram.
	trafficClass = 0xe0
)

// Conn is the one socket of a program, a member of its own group.
type Conn struct {
	*net.UDPConn
	leave func() error
}

// Listen binds the wildcard address of the group's family, without sharing the port, and joins.
func Listen(group net.IP, port int, on *net.Interface) (*Conn, error) {
	network := "udp6"
	if group.To4() != nil {
		network = "udp4"
	}
	socket, err := net.ListenUDP(network, &net.UDPAddr{Port: port})
	if err != nil {
		return nil, err
	}
	conn := &Conn{UDPConn: socket}
	if group.To4() != nil {
		err = conn.join4(group, on)
	} else {
		err = conn.join6(group, on)
	}
	if err != nil {
		socket.Close()
		return nil, fmt.Errorf("joining %v: %w", group, err)
	}
	return conn, nil
}

func (c *Conn) join4(group net.IP, on *net.Interface) error {
	socket := ipv4.NewPacketConn(c.UDPConn)
	address := &net.UDPAddr{IP: group}
	c.leave = func() error { return socket.LeaveGroup(on, address) }
	return firstError(
		func() error { return socket.JoinGroup(on, address) },
		func() error { return socket.SetMulticastInterface(on) },
		func() error { return socket.SetMulticastTTL(hopLimit) },
		func() error { return socket.SetTTL(hopLimit) },
	)
}

func (c *Conn) join6(group net.IP, on *net.Interface) error {
	socket := ipv6.NewPacketConn(c.UDPConn)
	address := &net.UDPAddr{IP: group}
	c.leave = func() error { return socket.LeaveGroup(on, address) }
	return firstError(
		func() error { return socket.JoinGroup(on, address) },
		func() error { return socket.SetMulticastInterface(on) },
		func() error { return socket.SetMulticastHopLimit(hopLimit) },
		func() error { return socket.SetHopLimit(hopLimit) },
		func() error { return socket.SetTrafficClass(trafficClass) },
	)
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Close leaves the group first.
func (c *Conn) Close() error {
	if err := c.leave(); err != nil {
		log.Println("failed to leave the group:", err)
	}
	return c.UDPConn.Close()
}

// InterfaceOrExit finds the interface of that name; without it the program says which there are, and ends.
func InterfaceOrExit(name string) *net.Interface {
	found, err := net.InterfaceByName(name)
	if err == nil {
		return found
	}
	log.Println("interfaces include:")
	if interfaces, err := net.Interfaces(); err == nil {
		for _, other := range interfaces {
			log.Println(" -", other.Name)
		}
	}
	log.Println("network interface invalid:", err)
	os.Exit(1)
	return nil
}
