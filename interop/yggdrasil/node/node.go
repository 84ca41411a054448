package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/Arceliar/ironwood/types"
	"github.com/yggdrasil-network/yggdrasil-go/src/core"
)

// The longest packet that the core carries.
const maxPacketBytes = 65535

type node struct {
	core      *core.Core
	listening []string
	inbox     *inbox
	// Others in this process, kept until it ends.
	more []*core.Core
}

func newNode(started *core.Core) *node {
	return &node{core: started, listening: []string{}, inbox: newInbox()}
}

func (n *node) listen(text string) error {
	uri, err := url.Parse(text)
	if err != nil {
		return err
	}
	listener, err := n.core.Listen(uri, "")
	if err != nil {
		return err
	}
	n.listening = append(n.listening, boundURI(uri, listener.Addr().String()))
	return nil
}

func (n *node) addPeer(text string) error {
	uri, err := url.Parse(text)
	if err != nil {
		return err
	}
	return n.core.AddPeer(uri, "")
}

func (n *node) removePeer(text string) error {
	uri, err := url.Parse(text)
	if err != nil {
		return err
	}
	return n.core.RemovePeer(uri, "")
}

func (n *node) send(key string, packet []byte) error {
	destination, err := parseKey(key)
	if err != nil {
		return err
	}
	_, err = n.core.WriteTo(packet, destination)
	return err
}

func parseKey(text string) (types.Addr, error) {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("key: expected 64 hex digits, got %q", text)
	}
	return types.Addr(key), nil
}

// One line from outside. What a command does not need is absent.
type command struct {
	ID  uint64 `json:"id"`
	Do  string `json:"do"`
	URI string `json:"uri"`
	Key string `json:"key"`
	// Packets as hex.
	Packet string `json:"packet"`
	Mode   string `json:"mode"`
	Count  int    `json:"count"`

	Keys []string `json:"keys"`
	Load load     `json:"load"`
	Echo echoRun  `json:"echo"`

	TimeoutMs int `json:"timeoutMs"`
	EveryMs   int `json:"everyMs"`
}

func (n *node) do(c command) (any, error) {
	switch c.Do {
	case "self":
		return n.self(), nil
	case "peers":
		return n.peers(), nil
	case "tree":
		return n.tree(), nil
	case "paths":
		return n.paths(), nil
	case "sessions":
		return n.sessions(), nil
	case "listen":
		err := n.listen(c.URI)
		return n.listening, err
	case "addPeer":
		return nil, n.addPeer(c.URI)
	case "removePeer":
		return nil, n.removePeer(c.URI)
	case "retry":
		n.core.RetryPeersNow()
		return nil, nil
	case "lookup":
		key, err := parseKey(c.Key)
		if err == nil {
			n.core.PacketConn.PacketConn.SendLookup([]byte(key))
		}
		return nil, err
	case "send":
		packet, err := hex.DecodeString(c.Packet)
		if err != nil {
			return nil, err
		}
		return nil, n.send(c.Key, packet)
	case "mode":
		return nil, n.inbox.setMode(c.Mode)
	case "packets":
		return n.inbox.take(), nil
	case "counters":
		return n.inbox.counters(), nil
	case "ping":
		return n.ping(c.Keys, c.TimeoutMs, c.EveryMs)
	case "echo":
		return n.runEcho(c.Key, c.Echo)
	case "load":
		return n.runLoad(c.Key, c.Load)
	case "cpu":
		return cpuTime()
	case "memory":
		return memory()
	case "more":
		return nil, n.startMore(c.Count, c.URI)
	default:
		return nil, fmt.Errorf("no command %q", c.Do)
	}
}

// Bytes as hex digits in JSON.
type hexBytes []byte

func (b hexBytes) MarshalJSON() ([]byte, error) {
	return json.Marshal(hex.EncodeToString(b))
}
