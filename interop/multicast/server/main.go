// A model of the original's server: it registers whoever declares an address, answers every initiation of a registered
// peer and every piece of data of a session, and knows no doubt.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"

	"mimirjs/interop/multicast/mp2p"
)

const answer = "Hi this is Jack : )"

var (
	isIPv4      = flag.Bool("ipv4", false, "use the IPv4 group")
	port        = flag.Int("port", 1024, "to listen on")
	ifi         = flag.String("ifi", "en0", "name of the network interface")
	isPrefix    = flag.Bool("prefix6", false, "make a group below the network of an interface")
	verbose     = flag.Bool("v", false, "say what happens")
	veryVerbose = flag.Bool("vv", false, "say what is received, too")
)

type session struct {
	key  []byte
	peer *net.UDPAddr
}

type server struct {
	conn     *mp2p.Conn
	config   mp2p.Config
	peers    map[mp2p.Key]*net.UDPAddr
	sessions map[mp2p.SessionID]session
}

func main() {
	flag.Parse()
	config, err := mp2p.LoadConfig("server.conf")
	if err != nil {
		log.Fatal(err)
	}
	group := config.IPv6
	if *isIPv4 {
		group = config.IPv4
	}
	// With -prefix6 it is not the one that is used in the end.
	fmt.Println("using:", group)
	var on *net.Interface
	if *isPrefix {
		if group, on, err = mp2p.NewPrefixGroup(); err != nil {
			log.Fatal(err)
		}
		note("using interface:", on.Name)
	} else {
		on = mp2p.InterfaceOrExit(*ifi)
	}
	conn, err := mp2p.Listen(group, *port, on)
	if err != nil {
		log.Fatalln("failed to initialize server:", err)
	}
	defer conn.Close()
	own := config.PublicKey()
	fmt.Println("my addr:", group)
	fmt.Printf("my publ: %x\n", own[:])
	s := &server{conn, config, map[mp2p.Key]*net.UDPAddr{}, map[mp2p.SessionID]session{}}
	s.serve()
}

func (s *server) serve() {
	buffer := make([]byte, mp2p.MaxDatagram)
	for {
		size, from, err := s.conn.ReadFromUDP(buffer)
		if err != nil {
			log.Fatal(err)
		}
		if *veryVerbose {
			log.Printf("%d bytes from %v: %x", size, from, buffer[:size])
		}
		if err := s.handle(buffer[:size]); err != nil {
			log.Println(err)
		}
	}
}

func (s *server) handle(datagram []byte) error {
	// What is kept of it must not change with the next one.
	packet, err := mp2p.Parse(append([]byte{}, datagram...))
	if err != nil {
		return fmt.Errorf("failed to parse message with %w", err)
	}
	note("received payload")
	switch packet := packet.(type) {
	case *mp2p.Declaration:
		return s.register(packet)
	case *mp2p.Initiation:
		return s.respond(packet)
	case *mp2p.Data:
		return s.answer(packet)
	}
	return nil
}

func (s *server) register(declaration *mp2p.Declaration) error {
	if !declaration.IsSigned() {
		return fmt.Errorf("invalid signature of an address declaration")
	}
	address := &net.UDPAddr{IP: declaration.Address, Port: declaration.Port}
	s.peers[declaration.Src] = address
	note("registering peer", fmt.Sprintf("%+v", *address))
	return nil
}

func (s *server) respond(initiation *mp2p.Initiation) error {
	peer, ok := s.peers[initiation.Src]
	if !ok {
		return fmt.Errorf("unknown peer %x", initiation.Src[:])
	}
	if initiation.Dst != s.config.PublicKey() {
		return fmt.Errorf("a session initiation for other node")
	}
	if !initiation.IsSigned() {
		return fmt.Errorf("invalid signature of a session initiation")
	}
	ephemeral, err := mp2p.NewEphemeral()
	if err != nil {
		return err
	}
	// The originals do not look at the error: a low-order value leaves a session with a key of no bytes.
	key, _ := ephemeral.Agree(initiation.SessionKey)
	s.sessions[initiation.SessionID] = session{key, peer}
	note("sending session initiation response")
	return s.send(mp2p.BuildInitiation(s.config.Private, initiation.SessionID, initiation.Src, ephemeral.Public()), peer)
}

func (s *server) answer(data *mp2p.Data) error {
	session, ok := s.sessions[data.SessionID]
	if !ok {
		return fmt.Errorf("unknown session id %x", data.SessionID[:])
	}
	payload, err := data.Open(session.key)
	if err != nil {
		return err
	}
	fmt.Println(string(payload))
	note("sending session response")
	return s.send(mp2p.BuildData(data.SessionID, session.key, []byte(answer)), session.peer)
}

func (s *server) send(packet []byte, to *net.UDPAddr) error {
	_, err := s.conn.WriteToUDP(packet, to)
	return err
}

func note(parts ...any) {
	if *verbose || *veryVerbose {
		log.Println(parts...)
	}
}
