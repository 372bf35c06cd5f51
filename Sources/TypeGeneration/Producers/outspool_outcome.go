package outspool

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// An Outcome is what became of a job so far.
type Outcome struct {
	// State is new, scheduled, retry, cur, hold, done or dead.
	State string
	// Event is the last line of the job's history, nil if it has none.
	Event map[string]any
}

const mask = "***"

// places are where a job may lie, by its state. A job that moves while it is looked for is in new/ again.
func (s *Spool) places(id string) [][2]string {
	found := [][2]string{}
	for _, place := range [][2]string{
		{"new", "new"}, {"cur", "cur/*"}, {"retry", "retry/*"}, {"scheduled", "scheduled"}, {"hold", "hold"},
		{"dead", "dead"}, {"done", "done/*"}, {"new", "new"},
	} {
		// The path is not part of the pattern.
		if filepath.Base(place[1]) != "*" {
			found = append(found, [2]string{place[0], s.Path + "/" + place[1] + "/" + id})
			continue
		}
		entries, err := os.ReadDir(s.Path + "/" + place[0])
		if err != nil {
			continue // Not a spool, or not for this user to see.
		}
		for _, entry := range entries {
			found = append(found, [2]string{place[0], s.Path + "/" + place[0] + "/" + entry.Name() + "/" + id})
		}
	}
	return found
}

// find gives the state of the job of that id, and its file; an empty state if there is none that this user may see.
func (s *Spool) find(id string) (state string, file []byte, err error) {
	for _, place := range s.places(id) {
		status, err := os.Lstat(place[1])
		if err == nil && !status.Mode().IsRegular() {
			continue
		}
		if err == nil {
			file, err = os.ReadFile(place[1])
		}
		switch {
		case err == nil:
			return place[0], file, nil
		case isHidden(err):
		default:
			return "", nil, err
		}
	}
	return "", nil, nil
}

func isHidden(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOTDIR) ||
		errors.Is(err, syscall.ELOOP)
}

// Outcome says what became of the job of that id; nil if the spool has none.
func (s *Spool) Outcome(id string) (*Outcome, error) {
	if !identifier.MatchString(id) {
		return nil, invalid("id", "is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
	}
	if s.memory != nil {
		if !s.memory.has(id) {
			return nil, nil
		}
		return &Outcome{State: "new"}, nil
	}
	if told, err := os.ReadFile(s.Path + "/out/" + id); err == nil {
		outcome := &struct {
			State string         `json:"state"`
			Event map[string]any `json:"event"`
		}{}
		if err := json.Unmarshal(told, outcome); err == nil {
			return &Outcome{outcome.State, outcome.Event}, nil
		}
	}
	// A producer may know its own file in a drop box that it cannot read.
	state, file, err := s.find(id)
	if err != nil {
		return nil, failed(id, err)
	}
	if state == "" {
		if _, err := os.Lstat(s.Path + "/new/" + id); err != nil {
			return nil, nil
		}
		return &Outcome{State: "new"}, nil
	}
	outcome := &Outcome{State: state}
	lines := bytes.Split(bytes.TrimSpace(file), []byte("\n"))
	for index := len(lines) - 1; index > 0 && outcome.Event == nil; index-- {
		event := map[string]any{}
		if json.Unmarshal(lines[index], &event) == nil && event["event"] != nil {
			outcome.Event = event
		}
	}
	return outcome, nil
}

// refuseNamesake looks for a job of a chosen id, as far as this user can see.
func (s *Spool) refuseNamesake(id string, job *object) error {
	state, file, err := s.find(id)
	if err != nil {
		return failed(id, err)
	}
	if state == "" {
		return nil
	}
	value, _, err := readJSON(file)
	if err != nil {
		return nil // A file without a job is another thing.
	}
	return namesake(id, state, same(value, job, "") || state == "done" && same(value, job, mask))
}

func namesake(id, state string, isSame bool) error {
	if isSame {
		return &SubmitError{Reason: AlreadyQueued, Message: id + " is already queued", ID: id}
	}
	return invalid("id", "another job of that id is in "+state+"; a new job needs a new id")
}

// A Queued job is one that memory: keeps.
type Queued struct {
	ID string
	// Job is its object, as it would have been written.
	Job map[string]any
}

type memory struct {
	lock sync.Mutex
	jobs []memoryJob
}

type memoryJob struct {
	id  string
	job *object
}

// The jobs of the path memory:, shared, so that a test sees the jobs of the code under test.
var processMemory memory

// find is called with the lock held.
func (m *memory) find(id string) *memoryJob {
	for index := range m.jobs {
		if m.jobs[index].id == id {
			return &m.jobs[index]
		}
	}
	return nil
}

func (m *memory) has(id string) bool {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.find(id) != nil
}

func (m *memory) add(id string, job *object) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if known := m.find(id); known != nil {
		return namesake(id, "new", same(known.job, job, ""))
	}
	m.jobs = append(m.jobs, memoryJob{id, job})
	return nil
}

// Queued has the jobs of memory:, in their order. Of a real spool it is an error.
func (s *Spool) Queued() ([]Queued, error) {
	if s.memory == nil {
		return nil, errors.New("only memory: keeps what was queued")
	}
	s.memory.lock.Lock()
	defer s.memory.lock.Unlock()
	queued := []Queued{}
	for _, job := range s.memory.jobs {
		members := map[string]any{}
		if err := json.Unmarshal(appendJSON(nil, job.job), &members); err != nil {
			return nil, err
		}
		queued = append(queued, Queued{job.id, members})
	}
	return queued, nil
}

// Clear forgets the jobs of memory:.
func (s *Spool) Clear() {
	if s.memory != nil {
		s.memory.lock.Lock()
		defer s.memory.lock.Unlock()
		s.memory.jobs = nil
	}
}
