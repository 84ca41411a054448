// Watch a group: a line of JSON when it is joined, and one for each datagram, with what Node does not show of it.
package main

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"log"
	"net"
	"os"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"mimirjs/interop/multicast/mp2p"
)

var (
	group = flag.String("group", "", "to join")
	port  = flag.Int("port", 1024, "to listen on")
	ifi   = flag.String("ifi", "lo", "name of the network interface")
)

// Seen is one datagram; a traffic class is told of IPv6 only.
type Seen struct {
	Source       string `json:"source"`
	SourcePort   int    `json:"sourcePort"`
	HopLimit     int    `json:"hopLimit"`
	TrafficClass int    `json:"trafficClass"`
	AtMs         int64  `json:"atMs"`
	Payload      string `json:"payload"`
}

// head is what the family's control messages tell.
type head struct {
	size         int
	from         net.Addr
	hopLimit     int
	trafficClass int
}

func main() {
	flag.Parse()
	address := net.ParseIP(*group)
	if address == nil {
		log.Fatalf("not an address: %q", *group)
	}
	conn, err := mp2p.Listen(address, *port, mp2p.InterfaceOrExit(*ifi))
	if err != nil {
		log.Fatal(err)
	}
	open := read6
	if address.To4() != nil {
		open = read4
	}
	read := open(conn)
	lines := json.NewEncoder(os.Stdout)
	lines.Encode(map[string]bool{"ready": true})
	buffer := make([]byte, 65536)
	for {
		head, err := read(buffer)
		if err != nil {
			log.Fatal(err)
		}
		from := head.from.(*net.UDPAddr)
		lines.Encode(Seen{
			Source: from.IP.String(), SourcePort: from.Port, HopLimit: head.hopLimit, TrafficClass: head.trafficClass,
			AtMs: time.Now().UnixMilli(), Payload: hex.EncodeToString(buffer[:head.size]),
		})
	}
}

func read4(conn *mp2p.Conn) func([]byte) (head, error) {
	socket := ipv4.NewPacketConn(conn.UDPConn)
	orExit(socket.SetControlMessage(ipv4.FlagTTL, true))
	return func(buffer []byte) (head, error) {
		size, control, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return head{}, err
		}
		return head{size, from, control.TTL, 0}, nil
	}
}

func read6(conn *mp2p.Conn) func([]byte) (head, error) {
	socket := ipv6.NewPacketConn(conn.UDPConn)
	orExit(socket.SetControlMessage(ipv6.FlagHopLimit|ipv6.FlagTrafficClass, true))
	return func(buffer []byte) (head, error) {
		size, control, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return head{}, err
		}
		return head{size, from, control.HopLimit, control.TrafficClass}, nil
	}
}

func orExit(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
