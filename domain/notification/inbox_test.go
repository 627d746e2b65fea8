package notification_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/domaintest"
	"florin/domain/money"
	"florin/domain/notification"
)

func chosen(change func(*notification.Preferences)) notification.Choose {
	p := notification.Preferences{Language: "de", TimeZone: "Europe/Berlin", Quiet: notification.Quiet{From: "22:00", To: "07:00"},
		Channels: notification.Channels{Security: []string{"email", "sms"}, Payments: []string{"push"}}}
	change(&p)
	return notification.Choose{Customer: ada, Preferences: p, At: noon}
}

func TestHowACustomerWantsToBeTold(t *testing.T) {
	t.Parallel()
	same := func(*notification.Preferences) {}
	refused := func(name string, why error, change func(*notification.Preferences)) domaintest.Case[notification.InboxCommand, notification.InboxEvent] {
		return domaintest.Case[notification.InboxCommand, notification.InboxEvent]{Name: name, When: chosen(change), Refused: why}
	}
	read := notification.AllRead{Customer: ada, Through: 7, At: noon}
	domaintest.Run[notification.Inbox](t, []domaintest.Case[notification.InboxCommand, notification.InboxEvent]{
		{Name: "preferences are chosen", When: chosen(same), Then: []notification.InboxEvent{notification.PreferencesChosen(chosen(same))}},
		refused("a language without texts", notification.ErrLanguage, func(p *notification.Preferences) { p.Language = "tlh" }),
		refused("no language", notification.ErrLanguage, func(p *notification.Preferences) { p.Language = "" }),
		refused("no time zone", notification.ErrTimeZone, func(p *notification.Preferences) { p.TimeZone = "" }),
		refused("a time zone without end", notification.ErrTimeZone, func(p *notification.Preferences) { p.TimeZone = strings.Repeat("x", 65) }),
		refused("a channel that is none", notification.ErrChannel, func(p *notification.Preferences) { p.Channels.Cards = []string{"fax"} }),
		refused("a channel twice", notification.ErrChannel, func(p *notification.Preferences) { p.Channels.Account = []string{"sms", "sms"} }),
		refused("security without e-mail", notification.ErrSecurity, func(p *notification.Preferences) { p.Channels.Security = []string{"sms", "push"} }),
		refused("security without SMS", notification.ErrSecurity, func(p *notification.Preferences) { p.Channels.Security = []string{"email"} }),
		refused("security by nothing", notification.ErrSecurity, func(p *notification.Preferences) { p.Channels.Security = nil }),
		refused("quiet all day", notification.ErrQuiet, func(p *notification.Preferences) { p.Quiet.To = p.Quiet.From }),
		refused("quiet without an end", notification.ErrQuiet, func(p *notification.Preferences) { p.Quiet.To = "" }),
		refused("quiet from a time that is none", notification.ErrQuiet, func(p *notification.Preferences) { p.Quiet.From = "24:00" }),
		refused("quiet from a time in another spelling", notification.ErrQuiet, func(p *notification.Preferences) { p.Quiet.From = "7:00" }),
		{Name: "all was read", When: notification.ReadAll{Customer: ada, Through: 7, At: noon}, Then: []notification.InboxEvent{read}},
		{Name: "all was read before", Given: []notification.InboxEvent{read}, When: notification.ReadAll{Customer: ada, Through: 7, At: noon}},
		{Name: "nothing becomes unread", Given: []notification.InboxEvent{read}, When: notification.ReadAll{Customer: ada, Through: 3, At: noon}},
	})
	require.Equal(t, "en", notification.Inbox{}.Preferences().Language, "who has chosen nothing")
	require.Equal(t, "de", notification.Inbox{}.Evolve(notification.PreferencesChosen(chosen(same))).Preferences().Language)
}

func TestQuietHoursEndInTheCustomersTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	night := chosen(func(*notification.Preferences) {}).Preferences
	day := chosen(func(p *notification.Preferences) { p.Quiet = notification.Quiet{From: "12:00", To: "14:30"} }).Preferences
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return when
	}
	for _, tc := range []struct {
		name     string
		p        notification.Preferences
		of       notification.Category
		now, out string
	}{
		{"by day at once", night, notification.Payments, "2026-01-02T12:00:00Z", "2026-01-02T12:00:00Z"},
		{"the minute before", night, notification.Payments, "2026-01-02T20:59:59Z", "2026-01-02T20:59:59Z"},
		{"in the evening the next morning", night, notification.Payments, "2026-01-02T21:00:00Z", "2026-01-03T06:00:00Z"},
		{"after midnight this morning", night, notification.Payments, "2026-01-03T02:00:00Z", "2026-01-03T06:00:00Z"},
		{"at the end at once", night, notification.Payments, "2026-01-03T06:00:00Z", "2026-01-03T06:00:00Z"},
		{"in the night that clocks go forward", night, notification.Account, "2026-03-28T23:00:00Z", "2026-03-29T05:00:00Z"},
		{"in the night that clocks go back", night, notification.Account, "2026-10-24T23:00:00Z", "2026-10-25T06:00:00Z"},
		{"at noon until the afternoon", day, notification.Cards, "2026-01-02T11:30:00Z", "2026-01-02T13:30:00Z"},
		{"security knows no night", night, notification.Security, "2026-01-03T02:00:00Z", "2026-01-03T02:00:00Z"},
		{"nor does a code", night, "", "2026-01-03T02:00:00Z", "2026-01-03T02:00:00Z"},
		{"who has no quiet hours", notification.Inbox{}.Preferences(), notification.Cards, "2026-01-03T02:00:00Z", "2026-01-03T02:00:00Z"},
	} {
		require.Equal(t, at(tc.out).UTC(), tc.p.After(tc.of, at(tc.now), berlin).UTC(), tc.name)
	}
}

func TestEveryTemplateIsSaidInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, template := range notification.Templates() {
		english, ok := notification.Say("en", template)
		require.True(t, ok, template)
		seen := map[string]bool{}
		for _, language := range notification.Languages() {
			said, ok := notification.Say(language, template)
			require.True(t, ok, template)
			require.NotEmpty(t, said.Title, "%s in %s", template, language)
			require.NotEmpty(t, said.Body, "%s in %s", template, language)
			require.False(t, seen[said.Body], "%s in %s is another language's", template, language)
			seen[said.Body] = true
			for _, place := range []string{"{code}", "{amount}"} {
				require.Equal(t, strings.Count(english.Body, place), strings.Count(said.Body, place), "%s in %s: %s", template, language, place)
				require.Equal(t, strings.Count(english.Detail, place), strings.Count(said.Detail, place), "%s in %s: %s", template, language, place)
			}
			require.NotContains(t, said.Body, "{amount}", "what others may see on a screen names no amount")
			if notification.CategoryOf(template) != "" {
				require.NotContains(t, said.Entry(language, money.Amount{}), "{", "%s in %s has a hole in the inbox", template, language)
			}
		}
	}
	_, ok := notification.Say("en", "nothing")
	require.False(t, ok)
	unknown, _ := notification.Say("tlh", "activated")
	english, _ := notification.Say("en", "activated")
	require.Equal(t, english, unknown, "a language without texts is told in the first")
}

func TestAmountsAreWrittenAsTheLanguageDoes(t *testing.T) {
	t.Parallel()
	amount := money.Amount{Minor: 123450, Currency: "EUR"}
	for language, want := range map[string]string{"en": "You have received €1,234.50.", "de": "Sie haben 1.234,50\u00a0€ erhalten.", "fr": "Vous avez reçu 1\u202f234,50\u00a0€."} {
		said, _ := notification.Say(language, "transfer-received")
		require.Equal(t, want, said.Entry(language, amount))
		require.NotContains(t, said.Entry(language, money.Amount{}), "1", "without an amount there is none")
	}
}
