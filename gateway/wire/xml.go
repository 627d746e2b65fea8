package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// XMLDepthMax bounds the nesting of a document; no message of ISO 20022 that is read
// here nests deeper.
const XMLDepthMax = 32

// ErrXML: it is not one well-formed document of the kind that is asked for, or it has
// a document type, and so could have entities.
var ErrXML = errors.New("wire: not a document of this kind")

// DecodeXML reads an ISO 20022 document whose root is <Document> in the namespace. It
// must not be longer than the caller has bounded it. What T does not name is passed
// over; declarations other than <?xml?>, text after the end and another encoding than
// UTF-8 are refused.
func DecodeXML[T any](data []byte, namespace string) (T, error) {
	var document T
	if err := surveyXML(data, namespace); err != nil {
		return document, err
	}
	if err := xml.Unmarshal(data, &document); err != nil {
		return document, ErrXML
	}
	return document, nil
}

// surveyXML walks the tokens once. The decoder resolves no entities but the five of
// XML, and reads no encoding but UTF-8.
func surveyXML(data []byte, namespace string) error {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	depth, roots := 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && depth == 0 && roots == 1 {
			return nil
		}
		if err != nil {
			return ErrXML
		}
		switch t := token.(type) {
		case xml.Directive:
			return ErrXML
		case xml.ProcInst:
			if t.Target != "xml" {
				return ErrXML
			}
		case xml.StartElement:
			if depth == 0 {
				if roots++; roots > 1 || t.Name.Local != "Document" || t.Name.Space != namespace {
					return ErrXML
				}
			}
			if depth++; depth > XMLDepthMax {
				return ErrXML
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return ErrXML
			}
		}
	}
}

// EncodeXML writes an ISO 20022 document. The texts in it are escaped by encoding/xml.
func EncodeXML(document any) ([]byte, error) {
	body, err := xml.Marshal(document)
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), body...), nil
}
