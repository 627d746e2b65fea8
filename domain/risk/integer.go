package risk

import "math/bits"

// logMilli is the natural logarithm of x in thousandths, rounded; of what is less
// than one it is nought. Integers alone, so that every machine finds the same.
func logMilli(x int64) int64 {
	if x <= 1 {
		return 0
	}
	const precision = 16 // bits behind the point
	whole := int64(bits.Len64(uint64(x)) - 1)
	mantissa := uint64(x) << (62 - uint(whole)) >> 31 // in [1, 2), 31 bits behind the point
	log := uint64(whole)
	for range precision {
		mantissa = mantissa * mantissa >> 31
		log <<= 1
		if mantissa >= 2<<31 {
			log, mantissa = log|1, mantissa>>1
		}
	}
	const milliLn2 = 693_147 // millionths
	return int64((log*milliLn2 + 500<<precision) / (1000 << precision))
}

// thousandths is the part of the whole that the part is; at most most. A whole of
// nothing has none.
func thousandths(part, whole, most int64) (share int64, known bool) {
	switch {
	case whole <= 0 || part < 0:
		return 0, false
	case part >= whole && part/whole >= most/1000:
		return most, true
	}
	high, low := bits.Mul64(uint64(part), 1000)
	if high >= uint64(whole) {
		return most, true
	}
	quotient, _ := bits.Div64(high, low, uint64(whole))
	return min(int64(min(quotient, uint64(most))), most), true
}

// within keeps x between low and high.
func within(x, low, high int64) int64 { return min(max(x, low), high) }

// Probability is a score as the probability of fraud, in thousandths, to one of them.
func Probability(score int64) int64 {
	low, high := int64(0), int64(1000) // the odds of low are reached, those of high are not
	for high-low > 1 {
		if p := (low + high) / 2; logMilli(p*1000)-logMilli((1000-p)*1000) <= score {
			low = p
		} else {
			high = p
		}
	}
	return low
}
