package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/Arceliar/ironwood/types"
)

// The first byte of the packets that the programs of this suite exchange; traffic.ts has the same table.
const (
	// A question of 9 bytes or more, whose answer has kindPong in its first byte and is the same otherwise.
	kindPing = 0x50
	kindPong = 0x52
	// A load packet: kind, u16be how many of them to acknowledge together, filling. See load.go.
	kindLoad = 0x4c
	// kind, u64be how many load packets came from you in all.
	kindLoadAck = 0x41
)

const loadHeaderBytes = 3

// In mode keep, so many packets wait to be taken; what comes then is counted only.
const maxKept = 1000

// What happens to packets that are neither questions nor load.
const (
	modeKeep = "keep"
	// Each goes back as it came.
	modeEcho = "echo"
)

type keptPacket struct {
	From   hexBytes `json:"from"`
	Packet hexBytes `json:"packet"`
}

type inbox struct {
	mutex    sync.Mutex
	mode     string
	kept     []keptPacket
	packets  uint64
	bytes    uint64
	handlers map[*handler]struct{}
	loads    map[string]uint64
}

// Sees every packet first; true means that nobody else shall.
type handler func(from string, packet []byte) bool

func newInbox() *inbox {
	return &inbox{
		mode:     modeKeep,
		kept:     []keptPacket{},
		handlers: map[*handler]struct{}{},
		loads:    map[string]uint64{},
	}
}

func (i *inbox) setMode(mode string) error {
	if mode != modeKeep && mode != modeEcho {
		return fmt.Errorf("no mode %q", mode)
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.mode = mode
	return nil
}

func (i *inbox) take() []keptPacket {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	taken := i.kept
	i.kept = []keptPacket{}
	return taken
}

type counterReport struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

func (i *inbox) counters() counterReport {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	return counterReport{i.packets, i.bytes}
}

// Until the returned function is called.
func (i *inbox) listen(h handler) func() {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.handlers[&h] = struct{}{}
	return func() {
		i.mutex.Lock()
		defer i.mutex.Unlock()
		delete(i.handlers, &h)
	}
}

type answer struct {
	to     net.Addr
	packet []byte
}

// So many answers wait to be sent; what comes then is dropped, as the network would.
const maxAnswers = 65_536

// Who reads must never wait for a write: the core's writes wait for its sessions, and these wait for the reader.
func (n *node) receive() {
	answers := make(chan answer, maxAnswers)
	go n.reply(answers)
	buffer := make([]byte, maxPacketBytes)
	for {
		length, from, err := n.core.ReadFrom(buffer)
		if err != nil {
			close(answers)
			return
		}
		if packet := n.inbox.received(string(from.(types.Addr)), buffer[:length]); packet != nil {
			select {
			case answers <- answer{from, append([]byte{}, packet...)}:
			default:
				fmt.Fprintln(os.Stderr, "node: an answer was dropped")
			}
		}
	}
}

func (n *node) reply(answers <-chan answer) {
	for answer := range answers {
		if _, err := n.core.WriteTo(answer.packet, answer.to); err != nil {
			fmt.Fprintln(os.Stderr, "node: answering:", err)
		}
	}
}

// Returns what goes back, nil when nothing does.
func (i *inbox) received(from string, packet []byte) []byte {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.packets++
	i.bytes += uint64(len(packet))
	for handler := range i.handlers {
		if (*handler)(from, packet) {
			return nil
		}
	}
	switch {
	case i.mode == modeEcho:
		return packet
	case len(packet) >= loadHeaderBytes && packet[0] == kindLoad:
		return i.acknowledge(from, packet)
	case len(packet) >= 9 && packet[0] == kindPing:
		packet[0] = kindPong
		return packet
	case len(i.kept) < maxKept:
		i.kept = append(i.kept, keptPacket{hexBytes(from), append(hexBytes{}, packet...)})
	}
	return nil
}

func (i *inbox) acknowledge(from string, packet []byte) []byte {
	i.loads[from]++
	count := i.loads[from]
	if every := uint64(binary.BigEndian.Uint16(packet[1:])); every == 0 || count%every != 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64([]byte{kindLoadAck}, count)
}

func keyText(from string) string {
	return hex.EncodeToString([]byte(from))
}
