package mp2p

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
)

// Ephemeral is an X25519 secret of one initiation packet.
type Ephemeral struct{ secret *ecdh.PrivateKey }

// NewEphemeral draws one.
func NewEphemeral() (Ephemeral, error) {
	secret, err := ecdh.X25519().GenerateKey(rand.Reader)
	return Ephemeral{secret}, err
}

// Public is what goes into the packet.
func (e Ephemeral) Public() []byte { return e.secret.PublicKey().Bytes() }

// Agree makes the session's key: the shared secret as it is. The error is that of a low-order value.
func (e Ephemeral) Agree(other []byte) ([]byte, error) {
	public, err := ecdh.X25519().NewPublicKey(other)
	if err != nil {
		return nil, err
	}
	return e.secret.ECDH(public)
}

// aead panics when the key has no size of AES: the originals let a key of no bytes get this far, and end there.
func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// BuildData seals a payload under a fresh nonce. Type and id are outside the seal.
func BuildData(id SessionID, key []byte, payload []byte) []byte {
	packet := make([]byte, dataHead, dataHead+len(payload)+16)
	packet[0] = TypeData
	copy(packet[1:], id[:])
	rand.Read(packet[17:dataHead])
	return aead(key).Seal(packet, packet[17:dataHead], payload, nil)
}

// Open gives the payload.
func (d *Data) Open(key []byte) ([]byte, error) {
	payload, err := aead(key).Open(nil, d.Nonce, d.Sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("session data: %w", err)
	}
	return payload, nil
}
