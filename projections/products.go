package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/product"
	"florin/domain/terms"
	"florin/eventbus"
)

// Product is what the bank offers, or has offered, in one currency: by its newest
// version.
type Product struct {
	Product   id.Product
	Code      string
	Currency  money.Currency
	Version   int64
	Retired   bool
	Reason    string // of the retirement
	ChangedAt time.Time
	Position  eventbus.Position
}

// ProductVersion is the terms of a version, which never change.
type ProductVersion struct {
	Product   id.Product
	Version   int64
	Currency  money.Currency
	Terms     terms.Terms
	DefinedAt time.Time
	Position  eventbus.Position
}

type versionKey struct {
	product id.Product
	version int64
}

var productsTable = table{
	name: "products", key: []string{"product"},
	columns: []column{
		{"product", text}, {"code", text}, {"currency", text}, {"version", bigint}, {"retired", bigint}, {"status_reason", text},
		{"changed_at", bigint}, {"position", bigint},
	},
}

var productVersionsTable = table{
	name: "product_versions", key: []string{"product", "version"},
	columns: []column{
		{"product", text}, {"version", bigint}, {"currency", text}, {"overdraft_limit", bigint}, {"credit_basis_points", bigint},
		{"debit_basis_points", bigint}, {"day_count", text}, {"monthly_fee", bigint}, {"overdraft_fee", bigint}, {"daily_limit", bigint},
		{"monthly_limit", bigint}, {"daily_cap", bigint}, {"monthly_cap", bigint}, {"defined_at", bigint}, {"position", bigint},
	},
}

func (p *Product) fields() []any {
	return []any{&p.Product, &p.Code, (*string)(&p.Currency), &p.Version, &p.Retired, &p.Reason, &p.ChangedAt, (*uint64)(&p.Position)}
}

func (p *ProductVersion) fields() []any {
	t := &p.Terms
	return []any{&p.Product, &p.Version, (*string)(&p.Currency), &t.OverdraftLimit.Minor, &t.Interest.Credit, &t.Interest.Debit,
		(*string)(&t.Interest.DayCount), &t.Fees.Monthly.Minor, &t.Fees.Overdraft.Minor, &t.Limits.Daily.Minor, &t.Limits.Monthly.Minor,
		&t.Limits.DailyCap.Minor, &t.Limits.MonthlyCap.Minor, &p.DefinedAt, (*uint64)(&p.Position)}
}

// complete gives every amount that there is the product's currency.
func (p *ProductVersion) complete() {
	t := &p.Terms
	for _, amount := range []*money.Amount{&t.OverdraftLimit, &t.Fees.Monthly, &t.Fees.Overdraft, &t.Limits.Daily, &t.Limits.Monthly, &t.Limits.DailyCap, &t.Limits.MonthlyCap} {
		if amount.Minor != 0 {
			amount.Currency = p.Currency
		}
	}
}

var productColumns = []Column{
	{"position", Integer, "log position of the event that defined the version"},
	{"product", Text, "identifier of the product (prd_...)"},
	{"code", Text, "product code, as accounts name it"},
	{"currency", Text, "ISO 4217 code of every amount in the row"},
	{"version", Integer, "1, 2, 3, ...: accounts keep the one that they were opened with"},
	{"status", Text, "offered, superseded or retired"},
	{"overdraft_limit", Money, "how far below nought an account may go"},
	{"credit_basis_points", Integer, "interest a year on what there is, in hundredths of a per cent"},
	{"debit_basis_points", Integer, "interest a year on what is owed"},
	{"day_count", Text, "act/365 or 30/360; empty without interest"},
	{"monthly_fee", Money, "charged when a month is closed; 0: none"},
	{"overdraft_fee", Money, "for a month on which some day ended below nought; 0: none"},
	{"daily_limit", Money, "that an account begins with; 0: none"},
	{"monthly_limit", Money, "that an account begins with; 0: none"},
	{"daily_cap", Money, "of the daily limit that an owner may set; 0: none"},
	{"monthly_cap", Money, "of the monthly limit that an owner may set; 0: none"},
	{"defined_at", Time, "since when the bank has offered it"},
}

// productsView has a row for each version: what an account of it earns and costs.
const productsView = `select v.position as position, v.product as product, p.code as code, v.currency as currency, v.version as version,
  case when v.version < p.version then 'superseded' when p.retired <> 0 then 'retired' else 'offered' end as status,
  v.overdraft_limit as overdraft_limit, v.credit_basis_points as credit_basis_points, v.debit_basis_points as debit_basis_points, v.day_count as day_count,
  v.monthly_fee as monthly_fee, v.overdraft_fee as overdraft_fee, v.daily_limit as daily_limit, v.monthly_limit as monthly_limit,
  v.daily_cap as daily_cap, v.monthly_cap as monthly_cap, v.defined_at as defined_at
  from product_versions v join products p on p.product = v.product`

type productsFold struct {
	products *rows[id.Product, Product]
	versions *rows[versionKey, ProductVersion]
}

func beginProducts(tables []table) fold {
	return productsFold{
		newRows(tables[0], func(k id.Product) []any { return []any{k.String()} }, (*Product).fields),
		newRows(tables[1], func(k versionKey) []any { return []any{k.product.String(), k.version} }, (*ProductVersion).fields),
	}
}

func (p productsFold) flush(w *writer) {
	p.products.flush(w)
	p.versions.flush(w)
}

func (p productsFold) forget() {
	p.products.forget()
	p.versions.forget()
}

func (p productsFold) apply(w *writer, _ *commit, f *fact) error {
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, known := p.products.get(w, id.From[id.Product](of))
	switch e := f.event.(type) {
	case product.Defined:
		p.products.add(e.Product, Product{Product: e.Product, Code: e.Code, Currency: e.Currency, Version: e.Version, ChangedAt: e.At, Position: f.Position})
		p.versions.add(versionKey{e.Product, e.Version}, ProductVersion{Product: e.Product, Version: e.Version, Currency: e.Currency, Terms: e.Terms,
			DefinedAt: e.At, Position: f.Position})
	case product.Retired:
		if !known {
			return errNoRow
		}
		row.Retired, row.Reason, row.ChangedAt, row.Position = true, e.Reason, e.At, f.Position
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// Products lists what the bank offers or has offered, by identifier: up to limit,
// above after (zero: from the first).
func (r *Reads) Products(ctx context.Context, after id.Product, limit int) ([]Product, error) {
	return r.products(ctx, "product > ? order by product limit ?", after.String(), bounded(limit))
}

// ProductByID gives one. ErrMissing.
func (r *Reads) ProductByID(ctx context.Context, of id.Product) (Product, error) {
	found, err := r.products(ctx, "product = ?", of.String())
	if err == nil && len(found) == 0 {
		return Product{}, ErrMissing
	}
	if err != nil {
		return Product{}, err
	}
	return found[0], nil
}

func (r *Reads) products(ctx context.Context, where string, args ...any) (found []Product, err error) {
	err = r.database.each(ctx, "select "+productsTable.names()+" from products where "+where, args, func(row scanner) error {
		var p Product
		err := row.Scan(destinations(p.fields())...)
		found = append(found, p)
		return err
	})
	return found, err
}

// VersionsOf lists the versions of a product, the newest first.
func (r *Reads) VersionsOf(ctx context.Context, of id.Product) (found []ProductVersion, err error) {
	err = r.database.each(ctx, "select "+productVersionsTable.names()+" from product_versions where product = ? order by version desc limit ?",
		[]any{of.String(), LimitMax}, func(row scanner) error {
			var p ProductVersion
			err := row.Scan(destinations(p.fields())...)
			p.complete()
			found = append(found, p)
			return err
		})
	return found, err
}
