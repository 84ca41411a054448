// One end of a benchmark: the model's packets without its habits. Nothing is printed, nothing is repeated, every question
// is sealed anew, and no timer or goroutine stands between a question and its answer: as fast as Go can be.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"time"

	"crypto/ed25519"
	"crypto/rand"

	"mimirjs/interop/multicast/mp2p"
)

const (
	// Of a sample, before counting starts.
	warmUpShare = 0.3
	// Nothing is lost on a loopback interface: what does not come within this is a failure.
	answerLimit = 5 * time.Second
)

var (
	group = flag.String("group", "", "own group")
	port  = flag.Int("port", 0, "own port")
	ifi   = flag.String("ifi", "lo", "name of the network interface")
	addr  = flag.String("addr", "", "group of the server; without one this is the server")
	dport = flag.Int("dport", 0, "port of the server")
	publ  = flag.String("publ", "", "public key of the server, 64 hex digits")
	size  = flag.Int("size", 100, "bytes of a question and of an answer")
)

type end struct {
	conn     *mp2p.Conn
	private  ed25519.PrivateKey
	own      mp2p.Key
	payload  []byte
	buffer   []byte
	peer     *net.UDPAddr
	key      mp2p.Key
	sessions map[mp2p.SessionID]session
	peers    map[mp2p.Key]*net.UDPAddr
}

type session struct {
	key  []byte
	peer *net.UDPAddr
}

type command struct {
	ID int     `json:"id"`
	Do string  `json:"do"`
	Ms float64 `json:"ms"`
	// Sessions to open.
	Count int `json:"count"`
}

type answer struct {
	ID     int    `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

type counted struct {
	Count     int     `json:"count"`
	ElapsedMs float64 `json:"elapsedMs"`
}

func main() {
	flag.Parse()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	conn, err := mp2p.Listen(net.ParseIP(*group), *port, mp2p.InterfaceOrExit(*ifi))
	if err != nil {
		log.Fatal(err)
	}
	e := &end{conn: conn, private: private, own: mp2p.Key(public), payload: make([]byte, *size), buffer: make([]byte, mp2p.MaxDatagram)}
	out := json.NewEncoder(os.Stdout)
	out.Encode(map[string]string{"publicKey": hex.EncodeToString(public)})
	if *addr == "" {
		e.sessions, e.peers = map[mp2p.SessionID]session{}, map[mp2p.Key]*net.UDPAddr{}
		go e.serve()
	} else {
		key, err := hex.DecodeString(*publ)
		if err != nil {
			log.Fatal(err)
		}
		e.key, e.peer = mp2p.Key(key), &net.UDPAddr{IP: net.ParseIP(*addr), Port: *dport}
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			log.Fatal(err)
		}
		result, err := e.run(c)
		reply := answer{ID: c.ID, Result: result}
		if err != nil {
			reply.Error = err.Error()
		}
		out.Encode(reply)
	}
}

func (e *end) run(c command) (any, error) {
	span := time.Duration(c.Ms * float64(time.Millisecond))
	switch c.Do {
	case "roundTrips":
		id, key, err := e.open()
		if err != nil {
			return nil, err
		}
		return count(span, func() error { return e.ask(id, key) })
	case "sessions":
		return count(span, e.openAndAsk)
	case "fill":
		for range c.Count {
			if err := e.openAndAsk(); err != nil {
				return nil, err
			}
		}
		return c.Count, nil
	case "memory":
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc, nil
	}
	return nil, fmt.Errorf("unknown command %q", c.Do)
}

// count does the work again and again: first without counting, then for so long.
func count(span time.Duration, work func() error) (counted, error) {
	warm := time.Now().Add(time.Duration(float64(span) * warmUpShare))
	for time.Now().Before(warm) {
		if err := work(); err != nil {
			return counted{}, err
		}
	}
	start, done := time.Now(), 0
	for time.Since(start) < span {
		if err := work(); err != nil {
			return counted{}, err
		}
		done++
	}
	return counted{done, float64(time.Since(start)) / float64(time.Millisecond)}, nil
}

func (e *end) openAndAsk() error {
	id, key, err := e.open()
	if err != nil {
		return err
	}
	return e.ask(id, key)
}

func (e *end) open() (id mp2p.SessionID, key []byte, err error) {
	ephemeral, err := mp2p.NewEphemeral()
	if err != nil {
		return id, nil, err
	}
	id = mp2p.NewSessionID()
	// The limit covers a whole session: setting it costs a system's timer, once and not for each question.
	e.conn.SetReadDeadline(time.Now().Add(answerLimit))
	received, err := e.exchange(
		mp2p.BuildDeclaration(e.private, net.ParseIP(*group), *port),
		mp2p.BuildInitiation(e.private, id, e.key, ephemeral.Public()),
	)
	if err != nil {
		return id, nil, err
	}
	e.conn.SetReadDeadline(time.Time{})
	response, ok := received.(*mp2p.Initiation)
	if !ok || response.SessionID != id || response.Src != e.key || response.Dst != e.own || !response.IsSigned() {
		return id, nil, errors.New("no response that can be accepted")
	}
	key, err = ephemeral.Agree(response.SessionKey)
	return id, key, err
}

func (e *end) ask(id mp2p.SessionID, key []byte) error {
	received, err := e.exchange(mp2p.BuildData(id, key, e.payload))
	if err != nil {
		return err
	}
	data, ok := received.(*mp2p.Data)
	if !ok || data.SessionID != id {
		return errors.New("no data of this session")
	}
	payload, err := data.Open(key)
	if err == nil && !bytes.Equal(payload, e.payload) {
		err = errors.New("another answer")
	}
	return err
}

func (e *end) exchange(packets ...[]byte) (any, error) {
	for _, packet := range packets {
		if _, err := e.conn.WriteToUDP(packet, e.peer); err != nil {
			return nil, err
		}
	}
	size, _, err := e.conn.ReadFromUDP(e.buffer)
	if err != nil {
		return nil, err
	}
	return mp2p.Parse(e.buffer[:size])
}

func (e *end) serve() {
	for {
		size, _, err := e.conn.ReadFromUDP(e.buffer)
		if err != nil {
			log.Fatal(err)
		}
		if err := e.handle(e.buffer[:size]); err != nil {
			log.Println(err)
		}
	}
}

func (e *end) handle(datagram []byte) error {
	packet, err := mp2p.Parse(datagram)
	if err != nil {
		return err
	}
	switch packet := packet.(type) {
	case *mp2p.Declaration:
		if !packet.IsSigned() {
			return errors.New("a declaration with a wrong signature")
		}
		e.peers[packet.Src] = &net.UDPAddr{IP: append(net.IP{}, packet.Address...), Port: packet.Port}
		return nil
	case *mp2p.Initiation:
		peer, ok := e.peers[packet.Src]
		if !ok || packet.Dst != e.own || !packet.IsSigned() {
			return errors.New("an initiation that cannot be accepted")
		}
		ephemeral, err := mp2p.NewEphemeral()
		if err != nil {
			return err
		}
		key, err := ephemeral.Agree(packet.SessionKey)
		if err != nil {
			return err
		}
		e.sessions[packet.SessionID] = session{key, peer}
		_, err = e.conn.WriteToUDP(mp2p.BuildInitiation(e.private, packet.SessionID, packet.Src, ephemeral.Public()), peer)
		return err
	case *mp2p.Data:
		session, ok := e.sessions[packet.SessionID]
		if !ok {
			return errors.New("data of an unknown session")
		}
		if _, err := packet.Open(session.key); err != nil {
			return err
		}
		_, err := e.conn.WriteToUDP(mp2p.BuildData(packet.SessionID, session.key, e.payload), session.peer)
		return err
	}
	return nil
}
