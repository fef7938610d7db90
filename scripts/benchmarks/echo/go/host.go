// The peer of the SDKs: the same echo by HashiCorp's go-plugin.
//
//	host PLUGIN starts ROUNDS TEXT       median of start to first answer, each by a new process
//	host PLUGIN calls ROUNDS DEPTH TEXT  echoes a second; then it keeps the plugin until its stdin ends
package main

import (
	"context"
	"fmt"
	"io"
	"io/ioutil"
	"log"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/golang/protobuf/ptypes/wrappers"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

func start(program string) (*plugin.Client, Echo) {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          map[string]plugin.Plugin{"echo": &EchoPlugin{}},
		Cmd:              exec.Command(program),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	protocol, err := client.Client()
	check(err)
	served, err := protocol.Dispense("echo")
	check(err)
	return client, served.(Echo)
}

func call(served Echo, text string) {
	answer, err := served.Echo(context.Background(), &wrappers.StringValue{Value: text})
	check(err)
	if answer.Value != text {
		log.Fatal("the answer is another text")
	}
}

func starts(program string, rounds int, text string) {
	times := make([]time.Duration, rounds)
	for round := range times {
		before := time.Now()
		client, served := start(program)
		call(served, text)
		times[round] = time.Since(before)
		client.Kill()
	}
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	fmt.Printf("{\"p50_ns\": %d}\n", times[rounds/2].Nanoseconds())
}

func calls(program string, rounds, depth int, text string) {
	client, served := start(program)
	defer client.Kill()
	call(served, text)
	var all sync.WaitGroup
	before := time.Now()
	for lane := 0; lane < depth; lane++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := 0; round < rounds/depth; round++ {
				call(served, text)
			}
		}()
	}
	all.Wait()
	seconds := time.Since(before).Seconds()
	fmt.Printf("{\"per_second\": %.0f}\n", float64(rounds/depth*depth)/seconds)
	_, err := io.Copy(ioutil.Discard, os.Stdin)
	check(err)
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	words := os.Args[1:]
	switch {
	case len(words) == 4 && words[1] == "starts":
		starts(words[0], number(words[2]), words[3])
	case len(words) == 5 && words[1] == "calls":
		calls(words[0], number(words[2]), number(words[3]), words[4])
	default:
		log.Fatal("usage: host PLUGIN starts ROUNDS TEXT | calls ROUNDS DEPTH TEXT")
	}
}
