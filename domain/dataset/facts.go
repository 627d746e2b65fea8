package dataset

import "math"

// What lists say of an address; they add up.
const (
	Hosting    = 1
	Anonymiser = 2
	Listed     = 4
)

// Facts are what the data sets in force know of an address. What they do not know is
// nought, or not located.
type Facts struct {
	Flags   int64
	Network uint32 // autonomous system
	Country string // ISO 3166-1
	Place   Place
}

// Place is where an address is, to ten kilometres: nobody's house is kept.
type Place struct {
	Known    bool
	North    int32 // tenths of a degree of latitude
	East     int32 // tenths of a degree of longitude
	WithinKM int32 // it may lie so far from there
}

// At is the place of coordinates in degrees.
func At(latitude, longitude float64, withinKM int32) Place {
	if math.Abs(latitude) > 90 || math.Abs(longitude) > 180 || math.IsNaN(latitude+longitude) {
		return Place{}
	}
	return Place{Known: true, North: int32(math.Round(latitude * 10)), East: int32(math.Round(longitude * 10)), WithinKM: max(withinKM, 0)}
}

// earthKM is the mean radius (IUGG).
const earthKM = 6371.0088

// Apart is how many whole kilometres two places are apart at the least, by the haversine
// less what either may be off.
func (p Place) Apart(q Place) int64 {
	radians := func(tenths int32) float64 { return float64(tenths) / 10 * math.Pi / 180 }
	north, east := radians(q.North-p.North)/2, radians(q.East-p.East)/2
	a := math.Pow(math.Sin(north), 2) + math.Cos(radians(p.North))*math.Cos(radians(q.North))*math.Pow(math.Sin(east), 2)
	return max(int64(2*earthKM*math.Asin(math.Min(1, math.Sqrt(a))))-int64(p.WithinKM)-int64(q.WithinKM), 0)
}

// travelLeastKM is how far apart two places have to be to say anything of travel.
const travelLeastKM = 100

// Speed is how fast somebody would have travelled, in km/h; known is false where the
// places do not say.
func Speed(from, to Place, seconds int64) (kmh int64, known bool) {
	if !from.Known || !to.Known {
		return 0, false
	}
	apart := from.Apart(to)
	if apart <= travelLeastKM {
		return 0, false
	}
	return apart * 3600 / max(seconds, 60), true
}
