// Package mp2p is a model of the published mp2p programs: their bytes and their habits, good and bad, written from the
// protocol's description alone (docs/protocol/multicast.md).
package mp2p

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
)

// The first byte of every packet.
const (
	TypeDeclaration = 0
	TypeInitiation  = 1
	TypeData        = 2
)

// Sizes in bytes.
const (
	declarationSize   = 115
	initiationSize    = 177
	declarationSigned = 51
	initiationSigned  = 113
	dataHead          = 29
	// MaxDatagram is what is read of a datagram; longer ones are cut.
	MaxDatagram = 1500
)

// SessionID names a session on the wire.
type SessionID [16]byte

// Key is an Ed25519 public key that can be a map's key.
type Key [ed25519.PublicKeySize]byte

// Declaration says where its sender listens.
type Declaration struct {
	Port      int
	Address   net.IP
	Src       Key
	signed    []byte
	signature []byte
}

// Initiation offers an ephemeral X25519 value; request and response look alike.
type Initiation struct {
	SessionID  SessionID
	Src, Dst   Key
	SessionKey []byte
	signed     []byte
	signature  []byte
}

// Data carries one sealed payload.
type Data struct {
	SessionID SessionID
	Nonce     []byte
	Sealed    []byte
}

// Parse reads one datagram. Like the originals it takes surplus bytes after the fixed packets.
func Parse(packet []byte) (any, error) {
	if len(packet) == 0 {
		return nil, errors.New("cannot parse empty message")
	}
	switch packet[0] {
	case TypeDeclaration:
		return parseDeclaration(packet)
	case TypeInitiation:
		return parseInitiation(packet)
	case TypeData:
		return parseData(packet)
	}
	return nil, fmt.Errorf("unsupported protocol %d", packet[0])
}

func parseDeclaration(packet []byte) (*Declaration, error) {
	if len(packet) < declarationSize {
		return nil, fmt.Errorf("address declaration of %d bytes", len(packet))
	}
	return &Declaration{
		Port:      int(binary.BigEndian.Uint16(packet[1:3])),
		Address:   net.IP(packet[3:19]),
		Src:       Key(packet[19:51]),
		signed:    packet[:declarationSigned],
		signature: packet[declarationSigned:declarationSize],
	}, nil
}

func parseInitiation(packet []byte) (*Initiation, error) {
	if len(packet) < initiationSize {
		return nil, fmt.Errorf("session initiation of %d bytes", len(packet))
	}
	return &Initiation{
		SessionID:  SessionID(packet[1:17]),
		Src:        Key(packet[17:49]),
		Dst:        Key(packet[49:81]),
		SessionKey: packet[81:113],
		signed:     packet[:initiationSigned],
		signature:  packet[initiationSigned:initiationSize],
	}, nil
}

func parseData(packet []byte) (*Data, error) {
	if len(packet) < dataHead {
		return nil, fmt.Errorf("session data of %d bytes", len(packet))
	}
	return &Data{SessionID: SessionID(packet[1:17]), Nonce: packet[17:dataHead], Sealed: packet[dataHead:]}, nil
}

// IsSigned tells whether src made the signature.
func (d *Declaration) IsSigned() bool { return ed25519.Verify(d.Src[:], d.signed, d.signature) }

// IsSigned tells whether src made the signature.
func (i *Initiation) IsSigned() bool { return ed25519.Verify(i.Src[:], i.signed, i.signature) }

// BuildDeclaration makes a signed declaration; group may be of either family.
func BuildDeclaration(private ed25519.PrivateKey, group net.IP, port int) []byte {
	packet := make([]byte, 3, declarationSize)
	packet[0] = TypeDeclaration
	binary.BigEndian.PutUint16(packet[1:], uint16(port))
	packet = append(packet, group.To16()...)
	packet = append(packet, private.Public().(ed25519.PublicKey)...)
	return append(packet, ed25519.Sign(private, packet)...)
}

// BuildInitiation makes a signed initiation.
func BuildInitiation(private ed25519.PrivateKey, id SessionID, dst Key, sessionKey []byte) []byte {
	packet := make([]byte, 1, initiationSize)
	packet[0] = TypeInitiation
	packet = append(packet, id[:]...)
	packet = append(packet, private.Public().(ed25519.PublicKey)...)
	packet = append(packet, dst[:]...)
	packet = append(packet, sessionKey...)
	return append(packet, ed25519.Sign(private, packet)...)
}

// NewSessionID draws one.
func NewSessionID() SessionID {
	var id SessionID
	rand.Read(id[:])
	return id
}
