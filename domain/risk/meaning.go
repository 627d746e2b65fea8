package risk

// meanings say what a feature is, with its unit, for people who read a decision.
var meanings = [featureCount]string{
	Amount:          "the amount, in hundredths of the currency's unit",
	AmountUnusual:   "how far above the customer's usual amounts it lies, in thousandths of their spread",
	BalanceShare:    "part of what is available that leaves, in thousandths",
	CustomerAge:     "hours since the customer was first seen",
	CustomerFrauds:  "confirmed frauds of the customer's in 30 days",
	PayeeAge:        "hours since the customer first paid this payee; -1: never yet",
	PayeeFanIn:      "other customers who paid the payee in 24 hours",
	PayeePayments:   "payments to the payee by anybody in 30 days",
	PayeeFrauds:     "confirmed frauds to the payee in 30 days",
	PayeeFraudShare: "of the payments to the payee in 30 days, those confirmed as fraud, in thousandths",
	Count10Minutes:  "the customer's attempts in the 10 minutes before",
	CountHour:       "the customer's attempts in the hour before",
	CountDay:        "the customer's attempts in the 24 hours before",
	CountMonth:      "the customer's attempts in the 30 days before",
	SumDay:          "what the customer sent in 24 hours, in hundredths of a unit",
	HourUnusual:     "surprise at the hour of day, in thousandths of a nat",
	PassThrough:     "of what came in within 24 hours, the part that leaves again, in thousandths",
	FailedLogins:    "the customer's failed logins in an hour",
	DeviceAge:       "hours since the device was bound",
	DeviceCustomers: "customers that the device was ever bound to",
	Attestation:     "what the device has shown of itself: 0 nothing, 1 software, 2 hardware",
	SessionStrength: "of the session: 1 device, 2 two factors, 3 strong, 4 strong in hardware",
	StrongAuthAge:   "seconds since the last strong authentication",
	AddressFlags:    "the address is 1 at a hosting company, 2 an anonymiser, 4 listed; they add up",
	Speed:           "km/h between this place and the last; unknown below 100 km",
	ToOwn:           "1: the money stays the customer's, 0: it does not",
	DeviceFrauds:    "confirmed frauds by the device in 30 days; unknown if there never was one",
}

// Meaning says what the feature is, with its unit.
func (f Feature) Meaning() string {
	if f >= featureCount {
		return ""
	}
	return meanings[f]
}

// Source is what may give a reason.
type Source struct {
	Feature string // "": a rule
	Rule    string // its condition
}

// Sources lists what gives a reason for an action, the rules first.
func (p *Policy) Sources(reason string, action Action) (all []Source) {
	for _, rule := range p.Rules {
		if rule.Reason == reason && (&ruled{actions: rule.Actions}).applies(action) {
			all = append(all, Source{Rule: rule.When})
		}
	}
	for _, card := range p.Scorecard {
		if card.Reason == reason {
			all = append(all, Source{Feature: card.Feature})
		}
	}
	return all
}
