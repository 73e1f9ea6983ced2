package storage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// keySize is the size of every derived key: AES-256 and HMAC-SHA256.
const keySize = 32

// ballotIDSize is the size of the id of an open ballot.
const ballotIDSize = 16

// keys are derived from the secret by HKDF (RFC 5869), one per use, so that
// none says anything of another.
type keys struct {
	secret      []byte
	fingerprint string
	phone       []byte
	audit       []byte
	updates     cipher.AEAD
}

func deriveKeys(secret []byte) (keys, error) {
	if len(secret) < MinSecret {
		return keys{}, fmt.Errorf("storage: the secret has %d bytes, it needs at least %d", len(secret), MinSecret)
	}
	k := keys{secret: append([]byte(nil), secret...)}
	var errs [4]error
	var fingerprint []byte
	fingerprint, errs[0] = derive(secret, "fingerprint")
	k.fingerprint = hex.EncodeToString(fingerprint)
	k.phone, errs[1] = derive(secret, "phone")
	k.audit, errs[2] = derive(secret, "audit")
	k.updates, errs[3] = deriveSealer(secret, "failed updates")
	return k, errors.Join(errs[:]...)
}

// derive returns the key of one use.
func derive(secret []byte, use string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, "pingyi "+use, keySize)
}

// deriveSealer returns the AES-GCM cipher of one use.
func deriveSealer(secret []byte, use string) (cipher.AEAD, error) {
	key, err := derive(secret, use)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// errUnsealed says that a sealed text was changed, moved or sealed by another secret.
var errUnsealed = errors.New("storage: a sealed text cannot be opened")

// seal encrypts plain; it opens only beside the same context.
func seal(aead cipher.AEAD, plain []byte, context string) []byte {
	return aead.Seal(nil, nil, plain, []byte(context))
}

// unseal is the inverse of seal.
func unseal(aead cipher.AEAD, sealed []byte, context string) ([]byte, error) {
	plain, err := aead.Open(nil, nil, sealed, []byte(context))
	if err != nil {
		return nil, errUnsealed
	}
	return plain, nil
}

// roundKey is the key of an open round's ballot ids. The salt is the half of
// it that stands in the round's row and is destroyed at closing; without it
// nobody, the holder of the secret included, can tell whose a ballot was.
func (s *Store) roundKey(salt []byte) ([]byte, error) {
	if len(salt) == 0 {
		return nil, errors.New("storage: a round without a salt has no key")
	}
	return hkdf.Key(sha256.New, s.keys.secret, salt, "round", keySize)
}

// ballotID is the id of an assignment's ballot while its round is open.
func ballotID(roundKey []byte, assignment int64) []byte {
	mac := hmac.New(sha256.New, roundKey)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(assignment)))
	return mac.Sum(nil)[:ballotIDSize]
}

// randomBytes returns n random bytes.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
