package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"clients/outspool"
)

// full submits what full.json has, through each function that submits.
func full(spool *outspool.Spool) {
	ctx := context.Background()
	from := "bounce@example.com"
	_, err := spool.Submit(ctx, outspool.Job{
		Content: outspool.Booking{
			Reference: "AB-1234", Guest: outspool.BookingGuest{Name: "Zoë", Email: "zoe@example.com"}, Nights: 2,
			Price: outspool.Ptr(9.75), Room: outspool.Ptr(outspool.BookingRoomSuite), Extras: []string{"a", "b"},
			Party: &outspool.BookingPerson{Name: "a", With: []outspool.BookingPerson{{Name: "b"}}},
			ABC:   outspool.Ptr(true),
		},
		ID: "full",
		To: []outspool.Address{{Email: "Zoë <zoe@example.com>"}, {Name: "Q, Zoe", Email: "q@example.com"}},
		Cc: outspool.Addresses("c@example.com"), Bcc: outspool.Addresses("d@example.com"),
		From: outspool.Address{Email: "Shop <shop@example.com>"}, ReplyTo: outspool.Addresses("r@example.com"),
		Sender: outspool.Address{Email: "s@example.com"}, EnvelopeFrom: &from, EnvelopeTo: []string{"zoe@example.com"},
		DSN:    &outspool.DSN{Notify: []string{"failure"}, Return: "headers", EnvelopeID: "e 1"},
		Locale: "de-AT", Headers: map[string]string{"X-A": "b"},
		Attachments: []outspool.Attachment{
			{Filename: "a.txt", ContentType: "text/plain", CID: "a", Content: []byte("x")}, {File: "b.pdf"},
		},
		Priority: outspool.High, SendAt: time.Date(2099, 1, 2, 3, 4, 5, 0, time.UTC),
		ExpiresAt: time.Date(2099, 2, 3, 4, 5, 6, 0, time.UTC), Tags: []string{"t"},
		Metadata: map[string]any{"order": 1042},
	})
	must(err)

	mail := outspool.Job{
		Content: outspool.Mail{Subject: "s", Text: "t", HTML: "<p>t"}, To: outspool.Addresses("a@b.example"), ID: "mail"}
	dropped, err := spool.Prepare(ctx, mail)
	must(err)
	dropped.Discard()
	draft, err := spool.Prepare(ctx, mail)
	must(err)
	_, err = draft.Publish()
	must(err)

	other := mail
	other.Content = outspool.Mail{Subject: "another", Text: "t"}
	to := outspool.Addresses("a@b.example")
	results := spool.SubmitBatch(ctx, []outspool.Job{
		{Content: outspool.Message("From: a@b.example\n\nhällo"), To: to, ID: "message"},
		{Content: outspool.Message("From: a@b.example\n\n\xe9"), To: to, ID: "bytes"},
		{Content: outspool.Mail{Subject: "s", Text: "t"}, To: outspool.Addresses("nobody")},
		mail, other,
	})
	told := []string{}
	for _, result := range results {
		var wrong *outspool.SubmitError
		if errors.As(result.Err, &wrong) {
			told = append(told, fmt.Sprint(wrong.Reason, " ", wrong.Pointer))
		} else {
			told = append(told, result.ID)
		}
	}
	wanted := []string{"message", "bytes", "invalid /to", "alreadyQueued ", "invalid id"}
	if !reflect.DeepEqual(told, wanted) {
		must(fmt.Errorf("the batch says %q", told))
	}
	outcome, err := spool.Outcome("full")
	must(err)
	if outcome == nil || outcome.State != "new" || outcome.Event != nil {
		must(fmt.Errorf("the outcome is %v", outcome))
	}
	if unknown, err := spool.Outcome("unknown"); unknown != nil || err != nil {
		must(fmt.Errorf("the outcome of nothing is %v, %v", unknown, err))
	}
	keepsInMemory(mail, other)
}

// keepsInMemory is what a test of an application does.
func keepsInMemory(mail, other outspool.Job) {
	ctx := context.Background()
	_, err := outspool.NewSpool("memory:").Submit(ctx, mail)
	must(err)
	spool := outspool.NewSpool("memory:")
	_, same := spool.Submit(ctx, mail)
	_, another := spool.Submit(ctx, other)
	if !errors.Is(same, outspool.ErrAlreadyQueued) || !errors.Is(another, outspool.ErrInvalid) {
		must(fmt.Errorf("in memory: %v, %v", same, another))
	}
	queued, err := spool.Queued()
	must(err)
	if len(queued) != 1 || queued[0].ID != "mail" || queued[0].Job["subject"] != "s" {
		must(fmt.Errorf("in memory are %v", queued))
	}
	spool.Clear()
	if queued, err = spool.Queued(); err != nil || len(queued) != 0 {
		must(fmt.Errorf("in memory are %v still, %v", queued, err))
	}
	if _, err := outspool.NewSpool("/tmp").Queued(); err == nil {
		must(errors.New("a real spool tells what was queued"))
	}
}
