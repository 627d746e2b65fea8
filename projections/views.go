package projections

// View is one of the documented views that analysts query, over HTTP by
// Analyse and with SQL in a copy of the file. The columns are a promise: they are
// added to, never changed. Key is what its rows are told apart and digested by.
type View struct {
	Name        string
	Projection  string // whose position says how fresh it is
	Key         string
	Description string
	Columns     []Column
	body        string
}

// Column of a View.
type Column struct {
	Name        string
	Type        ColumnType
	Description string
}

// ColumnType says how a stored value is meant.
type ColumnType string

// Text is stored as text, everything else as a whole number.
const (
	Text    ColumnType = "text"
	Integer ColumnType = "integer"
	Boolean ColumnType = "boolean" // 0 or 1
	Money   ColumnType = "money"   // minor units of the row's currency
	Time    ColumnType = "time"    // microseconds since 1970 UTC; 0: never
)

// Views lists the views. None holds personal data.
func Views() []View { return append([]View(nil), views...) }

var views = []View{
	{"v_accounts", "accounts", "account", "one row per account, internal ones too", accountColumns, selectAll(accountColumns, "accounts")},
	{"v_transactions", "accounts", "position", "one row per booking, and one per hold that is still pending", transactionColumns,
		`select position, account, 0 as pending, purpose, posting, counterparty, minor as amount, balance, currency, forced, booked_at, recorded_at, counted_at, value_date from transactions
union all select position, account, 1 as pending, purpose, reservation as posting, counterparty, -minor as amount, 0 as balance, currency, 0 as forced, booked_at, recorded_at, counted_at, '' as value_date from holds`},
	{"v_holders", "accounts", "position", "one row per customer who holds an account, in whatever role", holderColumns, selectAll(holderColumns, "holders")},
	{"v_periods", "accounts", "position", "one row per month of a customer's account that is closed: its figures, what it earned and what it cost", periodColumns, selectAll(periodColumns, "periods")},
	{"v_products", "products", "position", "one row per version of each kind of account that the bank offers or has offered: what it earns and costs", productColumns, productsView},
	{"v_transfers", "transfers", "transfer", "one row per transfer, whatever became of it", transferColumns, selectAll(transferColumns, "transfers")},
	{"v_cards", "cards", "card", "one row per card; no number of one is in the bank", cardColumns, selectAll(cardColumns, "cards")},
	{"v_card_authorisations", "cards", "authorisation", "one row per authorisation that a shop asked for", authorisationColumns, selectAll(authorisationColumns, "card_authorisations")},
	{"v_payments", "payments", "payment", "one row per payment to another bank, whatever became of it", paymentColumns, selectAll(paymentColumns, "payments")},
	{"v_incoming_payments", "incoming", "incoming", "one row per payment from another bank, whatever became of it", incomingColumns, selectAll(incomingColumns, "incoming_payments")},
	{"v_payment_files", "paymentfiles", "payment_file", "one row per file of payments that a customer has sent, whatever became of it", paymentFileColumns, selectAll(paymentFileColumns, "payment_files")},
	{"v_mandates", "mandates", "mandate", "one row per mandate by which other banks collect from an account", mandateColumns, selectAll(mandateColumns, "mandates")},
	{"v_direct_debits", "directdebits", "direct_debit", "one row per collection by another bank, refused ones too", directDebitColumns, selectAll(directDebitColumns, "direct_debits")},
	{"v_batches", "batches", "batch", "one row per batch of transfers under one signature, whatever became of it", batchColumns, selectAll(batchColumns, "batches")},
	{"v_standing_orders", "standing", "standing_order", "one row per standing order, with what has become of its days", standingColumns, selectAll(standingColumns, "standing_orders")},
	{"v_sessions", "sessions", "session", "one row per token family", sessionColumns, selectAll(sessionColumns, "sessions")},
	{"v_devices", "devices", "device", "one row per device key that was ever registered", deviceColumns, selectAll(deviceColumns, "devices")},
	{"v_customers", "customers", "customer", "one row per customer, without anything that names the person", customerColumns, selectAll(customerColumns, "customers")},
	{"v_notifications", "notifications", "notification", "one row per entry of a customer's inbox: that somebody was told, of what, and whether it was read", notificationColumns,
		`select n.notification as notification, n.customer as customer, n.category as category, n.template as template, n.about as about, n.amount as amount,
  n.currency as currency, n.code as code, n.happened_at as happened_at, n.filed_at as filed_at, n.read_at as read_at,
  case when n.read_at <> 0 or n.filed <= coalesce(i.through, 0) then 1 else 0 end as has_read, n.filed as filed, n.position as position
  from notifications n left join inboxes i on i.customer = n.customer`},
	{"v_audit", "audit", "position", "one row per event of the log: what happened, and who did it through what", auditViewColumns,
		`select e.position as position, e.event_id as event_id, e.stream as stream, e.version as version, e.kind as kind, c.commit_id as commit_id,
  c.recorded_at as recorded_at, c.booked_at as booked_at, c.actor_type as actor_type, c.actor as actor, c.customer as customer, c.approver as approver,
  c.client as client, c.device as device, c.session as session, c.acr as acr, c.reason as reason, c.correlation as correlation, c.causation as causation
  from audit_events e join audit_commits c on c.position = e.commit_position`},
}

// selectAll is the body of a view whose columns are those of one table.
func selectAll(columns []Column, from string) string {
	text := "select "
	for i, c := range columns {
		if i > 0 {
			text += ", "
		}
		text += c.Name
	}
	return text + " from " + from
}

func view(name string) (View, bool) {
	for _, v := range views {
		if v.Name == name {
			return v, true
		}
	}
	return View{}, false
}

func (v View) column(name string) (Column, bool) {
	for _, c := range v.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

func dropViews(w *writer) {
	for _, v := range views {
		w.define("drop view if exists " + v.Name)
	}
}

func createViews(w *writer) {
	for _, v := range views {
		w.define("create view " + v.Name + " as " + v.body)
	}
}

var accountColumns = []Column{
	{"account", Text, "identifier of the account (acc_...)"},
	{"customer", Text, "owner (cus_...); empty for an internal account"},
	{"class", Text, "customer or internal"},
	{"chart", Text, "place in the chart of internal accounts; empty for a customer's"},
	{"product", Text, "product code"},
	{"currency", Text, "ISO 4217 code of every amount in the row"},
	{"status", Text, "open, frozen or closed"},
	{"balance", Money, "booked balance; negative is owed to the bank"},
	{"held", Money, "sum of pending holds"},
	{"available", Money, "balance less holds plus overdraft limit"},
	{"overdraft_limit", Money, "how far below nought the balance may go"},
	{"daily_limit", Money, "of outgoing payments a day where the account lives; 0: none"},
	{"overdrawn", Boolean, "a forced debit left it below what the overdraft allows"},
	{"opened_at", Time, "when it was opened"},
	{"closed_at", Time, "when it was closed; 0 while it is not"},
	{"position", Integer, "log position of the last event that is in the row"},
	{"status_reason", Text, "code: why it is frozen or closed"},
	{"monthly_limit", Money, "of outgoing payments a month; 0: none"},
	{"daily_cap", Money, "of the daily limit that an owner may set; 0: none"},
	{"monthly_cap", Money, "of the monthly limit that an owner may set; 0: none"},
	{"time_zone", Text, "where days and months are counted; empty: UTC"},
	{"direct_debits_blocked", Boolean, "its owner lets nobody collect from it"},
	{"product_version", Integer, "version of the product's terms (v_products); 0: the product is not data"},
}

var transactionColumns = []Column{
	{"position", Integer, "log position of the booking's event; newer is higher"},
	{"account", Text, "account that is booked on (acc_...)"},
	{"pending", Boolean, "1: a hold that has neither been captured nor released"},
	{"purpose", Text, "transfer, reversal, or the purpose of the journal entry (deposit, fee, interest, ...)"},
	{"posting", Text, "stream that holds the legs: transfer/<uuid> or journal/<uuid>"},
	{"counterparty", Text, "account on the other side; of several, the one with the largest leg"},
	{"amount", Money, "positive credits the account, negative debits it"},
	{"balance", Money, "booked balance after it; 0 while pending"},
	{"currency", Text, "ISO 4217 code"},
	{"forced", Boolean, "posted whatever the balance"},
	{"booked_at", Time, "when it counts for the bank"},
	{"recorded_at", Time, "when the log recorded it"},
	{"counted_at", Time, "the later of the two, never before an earlier booking or in a closed month: the day and month that it is in"},
	{"value_date", Text, "date from which it counts for interest; empty: the day that it is in"},
}

var transferColumns = []Column{
	{"transfer", Text, "identifier of the transfer (trf_...)"},
	{"customer", Text, "whose money was asked for (cus_...)"},
	{"from_account", Text, "debtor account"},
	{"to_account", Text, "creditor account"},
	{"amount", Money, "amount asked for"},
	{"currency", Text, "ISO 4217 code"},
	{"execute_on", Text, "day on which it is to be executed; empty: at once"},
	{"status", Text, "initiated, challenged, scheduled, held, batched, posted, rejected, expired, cancelled or reversed"},
	{"code", Text, "why it was rejected; the problem code the customer saw"},
	{"original", Text, "of a reversal: the transfer that it gives back"},
	{"reversed", Money, "given back so far"},
	{"outcome", Text, "what risk decided: allow, challenge, hold or block"},
	{"score", Integer, "risk score in milli-log-odds"},
	{"policy", Text, "risk policy that decided"},
	{"exemption", Text, "exemption from strong authentication that was used"},
	{"challenge", Text, "identifier of the challenge (chl_...)"},
	{"expires_at", Time, "end of the challenge"},
	{"method", Text, "how the customer confirmed: sca-key, passkey or totp"},
	{"failures", Integer, "failed confirmations"},
	{"device", Text, "device that asked (dev_...)"},
	{"session", Text, "session that asked (ses_...)"},
	{"initiated_at", Time, "when it was asked for"},
	{"changed_at", Time, "when it last changed"},
	{"position", Integer, "log position of the last event that is in the row"},
}
