package projections

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/eventbus"
)

func TestViewsAreWhatTheyAreDescribedAs(t *testing.T) {
	t.Parallel()
	_, r := followed(t)
	for _, v := range Views() {
		require.NotEmpty(t, v.Description)
		_, keyed := v.column(v.Key)
		require.True(t, keyed)
		require.Contains(t, Names(), v.Projection)
		rows, err := r.database.read.Query("select * from " + v.Name)
		require.NoError(t, err)
		names, err := rows.Columns()
		require.NoError(t, err)
		var described []string
		for _, c := range v.Columns {
			require.NotEmpty(t, c.Description, "%s.%s", v.Name, c.Name)
			described = append(described, c.Name)
		}
		require.Equal(t, names, described, v.Name)
		seen := 0
		for rows.Next() {
			values, into := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			require.NoError(t, rows.Scan(into...))
			for i, value := range values {
				if _, isText := value.(string); v.Columns[i].Type == Text {
					require.True(t, isText, "%s.%s is %T", v.Name, names[i], value)
				} else {
					require.IsType(t, int64(0), value, "%s.%s", v.Name, names[i])
				}
			}
			seen++
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
		require.Positive(t, seen, "%s is empty", v.Name)
	}
}

func TestEveryRowListsItsFieldsAsItsColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		table  table
		fields []any
	}{
		{accountsTable, new(Account).fields()},
		{holdsTable, new(hold).fields()},
		{transactionsTable, new(Transaction).fields()},
		{paymentsTable, new(Payment).fields()},
		{paymentFilesTable, new(PaymentFile).fields()},
		{incomingTable, new(Incoming).fields()},
		{batchesTable, new(Batch).fields()},
		{standingTable, new(StandingOrder).fields()},
		{mandatesTable, new(Mandate).fields()},
		{creditorsTable, new(blockedCreditor).fields()},
		{directDebitsTable, new(DirectDebit).fields()},
		{transfersTable, new(Transfer).fields()},
		{scheduledTable, new(scheduledTransfer).fields()},
		{cardsTable, new(Card).fields()},
		{authorisationsTable, new(Authorisation).fields()},
		{devicesTable, new(Device).fields()},
		{riskPoliciesTable, new(RiskPolicy).fields()},
		{riskDecisionsTable, new(RiskDecision).fields()},
		{productsTable, new(Product).fields()},
		{productVersionsTable, new(ProductVersion).fields()},
		{periodsTable, new(Period).fields()},
		{holdersTable, new(Holder).fields()},
		{invitationsTable, new(Invitation).fields()},
		{sessionsTable, new(Session).fields()},
		{customersTable, new(Customer).fields()},
		{auditCommitsTable, new(AuditCommit).fields()},
		{auditEventsTable, new(AuditEvent).eventFields()},
		{auditEventsTable, (&auditRow{event: new(eventbus.Recorded)}).fields()},
	} {
		require.Len(t, c.fields, len(c.table.columns), c.table.name)
		for i, value := range appendValues(nil, c.fields) {
			if _, isText := value.(string); c.table.columns[i].kind == text {
				require.True(t, isText, "%s.%s", c.table.name, c.table.columns[i].name)
			} else {
				require.IsType(t, int64(0), value, "%s.%s", c.table.name, c.table.columns[i].name)
			}
		}
	}
}

// rowsOf asks and spells every cell.
func rowsOf(t *testing.T, r *Reads, a Analysis) (out [][]string) {
	t.Helper()
	answer, err := r.Analyse(context.Background(), a)
	require.NoError(t, err)
	for row, err := range answer.Rows {
		require.NoError(t, err)
		var cells []string
		for _, c := range row {
			cells = append(cells, c.String())
		}
		out = append(out, cells)
	}
	return out
}

func TestAnalystsFilterOrderAndLimit(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	for _, c := range []struct {
		name string
		ask  Analysis
		want [][]string
	}{
		{"one column by equality", Analysis{View: "v_transfers", Columns: []string{"transfer"}, Filters: []Filter{{"status", Eq, []string{"rejected"}}}}, [][]string{{w.rejected.String()}}},
		{"a list of values", Analysis{View: "v_transfers", Columns: []string{"status"}, Filters: []Filter{{"status", In, []string{"rejected", "expired"}}}, Order: []Order{{"status", false}}}, [][]string{{"expired"}, {"rejected"}}},
		{"numbers by size, largest first", Analysis{View: "v_transactions", Columns: []string{"amount", "purpose"}, Filters: []Filter{{"amount", Ge, []string{"5000"}}, {"account", Eq, []string{w.berts.String()}}}, Order: []Order{{"amount", true}}}, [][]string{{"5000", "transfer"}}},
		{"a boolean", Analysis{View: "v_transactions", Columns: []string{"posting", "pending"}, Filters: []Filter{{"pending", Eq, []string{"true"}}}}, [][]string{{w.challenged.Stream(), "true"}}},
		{"a prefix", Analysis{View: "v_audit", Columns: []string{"kind"}, Filters: []Filter{{"kind", Prefix, []string{"signing."}}}}, [][]string{{"signing.retired"}}},
		{"a prefix is no pattern", Analysis{View: "v_audit", Columns: []string{"kind"}, Filters: []Filter{{"kind", Prefix, []string{"%"}}}}, nil},
		{"a limit", Analysis{View: "v_audit", Columns: []string{"position"}, Limit: 2}, [][]string{{"1"}, {"2"}}},
		{"from a position on", Analysis{View: "v_audit", Columns: []string{"position"}, Filters: []Filter{{"position", Gt, []string{"3"}}}, Limit: 1}, [][]string{{"4"}}},
		{"a time before all", Analysis{View: "v_audit", Columns: []string{"position"}, Filters: []Filter{{"recorded_at", Lt, []string{"2020-01-01T00:00:00Z"}}}}, nil},
		{"what never was has no time", Analysis{View: "v_accounts", Columns: []string{"closed_at"}, Filters: []Filter{{"account", Eq, []string{w.annas.String()}}}}, [][]string{{""}}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, rowsOf(t, r, c.ask)) })
	}
	answer, err := r.Analyse(context.Background(), Analysis{View: "v_audit"})
	require.NoError(t, err)
	for row, err := range answer.Rows { // stop early: the connection is free again
		require.NoError(t, err)
		require.Len(t, row, len(answer.Columns))
		break
	}
	for range 2 * readersMax {
		require.Len(t, rowsOf(t, r, Analysis{View: "v_audit", Limit: 1}), 1)
	}
}

func TestAnswersShowAtLeastThePositionAskedFor(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	_, receipt := w.transfer(w.annas, w.berts, 77)
	got := rowsOf(t, r, Analysis{View: "v_transactions", Columns: []string{"amount"}, AsOf: receipt.Last, Order: []Order{{"position", true}}, Limit: 1})
	require.Equal(t, [][]string{{"77"}}, got)
	_, err := r.Analyse(context.Background(), Analysis{View: "v_audit", AsOf: receipt.Last + 1})
	require.ErrorIs(t, err, eventbus.ErrAhead)
}

// hostile are the texts that break statements which are put together carelessly.
var hostile = []string{
	"'", "''", "' or '1'='1", "'; drop table accounts; --", `" or 1=1 --`, "x' union select password from customers --",
	"1; delete from audit_events", "?", "?1", "$1", ":a", "@a", "%", "_", "\\", "/* */", "acc_' || (select 1) || '", "null", "🙈",
	"account; drop view v_accounts", "account desc; --", "(select 1)", "rowid", "sqlite_master", "*", "1=1", " account", "account ", "ACCOUNT", "",
}

func TestHostileTextsAreValuesOrRefused(t *testing.T) {
	t.Parallel()
	_, r := followed(t)
	before, err := r.Digests(context.Background())
	require.NoError(t, err)
	ctx := context.Background()
	for _, bad := range hostile {
		for _, v := range Views() {
			for _, c := range v.Columns {
				for _, op := range []Op{Eq, In, Lt, Prefix} {
					a := Analysis{View: v.Name, Filters: []Filter{{c.Name, op, []string{bad}}}, Limit: 3}
					answer, err := r.Analyse(ctx, a)
					if c.Type != Text {
						require.ErrorIs(t, err, ErrQuery, "%s.%s %s %q", v.Name, c.Name, op, bad)
						continue
					}
					require.NoError(t, err)
					for row, err := range answer.Rows {
						require.NoError(t, err)
						if op == Eq && bad != "" {
							t.Fatalf("%q matched %v", bad, row)
						}
					}
				}
			}
		}
		for _, a := range []Analysis{
			{View: "v_accounts", Columns: []string{bad}},
			{View: "v_accounts", Filters: []Filter{{bad, Eq, []string{"1"}}}},
			{View: "v_accounts", Filters: []Filter{{"account", Op(bad), []string{"1"}}}},
			{View: "v_accounts", Order: []Order{{bad, true}}},
		} {
			_, err := r.Analyse(ctx, a)
			require.ErrorIs(t, err, ErrQuery, "%q", bad)
			var refusal *domain.Refusal
			require.ErrorAs(t, err, &refusal)
			if len(bad) > 8 {
				require.NotContains(t, refusal.Detail, bad, "nothing submitted is echoed")
			}
		}
		_, err := r.Analyse(ctx, Analysis{View: bad})
		require.ErrorIs(t, err, ErrUnknown)
		_, err = r.Digest(ctx, bad)
		require.ErrorIs(t, err, ErrUnknown)
		found, err := r.AuditEvents(ctx, AuditFilter{Kind: "x" + bad}, 0, 10)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	after, err := r.Digests(ctx)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestQuestionsHaveBounds(t *testing.T) {
	t.Parallel()
	_, r := followed(t)
	many := make([]string, FilterListMax+1)
	for i := range many {
		many[i] = "x"
	}
	for name, a := range map[string]Analysis{
		"too many rows":         {View: "v_audit", Limit: AnalysisMax + 1},
		"a negative limit":      {View: "v_audit", Limit: -1},
		"too many filters":      {View: "v_audit", Filters: make([]Filter, FiltersMax+1)},
		"too many values":       {View: "v_audit", Filters: []Filter{{"kind", In, many}}},
		"no value":              {View: "v_audit", Filters: []Filter{{"kind", Eq, nil}}},
		"two values":            {View: "v_audit", Filters: []Filter{{"kind", Eq, []string{"a", "b"}}}},
		"a long value":          {View: "v_audit", Filters: []Filter{{"kind", Eq, []string{strings.Repeat("a", FilterLenMax+1)}}}},
		"a nul":                 {View: "v_audit", Filters: []Filter{{"kind", Eq, []string{"a\x00b"}}}},
		"no text":               {View: "v_audit", Filters: []Filter{{"kind", Eq, []string{"\xff"}}}},
		"a prefix of a number":  {View: "v_audit", Filters: []Filter{{"position", Prefix, []string{"1"}}}},
		"a number beyond int64": {View: "v_audit", Filters: []Filter{{"position", Eq, []string{"9223372036854775808"}}}},
		"a fraction":            {View: "v_accounts", Filters: []Filter{{"balance", Eq, []string{"1.5"}}}},
		"a column twice":        {View: "v_audit", Columns: []string{"kind", "kind"}},
		"an order twice":        {View: "v_audit", Order: []Order{{"kind", true}, {"kind", false}}},
		"a time without a zone": {View: "v_audit", Filters: []Filter{{"recorded_at", Eq, []string{"2026-01-02 03:04:05"}}}},
	} {
		_, err := r.Analyse(context.Background(), a)
		require.ErrorIs(t, err, ErrQuery, name)
	}
}

func TestStatementsAreWrittenForBothEngines(t *testing.T) {
	t.Parallel()
	require.Equal(t, "select a from t where b = $1 and c in ($2, $3)", postgres.rewrite("select a from t where b = ? and c in (?, ?)"))
	created := transactionsTable.create()
	require.Contains(t, created, "position bigint primary key")
	require.Contains(t, sqlite3.rewrite(created), "position integer primary key")
	var statements []string
	for _, d := range definitions {
		for _, table := range d.tables {
			statements = append(statements, table.create(), table.insert(2), table.upsert(2), table.selectByKey(), table.deleteByKey())
		}
	}
	for _, v := range views {
		statements = append(statements, v.body)
	}
	statements = append(statements, transactionsPage, auditColumns)
	for _, s := range statements {
		for _, of := range []string{"rowid", "pragma", "replace into", "ifnull", "strftime", "autoincrement", "`", `"`, "json_", "glob "} {
			require.NotContains(t, s, of)
		}
	}
}

func TestFieldsComeBackAsTheyWereStored(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	direct := Transaction{Position: 1 << 62, Account: w.annas, Purpose: "x", Posting: w.posted.Stream(), Reference: canary + "rent", Amount: eur(-1 << 60), Forced: true,
		BookedAt: time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), RecordedAt: time.Date(9999, 1, 1, 0, 0, 0, 1000, time.UTC)}
	direct.Balance.Currency = "EUR"
	require.NoError(t, r.database.transact(context.Background(), func(w *writer) error {
		w.exec(transactionsTable.insert(1), appendValues(nil, direct.fields())...)
		return nil
	}))
	page, err := r.Transactions(context.Background(), w.annas, Span{}, 0, 1)
	require.NoError(t, err)
	require.Equal(t, direct, page[0])

	var u uuid.UUID
	var none id.Account
	for _, bad := range []any{int64(1), "nonsense", nil, 1.5, []byte("x")} {
		require.Error(t, (*identity)(&u).Scan(bad))
		require.Error(t, spelled{&none}.Scan(bad))
	}
	require.Error(t, new(moment).Scan("x"))
}
