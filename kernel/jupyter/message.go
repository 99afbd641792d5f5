package jupyter

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// delimiter ends the identities of a message on the wire.
const delimiter = "<IDS|MSG>"

type header struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	Type     string `json:"msg_type"`
	Version  string `json:"version"`
}

// message is one message of the protocol, without its identities.
type message struct {
	Header  header
	Parent  header
	Content json.RawMessage
}

// newMessage starts a message of a session.
func newMessage(session, kind string, content any) (message, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return message{}, err
	}
	return message{
		Header: header{
			ID: unique(), Session: session, Username: "bellwether",
			Date: time.Now().UTC().Format(time.RFC3339Nano), Type: kind, Version: "5.4",
		},
		Content: raw,
	}, nil
}

// unique returns 128 random bits as text.
func unique() string {
	id := make([]byte, 16)
	rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// frames returns the message as it goes over the wire, signed.
func (m message) frames(key []byte) ([][]byte, error) {
	head, err := json.Marshal(m.Header)
	if err != nil {
		return nil, err
	}
	parent := []byte("{}")
	if m.Parent.ID != "" {
		if parent, err = json.Marshal(m.Parent); err != nil {
			return nil, err
		}
	}
	parts := [][]byte{head, parent, []byte("{}"), m.Content}
	return append([][]byte{[]byte(delimiter), sign(key, parts)}, parts...), nil
}

// sign returns the signature of the four parts, nothing without a key.
func sign(key []byte, parts [][]byte) []byte {
	if len(key) == 0 {
		return nil
	}
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// parse reads a message from the wire: identities, delimiter, signature,
// header, parent header, metadata, content; buffers after that are ignored.
func parse(key []byte, frames [][]byte) (message, error) {
	i := 0
	for i < len(frames) && !bytes.Equal(frames[i], []byte(delimiter)) {
		i++
	}
	if len(frames) < i+6 {
		return message{}, fmt.Errorf("jupyter: a message of %d frames, want %s and 5 more", len(frames), delimiter)
	}
	parts := frames[i+2 : i+6]
	if len(key) > 0 && !hmac.Equal(sign(key, parts), frames[i+1]) {
		return message{}, errors.New("jupyter: a message with a wrong signature")
	}
	m := message{Content: json.RawMessage(parts[3])}
	if err := json.Unmarshal(parts[0], &m.Header); err != nil {
		return m, fmt.Errorf("jupyter: header of a message: %w", err)
	}
	if err := json.Unmarshal(parts[1], &m.Parent); err != nil {
		return m, fmt.Errorf("jupyter: parent header of a message: %w", err)
	}
	return m, nil
}
