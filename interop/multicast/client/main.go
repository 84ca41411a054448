// A model of the original's client: it opens one session with the peer it is told, says hello and prints the answer.
// One datagram it did not expect ends it.
package main

import (
	"encoding/hex"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"mimirjs/interop/multicast/mp2p"
)

const (
	ownPort  = 1025
	hello    = "Hello server, how are you?"
	attempts = 20
)

var (
	addr        = flag.String("addr", "", "group of the peer")
	publ        = flag.String("publ", "", "public key of the peer, 64 hex digits")
	port        = flag.Int("port", 1024, "of the peer")
	ifi         = flag.String("ifi", "en0", "name of the network interface")
	isLoop      = flag.Bool("loop", false, "say it for ever")
	isPrefix    = flag.Bool("prefix6", false, "make a group below the network of an interface")
	verbose     = flag.Bool("v", false, "say what happens")
	veryVerbose = flag.Bool("vv", false, "say what is received, too")
)

type client struct {
	conn   *mp2p.Conn
	peer   *net.UDPAddr
	key    mp2p.Key
	config mp2p.Config
}

func main() {
	flag.Parse()
	address := net.ParseIP(*addr)
	if address == nil {
		log.Println("failed to parse peer ip:", *addr)
		os.Exit(1)
	}
	key, err := hex.DecodeString(*publ)
	if err != nil || len(key) != len(mp2p.Key{}) {
		log.Println("failed to parse peer key:", *publ)
		os.Exit(1)
	}
	config, err := mp2p.LoadConfig("client.conf")
	if err != nil {
		log.Fatal(err)
	}
	group := config.IPv6
	if address.To4() != nil {
		group = config.IPv4
	}
	var on *net.Interface
	if *isPrefix {
		if group, on, err = mp2p.NewPrefixGroup(); err != nil {
			log.Fatal(err)
		}
		note("using interface:", on.Name)
	} else {
		on = mp2p.InterfaceOrExit(*ifi)
	}
	conn, err := mp2p.Listen(group, ownPort, on)
	if err != nil {
		log.Fatalln("failed to initialize client:", err)
	}
	defer conn.Close()
	// The join must have reached the network before the first answer comes.
	time.Sleep(time.Second)
	own := config.PublicKey()
	fmt.Println("my addr:", group)
	fmt.Printf("my publ: %x\n", own[:])
	c := &client{conn, &net.UDPAddr{IP: address, Port: *port}, mp2p.Key(key), config}
	if err := c.talk(mp2p.BuildDeclaration(config.Private, group, ownPort)); err != nil {
		conn.Close()
		log.Fatalln("failed with:", err)
	}
}

func (c *client) talk(declaration []byte) error {
	ephemeral, err := mp2p.NewEphemeral()
	if err != nil {
		return err
	}
	id := mp2p.NewSessionID()
	initiation := mp2p.BuildInitiation(c.config.Private, id, c.key, ephemeral.Public())
	key, err := c.open(declaration, initiation, ephemeral)
	if err != nil {
		return err
	}
	// Built once: with -loop the same bytes go out for ever.
	data := mp2p.BuildData(id, key, []byte(hello))
	for {
		if err := c.ask(data, id, key); err != nil || !*isLoop {
			return err
		}
	}
}

// open does not compare the id of the response with its own: neither do the originals.
func (c *client) open(declaration, initiation []byte, ephemeral mp2p.Ephemeral) ([]byte, error) {
	received, err := c.exchange("sending session initiation payload", declaration, initiation)
	if err != nil {
		return nil, err
	}
	response, ok := received.(*mp2p.Initiation)
	switch {
	case !ok:
		return nil, fmt.Errorf("not a session initiation but %T", received)
	case response.Src != c.key:
		return nil, fmt.Errorf("a response of somebody else")
	case response.Dst != c.config.PublicKey():
		return nil, fmt.Errorf("a response for somebody else")
	case !response.IsSigned():
		return nil, fmt.Errorf("invalid signature of a session initiation")
	}
	return ephemeral.Agree(response.SessionKey)
}

func (c *client) ask(data []byte, id mp2p.SessionID, key []byte) error {
	received, err := c.exchange("sending session data", data)
	if err != nil {
		return err
	}
	answer, ok := received.(*mp2p.Data)
	switch {
	case !ok:
		return fmt.Errorf("not session data but %T", received)
	case answer.SessionID != id:
		return fmt.Errorf("data of another session")
	}
	payload, err := answer.Open(key)
	if err != nil {
		return err
	}
	fmt.Println(string(payload))
	return nil
}

// exchange sends the packets after 0, 1, 3, 6 … seconds until one datagram comes, whichever. The time limit of reading
// is what the exchange before left: none for the first, about a second for the others.
func (c *client) exchange(what string, packets ...[]byte) (any, error) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for attempt := 1; attempt <= attempts; attempt++ {
			note(what)
			for _, packet := range packets {
				if _, err := c.conn.WriteToUDP(packet, c.peer); err != nil {
					log.Println("failed to send:", err)
				}
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(attempt) * time.Second):
			}
		}
	}()
	buffer := make([]byte, mp2p.MaxDatagram)
	size, from, err := c.conn.ReadFromUDP(buffer)
	close(stop)
	<-stopped
	if err != nil {
		return nil, err
	}
	if *veryVerbose {
		log.Printf("%d bytes from %v: %x", size, from, buffer[:size])
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return nil, err
	}
	packet, err := mp2p.Parse(buffer[:size])
	if err == nil {
		note("received response payload")
	}
	return packet, err
}

func note(parts ...any) {
	if *verbose || *veryVerbose {
		log.Println(parts...)
	}
}
