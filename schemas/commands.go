package schemas

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Way is how a command comes to the bank.
type Way int

const (
	AsBody  Way = iota // as JSON
	AsForm             // as a form
	AsAsked            // from the host or from within: nobody outside says it
)

// Command is what the bank can be told to do, by its word of the trade. Its schema
// is commands/<Name>.json.
type Command struct {
	Name  string
	Type  reflect.Type
	Way   Way
	Verbs []string // of package commands, that carry it out
}

// Commands lists every command of the house, by name. Tests hold it against the
// verbs of package commands, the routes of the gateway, and the files.
func Commands() []Command { return slices.Clone(commandTable) }

var commandTable = slices.Concat([]Command{
	body[AcceptInvitation]("account.accept_invitation"),
	body[ActivateCustomer]("customer.activate"),
	body[AddPasskey]("factor.add_passkey"),
	body[AnswerApproval]("approval.answer"),
	asked[AnswerPayment]("payment.answer"),
	form[AnswerConsent]("consent.grant", "consent.deny", "grant.challenge"),
	asked[AppointOperator]("operator.appoint"),
	body[ApproveFactor]("factor.approve"),
	body[ApproveProposal]("proposal.approve"),
	body[ApproveWebhook]("webhook.approve"),
	form[AskConsent]("consent.ask"),
	asked[AssertClient]("access.assert"),
	body[AuthorisePayment]("payment.authorise"),
	body[AuthoriseTransfer]("transfer.authorise"),
	body[BeginRecovery]("recovery.begin"),
	body[CancelPayment]("payment.cancel"),
	body[CancelTransfer]("transfer.cancel"),
	body[CaptureAuthorisation]("authorisation.capture"),
	body[ChangeContact]("customer.request_contact", "customer.change_contact"),
	body[ChangePassword]("customer.change_password"),
	body[ChooseNotifications]("inbox.choose_preferences"),
	body[CloseCard]("card.close"),
	body[CloseAccount]("account.close"),
	asked[ClosePeriod]("account.close_period"),
	asked[CloseCustomer]("customer.close"),
	body[CompleteRecovery]("recovery.complete"),
	body[ConfirmFactor]("factor.confirm_totp"),
	asked[CountAttempt]("attempt.count"),
	asked[CreateOperator]("operator.create"),
	body[DefineProduct]("product.define"),
	body[DeleteWebhook]("webhook.delete"),
	body[Deposit]("deposit.make"),
	asked[DisableClient]("client.disable"),
	asked[DisableOperator]("operator.disable"),
	body[DisableWebhook]("webhook.disable"),
	body[EnableWebhook]("webhook.enable"),
	body[EndInvitation]("account.end_invitation"),
	body[EndSession]("session.revoke"),
	form[EndFromPage]("device.report_lost", "device.revoke", "session.revoke", "grant.challenge", "grant.log_out"),
	body[EnrolCustomer]("customer.enrol"),
	body[EnrolOperator]("operator.enrol"),
	body[EraseCustomer]("customer.request_erasure"),
	asked[ExpireApproval]("approval.expire"),
	asked[ExpireAuthorisation]("authorisation.expire"),
	asked[ExpirePayment]("payment.expire"),
	asked[ExpireTransfer]("transfer.expire"),
	asked[RunPayment]("payment.run"),
	asked[RunTransfer]("transfer.run"),
	asked[FileNotification]("notification.file"),
	asked[FinishErasure]("customer.finish_erasure"),
	body[FreezeCard]("card.freeze"),
	asked[GiveBackPayment]("incoming.give_back"),
	asked[GrantAccess]("access.read"),
	asked[GrantScopes]("operator.grant_scopes"),
	body[InitiatePayment]("payment.initiate"),
	body[InitiateTransfer]("transfer.initiate"),
	body[IssueCard]("card.issue"),
	asked[InvestigatePayment]("payment.investigate"),
	body[FreezeAccount]("account.freeze"),
	body[InviteHolder]("account.invite_holder"),
	body[LiftHold]("account.lift_hold"),
	form[IssueToken]("session.redeem", "session.refresh", "session.machine", "session.collect"),
	form[LogIn]("grant.challenge"),
	form[LogOut]("session.revoke"),
	body[MakeRecoveryCodes]("factor.make_recovery_codes"),
	body[MakeProposal]("proposal.make"),
	asked[MeasureLogins]("stuffing.measure"),
	body[MoveClock]("clock.move"),
	body[NameWebhookContact]("webhook.name_contact"),
	asked[NoteDelivery]("delivery.note"),
	asked[NoteNotification]("notification.note"),
	asked[NoteWebhookNotice]("webhook.note_notice"),
	body[ObjectForCustomer]("recovery.object"),
	body[ObjectToRecovery]("recovery.object"),
	body[OfferPasskey]("factor.offer_passkey"),
	body[OfferTOTP]("factor.offer_totp"),
	body[OpenAccount]("account.open"),
	asked[OpenConsent]("consent.open"),
	asked[OpenEnrolment]("operator.open_enrolment"),
	body[PermitRecovery]("recovery.permit"),
	body[PersonaliseCard]("card.personalise"),
	body[RefundAuthorisation]("authorisation.refund"),
	asked[RefuseAccess]("access.refuse"),
	body[ReadAllNotifications]("inbox.read"),
	body[ReadNotification]("notification.read"),
	body[RecallPayment]("incoming.recall"),
	body[ReceivePayment]("incoming.receive"),
	body[PlaceHold]("account.place_hold"),
	body[RegisterDevice]("device.register"),
	asked[RegisterClient]("client.register"),
	body[RegisterWebhook]("webhook.register"),
	body[RejectProposal]("proposal.reject"),
	body[RemoveContact]("customer.remove_contact"),
	body[RemoveFactor]("factor.remove"),
	body[RemoveHolder]("account.remove_holder"),
	body[RenameDevice]("device.rename"),
	body[ReplaceCard]("card.replace"),
	asked[ReportDeath]("customer.report_death"),
	body[ReportDeviceLost]("device.report_lost"),
	body[RequestAuthorisation]("authorisation.request"),
	form[RequestConsent]("consent.push"),
	body[ResendWebhook]("webhook.resend"),
	body[RestrictCustomer]("customer.restrict"),
	body[LiftSendingLimit]("customer.lift_sending_limit"),
	body[ReverseAuthorisation]("authorisation.reverse"),
	body[ReturnPayment]("payment.return"),
	body[ReverseTransfer]("transfer.reverse"),
	body[RetireProduct]("product.retire"),
	body[RevokeConsent]("consent.revoke"),
	body[RevokeDevice]("device.revoke"),
	form[RevokeToken]("session.revoke"),
	asked[RotateSigningKey]("signing.rotate"),
	body[RotateWebhookSecret]("webhook.rotate_secret"),
	body[SetCardLimits]("card.set_limits"),
	body[AnnounceTerms]("account.announce_terms"),
	body[SetCap]("account.set_cap"),
	body[SetLimits]("account.set_limits"),
	body[StopRecovery]("recovery.object"),
	body[PlaceStandingOrder]("standing.place"),
	body[AuthoriseStandingOrder]("standing.authorise"),
	body[CancelStandingOrder]("standing.cancel"),
	asked[ExpireStandingOrder]("standing.expire"),
	asked[ExecuteStandingOrder]("standing.execute"),
	asked[SkipOccurrences]("standing.skip"),
	body[SavePayee]("payee.save"),
	body[RemovePayee]("payee.remove"),
	body[SubmitBatch]("batch.submit"),
	body[AuthoriseBatch]("batch.authorise"),
	body[CancelBatch]("batch.cancel"),
	asked[ExpireBatch]("batch.expire"),
	body[SimulateRail]("payment.simulate"),
	asked[SubmitPayment]("payment.submit"),
	asked[SettleReturn]("incoming.settle_return"),
	asked[TellClient]("session.tell_client"),
	body[TestWebhook]("webhook.test"),
	body[UnfreezeCard]("card.unfreeze"),
	body[UnfreezeAccount]("account.unfreeze"),
	body[WithdrawProposal]("proposal.withdraw"),
}, mandateCommands(), paymentFileCommands(), recallCommands(), fraudCaseCommands(), reviewCommands(), riskCommands())

func body[T any](verbs ...string) Command  { return command[T](AsBody, verbs) }
func form[T any](verbs ...string) Command  { return command[T](AsForm, verbs) }
func asked[T any](verbs ...string) Command { return command[T](AsAsked, verbs) }

func command[T any](way Way, verbs []string) Command {
	t := reflect.TypeFor[T]()
	return Command{t.Name(), t, way, verbs}
}

// CommandOf is the command whose body, form or asked value has this type.
func CommandOf(t reflect.Type) (Command, bool) {
	i := slices.IndexFunc(commandTable, func(c Command) bool { return c.Type == t })
	if i < 0 {
		return Command{}, false
	}
	return commandTable[i], true
}

// CheckAsked compares what a verb was asked with the schema of its command. what
// may be nil if the verb's commands come from outside, where the gateway reads
// them; a verb that no command names is not checked. Errors: ErrInvalid.
func CheckAsked(verb string, what any) error {
	if what == nil {
		if i := slices.IndexFunc(commandTable, func(c Command) bool { return c.Way == AsAsked && slices.Contains(c.Verbs, verb) }); i >= 0 {
			return fmt.Errorf("%w commands/%s: nothing says what %s was asked", ErrInvalid, commandTable[i].Name, verb)
		}
		return nil
	}
	command, known := CommandOf(reflect.TypeOf(what))
	if !known || !slices.Contains(command.Verbs, verb) {
		return fmt.Errorf("%w: %T is not what %s is asked", ErrInvalid, what, verb)
	}
	text, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("schemas: %s: %w", command.Name, err)
	}
	return ValidateCommand(command.Name, text)
}

// Mute tells whether a command says enough without a body: nothing in it has to be
// there.
func Mute(command reflect.Type) bool {
	for i := range command.NumField() {
		if tag := command.Field(i).Tag.Get("json"); !strings.HasSuffix(tag, ",omitzero") && !strings.HasSuffix(tag, ",omitempty") {
			return false
		}
	}
	return true
}
