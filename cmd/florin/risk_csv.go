package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain/risk/study"
)

// errTransactions: a file of labelled transactions cannot be read; the text says
// where and what is wrong.
var errTransactions = errors.New("transactions")

// transactionColumns are what a file has to have, by the names of its first line, in
// any order and case; other columns are passed over. Of a list one suffices.
var transactionColumns = [][]string{{"id"}, {"time"}, {"customer"}, {"payee", "terminal"}, {"amount"}, {"label"}}

// transactionsIn reads labelled transactions, one at a time: CSV (RFC 4180) with a
// line of names. Times are RFC 3339, "2018-04-01 13:05:59" (UTC), or seconds since
// 1970; amounts decimals of at most two places; labels 0 or 1, false or true, or
// legitimate or fraud. passed is told the bytes read so far.
func transactionsIn(file io.Reader, passed func(bytes int64)) iter.Seq2[study.Transaction, error] {
	return func(yield func(study.Transaction, error) bool) {
		rows := csv.NewReader(file)
		rows.ReuseRecord = true
		names, err := rows.Read()
		if err != nil {
			yield(study.Transaction{}, fmt.Errorf("%w: the line of names cannot be read: %w", errTransactions, err))
			return
		}
		columns, err := columnsOf(names)
		if err != nil {
			yield(study.Transaction{}, err)
			return
		}
		for n := 0; ; n++ {
			row, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			var t study.Transaction
			if err == nil {
				t, err = transactionOf(row, columns)
			}
			if err != nil {
				line, _ := rows.FieldPos(0)
				yield(t, fmt.Errorf("%w: line %d: %w", errTransactions, line, err))
				return
			}
			if n%4096 == 0 {
				passed(rows.InputOffset())
			}
			if !yield(t, nil) {
				return
			}
		}
	}
}

// columnsOf finds where each column stands.
func columnsOf(names []string) (at [6]int, err error) {
	for i := range names {
		names[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(names[i], "\ufeff")))
	}
	for i, wanted := range transactionColumns {
		at[i] = slices.IndexFunc(names, func(name string) bool { return slices.Contains(wanted, name) })
		if at[i] < 0 {
			return at, fmt.Errorf("%w: there is no column %s; a file begins with the line id,time,customer,payee,amount,label (or terminal for payee)",
				errTransactions, strings.Join(wanted, " or "))
		}
	}
	return at, nil
}

// named makes an identifier of what a file calls somebody: the same each time.
func named(kind, name string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(kind+"/"+name))
}

func transactionOf(row []string, at [6]int) (t study.Transaction, err error) {
	t.ID = strings.Clone(row[at[0]])
	if t.At, err = timeOf(row[at[1]]); err != nil {
		return t, err
	}
	t.Customer, t.Payee = named("customer", row[at[2]]), named("payee", row[at[3]])
	if t.Amount, err = hundredths(row[at[4]]); err != nil {
		return t, err
	}
	switch label := row[at[5]]; strings.ToLower(label) {
	case "0", "false", "legitimate":
	case "1", "true", "fraud":
		t.Fraud = true
	default:
		return t, fmt.Errorf("the label %q is none of 0, 1, false, true, legitimate, fraud", label)
	}
	return t, nil
}

func timeOf(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("the time %q is neither RFC 3339, nor such as 2018-04-01 13:05:59, nor seconds since 1970", text)
}

// hundredths reads a decimal without floats.
func hundredths(text string) (int64, error) {
	whole, part, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if len(part) > 2 {
		part = strings.TrimRight(part, "0")
	}
	for len(part) < 2 {
		part += "0"
	}
	cents, err2 := strconv.ParseUint(part, 10, 8)
	if err != nil || err2 != nil || len(part) > 2 || n < 0 || n > 1e13 || strings.HasPrefix(whole, "+") {
		return 0, fmt.Errorf("the amount %q is no decimal from 0 to 10^13 with two places at most", text)
	}
	return n*100 + int64(cents), nil
}
