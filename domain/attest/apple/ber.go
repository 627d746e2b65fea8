package apple

import "florin/domain/attest"

// node is an element of BER (X.690), as Apple writes receipts: lengths may be
// indefinite, and an octet string may come in pieces.
type node struct {
	head byte   // class, whether it is compound, tag
	raw  []byte // all of it
	body []byte // of one that is not compound
	kids []node
}

// What is read at most: receipts are nested a dozen deep.
const (
	berDepthMax = 24
	berKidsMax  = 64
)

const (
	compound   = 0x20
	longTag    = 0x1f
	indefinite = 0x80
)

// parseBER reads one element and gives what follows it.
func parseBER(raw []byte, depth int) (n node, rest []byte, err error) {
	if len(raw) < 2 || depth == 0 || raw[0]&longTag == longTag {
		return n, nil, attest.ErrReceipt
	}
	n.head = raw[0]
	if raw[1] == indefinite {
		if n.head&compound == 0 {
			return n, nil, attest.ErrReceipt
		}
		rest, err = n.open(raw[2:], depth)
		n.raw = raw[:len(raw)-len(rest)]
		return n, rest, err
	}
	length, begins, ok := berLength(raw[1:])
	begins++
	if !ok || length > len(raw)-begins {
		return n, nil, attest.ErrReceipt
	}
	body := raw[begins : begins+length]
	n.raw, rest = raw[:begins+length], raw[begins+length:]
	if n.head&compound == 0 {
		n.body = body
		return n, rest, nil
	}
	for len(body) > 0 && err == nil {
		body, err = n.add(body, depth)
	}
	return n, rest, err
}

// open reads members up to the two bytes that end them.
func (n *node) open(body []byte, depth int) (rest []byte, err error) {
	for {
		if len(body) >= 2 && body[0] == 0 && body[1] == 0 {
			return body[2:], nil
		}
		if body, err = n.add(body, depth); err != nil {
			return nil, err
		}
	}
}

func (n *node) add(body []byte, depth int) (rest []byte, err error) {
	kid, rest, err := parseBER(body, depth-1)
	if err != nil || len(n.kids) == berKidsMax {
		return nil, attest.ErrReceipt
	}
	n.kids = append(n.kids, kid)
	return rest, nil
}

// berLength reads a definite length in its shortest form, of at most two bytes.
func berLength(raw []byte) (length, bytes int, ok bool) {
	switch {
	case raw[0] < indefinite:
		return int(raw[0]), 1, true
	case raw[0] == 0x81 && len(raw) > 1 && raw[1] >= 0x80:
		return int(raw[1]), 2, true
	case raw[0] == 0x82 && len(raw) > 2 && raw[1] > 0:
		return int(raw[1])<<8 | int(raw[2]), 3, true
	}
	return 0, 0, false
}

// is tells whether it has this head and so many members.
func (n node) is(head byte, kids int) bool { return n.head == head && len(n.kids) == kids }

// octets is an octet string, whole or in pieces.
func (n node) octets() ([]byte, bool) {
	if n.head == 0x04 {
		return n.body, true
	}
	if n.head != 0x24 {
		return nil, false
	}
	var all []byte
	for _, kid := range n.kids {
		if kid.head != 0x04 {
			return nil, false
		}
		all = append(all, kid.body...)
	}
	return all, true
}
