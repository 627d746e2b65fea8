package schemas

type (
	// ReleaseReview is POST /v1/risk/reviews/{id}/release.
	ReleaseReview struct {
		Reason string `json:"reason"` // code
	}
	// RefuseReview is POST /v1/risk/reviews/{id}/refusal.
	RefuseReview struct {
		Reason string `json:"reason"` // code
	}
	// LapseReview ends what nobody has looked at in time.
	LapseReview struct {
		About string `json:"about"` // identifier of a transfer, payment or batch
	}
)

func reviewCommands() []Command {
	return []Command{
		body[ReleaseReview]("review.release"),
		body[RefuseReview]("review.refuse"),
		asked[LapseReview]("review.lapse"),
	}
}
