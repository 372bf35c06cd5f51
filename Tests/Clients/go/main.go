// Runs what Tests/Clients/run asks of a client.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"clients/outspool"
)

func main() {
	spool := outspool.NewSpool("")
	switch os.Args[1] {
	case "cases":
		cases(spool, os.Args[2])
	case "many":
		threads, _ := strconv.Atoi(os.Args[2])
		count, _ := strconv.Atoi(os.Args[3])
		many(spool, threads, count)
	case "full":
		full(spool)
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func cases(spool *outspool.Spool, path string) {
	file, err := os.Open(path)
	must(err)
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<26)
	output := json.NewEncoder(os.Stdout)
	for index := 0; scanner.Scan(); index++ {
		var line struct{ Job json.RawMessage }
		must(json.Unmarshal(scanner.Bytes(), &line))
		_, err := spool.SubmitObject(context.Background(), line.Job, fmt.Sprintf("case-%d", index))
		var wrong *outspool.SubmitError
		switch {
		case err == nil:
			must(output.Encode(map[string]any{"case": index, "verdict": "good"}))
		case errors.As(err, &wrong) && wrong.Reason == outspool.Invalid:
			must(output.Encode(map[string]any{
				"case": index, "verdict": "bad", "pointer": wrong.Pointer, "message": wrong.Message}))
		default:
			must(output.Encode(map[string]any{"case": index, "verdict": "error", "message": err.Error()}))
		}
	}
	must(scanner.Err())
}

func many(spool *outspool.Spool, threads, count int) {
	var group sync.WaitGroup
	for thread := 0; thread < threads; thread++ {
		group.Add(1)
		go func(thread int) {
			defer group.Done()
			for index := thread; index < count; index += threads {
				name := fmt.Sprintf("go-%d", index)
				job := outspool.Job{
					Content: outspool.Mail{Subject: name, Text: "t"}, ID: name, To: outspool.Addresses("a@b.example")}
				for {
					_, err := spool.Submit(context.Background(), job)
					if err == nil || errors.Is(err, outspool.ErrAlreadyQueued) {
						break
					}
					if !errors.Is(err, outspool.ErrTemporary) && !errors.Is(err, outspool.ErrUnsettled) {
						must(err)
					}
					time.Sleep(10 * time.Millisecond)
				}
			}
		}(thread)
	}
	group.Wait()
}
