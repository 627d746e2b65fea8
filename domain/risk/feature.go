package risk

import "slices"

// Feature is one number that a policy may look at.
type Feature uint8

// The features, with their units. What nobody knows is unknown, never nought: a
// scorecard has a weight for that too.
const (
	Amount          Feature = iota // hundredths of the currency's unit
	AmountUnusual                  // how far above the customer's own usual amounts, in thousandths of their spread; below: negative
	BalanceShare                   // part of what is available that leaves, in thousandths
	CustomerAge                    // hours since the customer was first seen
	CustomerFrauds                 // confirmed frauds of the customer's in 30 days
	PayeeAge                       // hours since this customer first paid this payee; -1: never yet
	PayeeFanIn                     // other customers who paid the payee in 24 hours; at most FanInMax
	PayeePayments                  // payments to the payee by anybody in 30 days
	PayeeFrauds                    // confirmed frauds to the payee in 30 days
	PayeeFraudShare                // of the payments to the payee in 30 days, those confirmed as fraud, in thousandths
	Count10Minutes                 // of the customer's attempts, this one not among them
	CountHour                      // likewise
	CountDay                       // likewise, in 24 hours
	CountMonth                     // likewise, in 30 days
	SumDay                         // what the customer sent in 24 hours, hundredths of a unit
	HourUnusual                    // surprise at the hour of day, in thousandths of a nat
	PassThrough                    // of what came in within 24 hours, the part that leaves again, in thousandths
	FailedLogins                   // of the customer's in an hour
	DeviceAge                      // hours since the device was bound
	DeviceCustomers                // customers of the device, ever
	Attestation                    // 0 none, 1 software, 2 hardware
	SessionStrength                // Strength of the session's acr
	StrongAuthAge                  // seconds since the last strong authentication
	AddressFlags                   // of the address: 1 hosting, 2 anonymiser, 4 listed
	Speed                          // km/h between this place and the last; unknown below 100 km
	ToOwn                          // 1: the money stays the customer's, who owns both accounts; 0: it does not
	DeviceFrauds                   // confirmed frauds by the device in 30 days; unknown where there never was one
	featureCount
)

var featureNames = [featureCount]string{
	"amount", "amount_unusual", "balance_share", "customer_age_h", "customer_frauds_30d", "payee_age_h", "payee_fan_in_24h", "payee_payments_30d",
	"payee_frauds_30d", "payee_fraud_share_30d", "count_10m", "count_1h", "count_24h", "count_30d", "sum_24h", "hour_unusual", "pass_through_24h",
	"failed_logins_1h", "device_age_h", "device_customers", "attestation", "session_strength", "strong_auth_age_s", "address_flags", "speed_kmh", "to_own_account",
	"device_frauds_30d",
}

func (f Feature) String() string {
	if f >= featureCount {
		return "unknown"
	}
	return featureNames[f]
}

// FeatureOf finds a feature by its name.
func FeatureOf(name string) (Feature, bool) {
	i := slices.Index(featureNames[:], name)
	return Feature(max(i, 0)), i >= 0
}

// Features lists all there are, in the order of their numbers.
func Features() []Feature {
	all := make([]Feature, featureCount)
	for i := range all {
		all[i] = Feature(i)
	}
	return all
}

// Vector is what is known of one attempt. The zero value knows nothing.
type Vector struct {
	values [featureCount]int64
	known  uint64 // a bit for each feature
}

// Set notes a feature.
func (v *Vector) Set(f Feature, value int64) {
	v.values[f], v.known = value, v.known|1<<f
}

// Get is a feature, if it is known.
func (v *Vector) Get(f Feature) (int64, bool) {
	return v.values[f], v.known&(1<<f) != 0
}
