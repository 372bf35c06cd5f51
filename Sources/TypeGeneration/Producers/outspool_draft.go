package outspool

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// A Draft is on disk and not queued. Discard it, if it is not published.
type Draft struct {
	// ID is the one under which the job will be queued.
	ID           string
	spool        *Spool
	job          *object
	isChosen     bool
	name         string
	file         *os.File
	isInTmp      bool
	needsOwnSync bool
}

func (d *Draft) write(data []byte) error {
	d.name = d.spool.Path + "/tmp/" + random(20)
	status, err := os.Stat(d.spool.Path + "/new")
	if err != nil {
		return err
	}
	// In a drop box the daemon, which owns it, has to read the file.
	mode := os.FileMode(0o604)
	if owner, ok := status.Sys().(*syscall.Stat_t); ok && int(owner.Uid) == os.Geteuid() {
		mode = 0o600
	}
	if d.file, err = os.OpenFile(d.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, mode); err != nil {
		return err
	}
	d.isInTmp = true
	if err := d.file.Chmod(mode); err != nil {
		return err
	}
	if _, err := d.file.Write(data); err != nil {
		return err
	}
	return d.file.Sync()
}

// Publish queues the job, and returns its id. On return it outlives a power cut.
func (d *Draft) Publish() (string, error) {
	defer d.Discard()
	if err := d.link(); err != nil {
		return "", err
	}
	if d.spool.memory != nil {
		return d.ID, nil
	}
	if err := d.settle(); err != nil {
		return "", err
	}
	return d.ID, nil
}

// link gives the job its name in new/.
func (d *Draft) link() error {
	if d.spool.memory != nil {
		return d.spool.memory.add(d.ID, d.job)
	}
	if !d.isInTmp {
		return invalid("", "this draft was published or discarded")
	}
	target := d.spool.Path + "/new/" + d.ID
	if directory, err := os.Open(d.spool.Path + "/new"); err == nil {
		directory.Close()
	} else {
		d.needsOwnSync = true
	}
	if !d.isChosen {
		if err := os.Rename(d.name, target); err != nil {
			return failed(d.ID, err)
		}
		d.isInTmp = false
		return nil
	}
	// Unlike rename, it refuses a name that is taken.
	if err := os.Link(d.name, target); err != nil {
		if errors.Is(err, os.ErrExist) {
			return &SubmitError{Reason: AlreadyQueued, Message: d.ID + " is already queued", ID: d.ID, Err: err}
		}
		return failed(d.ID, err)
	}
	if err := os.Remove(d.name); err != nil {
		return unsettled(d.ID, err)
	}
	d.isInTmp = false
	return nil
}

// settle waits until the name is on disk: once its directory is, or on ext4, XFS and btrfs its file again.
func (d *Draft) settle() error {
	var err error
	if d.needsOwnSync {
		err = d.file.Sync()
	} else {
		err = syncDirectory(d.spool.Path + "/new")
	}
	if err != nil {
		return unsettled(d.ID, err)
	}
	return nil
}

// Discard removes a draft that was not published. It may be called at any time.
func (d *Draft) Discard() {
	if d.file != nil {
		d.file.Close()
		d.file = nil
	}
	if d.isInTmp {
		os.Remove(d.name) // The daemon clears tmp/.
		d.isInTmp = false
	}
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}

func unsettled(id string, err error) *SubmitError {
	return &SubmitError{Reason: Unsettled, Message: fmt.Sprintf("%s may be queued or not: %v", id, err), ID: id, Err: err}
}

// failed says whether trying again later, unchanged, can succeed: everything but a path that is wrong.
func failed(id string, err error) *SubmitError {
	reason := Temporary
	for _, wrong := range []syscall.Errno{
		syscall.ENOENT, syscall.ENOTDIR, syscall.EACCES, syscall.EPERM, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL,
	} {
		if errors.Is(err, wrong) {
			reason = Unusable
		}
	}
	return &SubmitError{Reason: reason, Message: strings.ToValidUTF8(err.Error(), "?"), Err: err}
}
