package service

import (
	"encoding/csv"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"florin/projections"
)

// An answer of a view as a table. Rows are written as they are read: once the
// first is out, an error can only cut the answer short.

func writeTable(w http.ResponseWriter, view string, answer projections.Answer) error {
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("Cache-Control", "no-store")
	out := jsontext.NewEncoder(w)
	head := []jsontext.Token{
		jsontext.BeginObject, jsontext.String("view"), jsontext.String(view),
		jsontext.String("position"), jsontext.Uint(uint64(answer.Position)), jsontext.String("rows"), jsontext.BeginArray,
	}
	for _, token := range head {
		if err := out.WriteToken(token); err != nil {
			return nil
		}
	}
	for cells, err := range answer.Rows {
		if err != nil || writeRow(out, answer.Columns, cells) != nil {
			panic(http.ErrAbortHandler) // a table that looks whole must be whole
		}
	}
	_ = out.WriteToken(jsontext.EndArray)
	_ = out.WriteToken(jsontext.EndObject)
	return nil
}

func writeNDJSON(w http.ResponseWriter, answer projections.Answer) error {
	w.Header().Set("Content-Type", mediaNDJSON)
	w.Header().Set("Cache-Control", "no-store")
	out := jsontext.NewEncoder(w) // each value ends in a newline
	for cells, err := range answer.Rows {
		if err != nil || writeRow(out, answer.Columns, cells) != nil {
			panic(http.ErrAbortHandler)
		}
	}
	return nil
}

func writeRow(out *jsontext.Encoder, columns []projections.Column, cells []projections.Cell) error {
	if err := out.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for i, cell := range cells {
		value := jsontext.String(cell.Text)
		switch {
		case cell.Type == projections.Boolean:
			value = jsontext.Bool(cell.Number != 0)
		case cell.Type == projections.Time:
			value = jsontext.String(cell.String())
		case cell.Type != projections.Text:
			value = jsontext.Int(cell.Number)
		}
		if err := out.WriteToken(jsontext.String(columns[i].Name)); err != nil {
			return err
		}
		if err := out.WriteToken(value); err != nil {
			return err
		}
	}
	return out.WriteToken(jsontext.EndObject)
}

func writeCSV(w http.ResponseWriter, answer projections.Answer) error {
	w.Header().Set("Content-Type", mediaCSV+"; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	out := csv.NewWriter(w)
	record := make([]string, len(answer.Columns))
	for i, c := range answer.Columns {
		record[i] = c.Name
	}
	_ = out.Write(record) // an error shows at Flush, and the caller is gone
	for cells, err := range answer.Rows {
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		for i, cell := range cells {
			if record[i] = cell.String(); cell.Type == projections.Text {
				record[i] = inert(record[i])
			}
		}
		_ = out.Write(record)
	}
	out.Flush()
	return nil
}

// inert keeps a spreadsheet from taking text for a formula (OWASP, CSV injection).
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
