package main

import (
	"context"

	"github.com/golang/protobuf/ptypes/wrappers"
	"github.com/hashicorp/go-plugin"
)

type echo struct{}

func (echo) Echo(_ context.Context, text *wrappers.StringValue) (*wrappers.StringValue, error) {
	return text, nil
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         map[string]plugin.Plugin{"echo": &EchoPlugin{served: echo{}}},
		GRPCServer:      plugin.DefaultGRPCServer,
	})
}
