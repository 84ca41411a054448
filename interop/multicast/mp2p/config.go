package mp2p

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"net"
	"os"
)

const configSize = 84

// Config is what a program keeps between its runs.
type Config struct {
	IPv4    net.IP
	IPv6    net.IP
	Private ed25519.PrivateKey
}

// LoadConfig reads the file, or makes it. As in the originals, what is too long is cut, what is too short is all
// zeros, and the mode lets everybody read the key.
func LoadConfig(file string) (Config, error) {
	stored, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return newConfig(file)
	}
	if err != nil {
		return Config{}, err
	}
	if len(stored) < configSize {
		stored = make([]byte, configSize)
	}
	return Config{IPv4: stored[:4], IPv6: stored[4:20], Private: stored[20:configSize]}, nil
}

func newConfig(file string) (Config, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Config{}, err
	}
	config := Config{IPv4: NewIPv4Group(), IPv6: NewIPv6Group(), Private: private}
	stored := append(append(append([]byte{}, config.IPv4...), config.IPv6...), private...)
	return config, os.WriteFile(file, stored, 0o777)
}

// PublicKey is the identity.
func (c Config) PublicKey() Key { return Key(c.Private.Public().(ed25519.PublicKey)) }
