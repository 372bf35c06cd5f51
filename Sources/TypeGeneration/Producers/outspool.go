// Package outspool submits mail to an Outspool spool: see spool(5).
package outspool

import (
	"context"
	"crypto/rand"
	"os"
	"sync"
	"time"
)

// A Reason says what became of a job that was not simply queued.
type Reason string

const (
	// AlreadyQueued: the same job is in the spool, and is what it was.
	// If the id is your idempotency key, take this for success.
	AlreadyQueued Reason = "alreadyQueued"
	// Unsettled: the job may be queued or not, the last wait for the disk failed. Submitted again under a chosen id it is
	// sent once.
	Unsettled Reason = "unsettled"
	// Temporary: nothing is queued, and the same call can succeed later. errors.Is(err, syscall.ENOSPC) tells a full disk.
	Temporary Reason = "temporary"
	// Unusable: nothing is queued, nor will be until the installation changes.
	Unusable Reason = "unusable"
	// Invalid: nothing is queued, nor will be: the job is at fault.
	Invalid Reason = "invalid"
)

// The errors for errors.Is, one for each reason.
var (
	ErrAlreadyQueued = &SubmitError{Reason: AlreadyQueued}
	ErrUnsettled     = &SubmitError{Reason: Unsettled}
	ErrTemporary     = &SubmitError{Reason: Temporary}
	ErrUnusable      = &SubmitError{Reason: Unusable}
	ErrInvalid       = &SubmitError{Reason: Invalid}
)

// A SubmitError says why a job was not queued, or that it may be.
type SubmitError struct {
	Reason  Reason
	Message string
	// ID is the job's, of AlreadyQueued and Unsettled.
	ID string
	// Pointer is where an Invalid job is at fault (RFC 6901); empty for the whole job, "id" for its id.
	Pointer string
	// Err is what the system said.
	Err error
}

func (e *SubmitError) Error() string {
	text := e.Message
	if e.Pointer != "" {
		text = e.Pointer + ": " + text
	}
	if text == "" {
		text = string(e.Reason)
	}
	return text
}

// Unwrap gives what the system said.
func (e *SubmitError) Unwrap() error { return e.Err }

// Is tells whether the target is the error of the same reason.
func (e *SubmitError) Is(target error) bool {
	other, ok := target.(*SubmitError)
	return ok && *other == SubmitError{Reason: e.Reason}
}

func invalid(pointer, message string) *SubmitError {
	return &SubmitError{Reason: Invalid, Pointer: pointer, Message: message}
}

// A Submitter is what an application needs of a Spool; its tests may have one of their own.
type Submitter interface {
	Submit(ctx context.Context, job Job) (string, error)
	SubmitBatch(ctx context.Context, jobs []Job) []Result
	Prepare(ctx context.Context, job Job) (*Draft, error)
	Outcome(id string) (*Outcome, error)
}

var _ Submitter = (*Spool)(nil)

// A Spool is where mail is submitted: a spool, or the drop box that this application has in one. It may be used by any
// number of goroutines.
type Spool struct {
	// Path is where it is; memory: keeps jobs in this process, for tests.
	Path   string
	memory *memory
}

// NewSpool is the spool at the path; if that is empty, at OUTSPOOL_SPOOL, or else /var/spool/outspool. It touches no disk.
func NewSpool(path string) *Spool {
	if path == "" {
		path = os.Getenv("OUTSPOOL_SPOOL")
	}
	if path == "" {
		path = "/var/spool/outspool"
	}
	spool := &Spool{Path: path}
	if path == "memory:" {
		spool.memory = &processMemory
	}
	return spool
}

var schemas = map[string]string{}

// RegisterSchema tells the schema against which jobs of a template are held. The types that `outspool types` makes do so
// when the program starts; later it must not be called.
func RegisterSchema(template, schema string) { schemas[template] = schema }

// Submit queues a job and returns its id. On return the job is on disk and outlives a power cut.
func (s *Spool) Submit(ctx context.Context, job Job) (string, error) {
	draft, err := s.Prepare(ctx, job)
	if err != nil {
		return "", err
	}
	return draft.Publish()
}

// SubmitObject queues a job object as spool(5) has it; an empty id has one made.
func (s *Spool) SubmitObject(ctx context.Context, job []byte, id string) (string, error) {
	value, err := readWholeJSON(job)
	if err != nil {
		return "", invalid("", "not a JSON object: "+err.Error())
	}
	draft, err := s.prepare(ctx, value, id)
	if err != nil {
		return "", err
	}
	return draft.Publish()
}

// A Result is that of one job of a batch.
type Result struct {
	ID  string
	Err error
}

// SubmitBatch queues many jobs with one wait for the directory; one result for each, in order.
func (s *Spool) SubmitBatch(ctx context.Context, jobs []Job) []Result {
	results := make([]Result, len(jobs))
	published := []int{}
	// The descriptors that are open at a time are bounded.
	for start := 0; start < len(jobs); start += 64 {
		end := start + 64
		if end > len(jobs) {
			end = len(jobs)
		}
		drafts := make([]*Draft, end-start)
		var group sync.WaitGroup
		for index := range drafts {
			group.Add(1)
			go func(index int) {
				defer group.Done()
				drafts[index], results[start+index].Err = s.Prepare(ctx, jobs[start+index])
			}(index)
		}
		group.Wait()
		for index, draft := range drafts {
			if draft == nil {
				continue
			}
			result := &results[start+index]
			result.ID = draft.ID
			if result.Err = draft.link(); result.Err == nil && draft.needsOwnSync {
				result.Err = draft.settle()
			} else if result.Err == nil && s.memory == nil {
				published = append(published, start+index)
			}
			draft.Discard()
		}
	}
	if len(published) > 0 {
		if err := syncDirectory(s.Path + "/new"); err != nil {
			for _, index := range published {
				results[index].Err = unsettled(results[index].ID, err)
			}
		}
	}
	for index := range results {
		if results[index].Err != nil {
			results[index].ID = ""
		}
	}
	return results
}

// OutboxRow makes a job without queueing it: its id, new if none is chosen, and its JSON text, which Submit would queue.
// The application inserts both into a table in its own transaction; outspool-pump(5) takes them from there.
func (j Job) OutboxRow() (id, text string, err error) {
	object, err := j.object()
	if err != nil {
		return "", "", err
	}
	id, err = checked(object, j.ID)
	return id, string(appendJSON(nil, object)), err
}

// checked gives the job's id, or what the daemon would bury the job for, as far as the job alone tells.
func checked(job any, id string) (string, error) {
	if id == "" {
		id = newID(time.Now())
	} else if !identifier.MatchString(id) {
		return "", invalid("id", "is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
	}
	now := time.Now()
	if wrong := formFault(job, now); wrong != nil {
		return "", invalid(wrong.pointer, wrong.reason)
	}
	members := job.(*object)
	template, _ := members.values["template"].(string)
	if schema := schemas[template]; schema != "" {
		params := members.values["params"]
		if params == nil {
			params = &object{}
		}
		if wrong := schemaFault(schema, params); wrong != nil {
			return "", invalid(wrong.pointer, wrong.reason)
		}
	}
	return id, nil
}

// Prepare writes a job to disk without queueing it; Publish does that. An application prepares before its database
// commits and publishes after.
func (s *Spool) Prepare(ctx context.Context, job Job) (*Draft, error) {
	object, err := job.object()
	if err != nil {
		return nil, err
	}
	return s.prepare(ctx, object, job.ID)
}

func (s *Spool) prepare(ctx context.Context, job any, chosen string) (*Draft, error) {
	id, err := checked(job, chosen)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, &SubmitError{Reason: Temporary, Message: err.Error(), Err: err}
	}
	draft := &Draft{ID: id, spool: s, isChosen: chosen != "", job: job.(*object)}
	if s.memory != nil {
		return draft, nil
	}
	if draft.isChosen {
		if err := s.refuseNamesake(id, draft.job); err != nil {
			return nil, err
		}
	}
	if err := draft.write(append(appendJSON(nil, job), '\n')); err != nil {
		draft.Discard()
		return nil, failed(id, err)
	}
	return draft, nil
}

func newID(now time.Time) string { return now.UTC().Format("20060102T150405Z-") + random(10) }

func random(count int) string {
	bytes := make([]byte, count)
	if _, err := rand.Read(bytes); err != nil {
		panic(err) // A system without randomness.
	}
	for index := range bytes {
		bytes[index] = "0123456789abcdefghijklmnopqrstuv"[bytes[index]&31]
	}
	return string(bytes)
}
