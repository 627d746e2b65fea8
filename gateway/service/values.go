package service

import (
	"bytes"
	"errors"

	"florin/domain"
	"florin/domain/money"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// amountOf reads a decimal in its currency, exactly: one that does not parse is
// 400 invalid-amount and leaves no trace, one beyond every bound is 422.
func amountOf(decimal schemas.Decimal, currency string) (money.Amount, error) {
	amount, err := money.Parse(string(decimal), money.Currency(currency))
	switch {
	case err == nil:
		return amount, nil
	case errors.Is(err, money.ErrCurrency):
		return amount, wire.UnknownCurrency
	case errors.Is(err, money.ErrRange):
		return amount, wire.AmountRange
	}
	return amount, problem.InvalidAmount
}

// evidence wraps text as personal data; no text is no field.
func evidence(text string) domain.Evidence {
	if text == "" {
		return domain.Evidence{}
	}
	return domain.NewEvidence(text)
}

// profile wraps text as personal data; no text is no field.
func profile(text string) domain.Profile {
	if text == "" {
		return domain.Profile{}
	}
	return domain.NewProfile(text)
}

// empty refuses a body that says something where nothing is asked.
func empty(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	_, err := wire.Decode[struct{}](body)
	return err
}
