package gateway

// accountTries are those of accounts. What ends or freezes one is tried on others
// than the one that money moves on.
func (s *scene) accountTries() map[string]try {
	spare, empty := "/v1/accounts/"+s.spare, "/v1/accounts/"+s.empty
	invitation := `{"invitation":"inv_00000000-0000-4000-8000-000000000001"}`
	return map[string]try{
		"GET /v1/products":                       {by: "customer", list: true},
		"GET /v1/products/{id}":                  {by: "auditor"},
		"POST /v1/products":                      {by: "auditor", body: `{"code":"gold","currency":"EUR","reason":"new-offer"}`},
		"POST /v1/products/{id}/retirement":      {by: "auditor", body: `{"reason":"no-demand"}`},
		"GET /v1/accounts":                       {by: "customer", list: true},
		"POST /v1/accounts":                      {by: "customer", body: `{"currency":"EUR"}`},
		"GET /v1/accounts/{id}":                  {by: "customer"},
		"GET /v1/accounts/{id}/balance":          {by: "customer"},
		"GET /v1/accounts/{id}/transactions":     {by: "customer", list: true},
		"GET /v1/accounts/{id}/statement":        {by: "customer"},
		"GET /v1/accounts/{id}/periods":          {by: "customer", list: true},
		"GET /v1/accounts/{id}/holders":          {by: "customer"},
		"GET /v1/accounts/{id}/holds":            {by: "customer"},
		"GET /v1/invitations":                    {by: "customer"},
		"POST /v1/accounts/{id}/invitations":     {by: "customer", body: `{"user_name":"bert","role":"reader"}`},
		"POST /v1/accounts/{id}/invitations/end": {by: "customer", body: invitation},
		"POST /v1/accounts/{id}/holders":         {by: "customer", body: invitation},
		"POST /v1/accounts/{id}/holders/removal": {by: "customer", body: `{"holder":"` + s.bert.Profile().Customer + `"}`},
		"POST /v1/accounts/{id}/limits":          {by: "customer", path: spare + "/limits", body: `{"currency":"EUR","daily":"99.00"}`},
		"POST /v1/accounts/{id}/terms":           {by: "auditor", path: spare + "/terms", body: `{"reason":"asked-for","version":2}`},
		"POST /v1/accounts/{id}/cap":             {by: "auditor", path: spare + "/cap", body: `{"currency":"EUR","daily":"999.00","reason":"asked-for"}`},
		"POST /v1/accounts/{id}/closure":         {by: "customer", path: empty + "/closure", body: `{"reason":"asked-for"}`},
		"POST /v1/accounts/{id}/freeze":          {by: "auditor", path: spare + "/freeze", body: `{"reason":"court-order"}`},
		"POST /v1/accounts/{id}/unfreeze":        {by: "auditor", path: spare + "/unfreeze", body: `{"reason":"court-order"}`},
		"POST /v1/accounts/{id}/holds":           {by: "auditor", path: spare + "/holds", body: `{"amount":"1.00","currency":"EUR","reason":"court-order"}`},
		"POST /v1/accounts/{id}/holds/release":   {by: "auditor", path: spare + "/holds/release", body: `{"hold":"` + s.hold + `","reason":"paid"}`},
	}
}
