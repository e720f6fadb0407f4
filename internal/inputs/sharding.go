package inputs

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Sharding is the share of the images that one of several processes takes. The zero Sharding takes all.
type Sharding struct {
	Index int // from 1
	Count int
}

// AutoSharding is the value that takes the share from the environment of a scheduler.
const AutoSharding = "auto"

// ParseSharding reads "I/N", the share I of N; [AutoSharding]; or "", all images. The environment is looked at for
// AutoSharding only, so that no variable left over from elsewhere makes a run skip images.
func ParseSharding(text string, getenv func(string) string) (Sharding, error) {
	switch text {
	case "":
		return Sharding{}, nil
	case AutoSharding:
		return fromEnvironment(getenv)
	}
	index, count, _ := strings.Cut(text, "/")
	i, errI := strconv.Atoi(index)
	n, errN := strconv.Atoi(count)
	if errI != nil || errN != nil || i < 1 || i > n {
		return Sharding{}, fmt.Errorf("shard is %q, expected I/N with I from 1 to N, or auto", text)
	}
	return Sharding{i, n}, nil
}

// String is what ParseSharding reads.
func (s Sharding) String() string {
	if s == (Sharding{}) {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Mine says whether an image, by the SHA-256 of its bytes, is of this share. It depends on nothing else, so that images
// that are added or renamed change the share of no other.
func (s Sharding) Mine(hash [sha256.Size]byte) bool {
	if s.Count <= 1 {
		return true
	}
	return binary.BigEndian.Uint64(hash[:])%uint64(s.Count) == uint64(s.Index-1)
}

// Takes says whether an image is in this share, by the hash of its content or, where that could not be read, of its path: so all
// questions about an image, wherever it is named, are in one share.
func (s Sharding) Takes(hash [sha256.Size]byte, read error, path string) bool {
	if read != nil {
		hash = sha256.Sum256([]byte(path))
	}
	return s.Mine(hash)
}

// fromEnvironment is the share that a scheduler gave to this process.
func fromEnvironment(getenv func(string) string) (Sharding, error) {
	type scheduler struct {
		name, sign string
		share      func(environment) (Sharding, error)
	}
	var found []scheduler
	for _, s := range []scheduler{
		{"a Kubernetes indexed Job", "JOB_COMPLETION_INDEX", environment.kubernetes},
		{"a Slurm array", "SLURM_ARRAY_TASK_ID", environment.slurm},
		{"GNU parallel", "PARALLEL_SEQ", environment.parallel},
	} {
		if getenv(s.sign) != "" {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return Sharding{}, errors.New("shard is auto, but none of JOB_COMPLETION_INDEX (Kubernetes), SLURM_ARRAY_TASK_ID (Slurm) and PARALLEL_SEQ (GNU parallel) is set")
	case 1:
		s, err := found[0].share(environment(getenv))
		if err == nil && (s.Index < 1 || s.Index > s.Count) {
			err = fmt.Errorf("index %d of %d is out of range", s.Index, s.Count)
		}
		if err != nil {
			return Sharding{}, fmt.Errorf("shard is auto, in %s: %w", found[0].name, err)
		}
		return s, nil
	}
	return Sharding{}, fmt.Errorf("shard is auto, but both %s and %s are set, expected one", found[0].sign, found[1].sign)
}

type environment func(string) string

// number reads the first variable that is set.
func (getenv environment) number(names ...string) (int, error) {
	for _, name := range names {
		if text := getenv(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > 1<<31-1 {
				return 0, fmt.Errorf("%s is %q, expected a number from 0", name, text)
			}
			return n, nil
		}
	}
	return 0, fmt.Errorf("%s is not set, expected the number of shards", strings.Join(names, " or "))
}

// kubernetes numbers from 0 and leaves the count to the Job's own settings.
func (getenv environment) kubernetes() (Sharding, error) {
	i, err := getenv.number("JOB_COMPLETION_INDEX")
	if err != nil {
		return Sharding{}, err
	}
	n, err := getenv.number("JOB_COMPLETIONS", "MCLLAVA_SHARDS")
	return Sharding{i + 1, n}, err
}

// slurm numbers as the array says, in steps from its least to its largest. An array with gaps has no shares.
func (getenv environment) slurm() (Sharding, error) {
	var v [4]int
	for i, name := range []string{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP"} {
		var err error
		if v[i], err = getenv.number(name); name == "SLURM_ARRAY_TASK_STEP" && getenv(name) == "" {
			v[i], err = 1, nil
		}
		if err != nil {
			return Sharding{}, err
		}
	}
	id, least, most, step := v[0], v[1], v[2], v[3]
	if step < 1 || id < least || id > most || (id-least)%step != 0 {
		return Sharding{}, fmt.Errorf("task %d is not in %d to %d by %d", id, least, most, step)
	}
	s := Sharding{(id-least)/step + 1, (most-least)/step + 1}
	if getenv("SLURM_ARRAY_TASK_COUNT") != "" {
		count, err := getenv.number("SLURM_ARRAY_TASK_COUNT")
		if err != nil {
			return Sharding{}, err
		}
		if count != s.Count {
			return Sharding{}, fmt.Errorf("array %d to %d by %d has %d tasks, expected %d without gaps", least, most, step, count, s.Count)
		}
	}
	return s, nil
}

// parallel numbers from 1 and does not say how many there are.
func (getenv environment) parallel() (Sharding, error) {
	i, err := getenv.number("PARALLEL_SEQ")
	if err != nil {
		return Sharding{}, err
	}
	n, err := getenv.number("MCLLAVA_SHARDS")
	return Sharding{i, n}, err
}
