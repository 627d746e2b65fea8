package gateway

import (
	"net/http"
	"reflect"

	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/schemas"
)

// products: what kinds of accounts there are. Customers see them; what they earn and
// cost is for operators to say, who have authenticated strongly of late.
func products(desk service.Desk) []Route {
	products := service.Products{Desk: desk}
	const write = "config.write"
	change := func(path string, handle func(http.ResponseWriter, *http.Request) error, request reflect.Type) Route {
		return Route{Method: post, Path: "/v1/products" + path, Handle: handle, Scopes: scopes(write), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: request, Response: of[service.ProductAnswer]()}
	}
	return []Route{
		{Method: get, Path: "/v1/products", Handle: products.List, Scopes: scopes("accounts.read", write), Response: of[service.ProductList]()},
		{Method: get, Path: "/v1/products/{id}", Handle: products.Get, Scopes: scopes(write), Response: of[service.ProductAnswer]()},
		change("", products.Define, of[schemas.DefineProduct]()),
		change("/{id}/retirement", products.Retire, of[schemas.RetireProduct]()),
	}
}
