package gateway

import (
	"florin/gateway/service"
	"florin/schemas"
)

// accounts: what customers have at the bank.
func accounts(desk service.Desk) []Route {
	accounts := service.Accounts{Desk: desk}
	return []Route{
		{Method: get, Path: "/v1/accounts", Handle: accounts.List, Scopes: scopes("accounts.read"), Response: of[service.AccountList]()},
		{Method: post, Path: "/v1/accounts", Handle: accounts.Open, Acts: true, Scopes: scopes("accounts.write"), Keyed: true,
			Request: of[schemas.OpenAccount](), Response: of[service.AccountAnswer]()},
		{Method: get, Path: "/v1/accounts/{id}", Handle: accounts.Get, Scopes: scopes("accounts.read"), Response: of[service.AccountAnswer]()},
		{Method: get, Path: "/v1/accounts/{id}/balance", Handle: accounts.Balance, Scopes: scopes("accounts.read"), Response: of[service.BalanceAnswer]()},
		{Method: get, Path: "/v1/accounts/{id}/transactions", Handle: accounts.Transactions, Scopes: scopes("accounts.read"), Response: of[service.TransactionList]()},
	}
}
