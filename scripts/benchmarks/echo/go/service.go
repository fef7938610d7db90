// The service that host and plugin of go-plugin share: a text, and the same text back.
package main

import (
	"context"

	"github.com/golang/protobuf/ptypes/wrappers"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

const method = "/bench.Echo/Echo"

var handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "ECHO_PLUGIN", MagicCookieValue: "echo"}

// Echo is what the plugin serves and what the host calls.
type Echo interface {
	Echo(ctx context.Context, text *wrappers.StringValue) (*wrappers.StringValue, error)
}

// EchoPlugin tells go-plugin how to serve the interface and how to reach it.
type EchoPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	served Echo
}

func (p *EchoPlugin) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	server.RegisterService(&description, p.served)
	return nil
}

func (p *EchoPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (interface{}, error) {
	return &client{conn}, nil
}

type client struct{ conn *grpc.ClientConn }

func (c *client) Echo(ctx context.Context, text *wrappers.StringValue) (*wrappers.StringValue, error) {
	answer := new(wrappers.StringValue)
	return answer, c.conn.Invoke(ctx, method, text, answer)
}

var description = grpc.ServiceDesc{
	ServiceName: "bench.Echo",
	HandlerType: (*Echo)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Echo",
		Handler: func(server interface{}, ctx context.Context, decode func(interface{}) error,
			_ grpc.UnaryServerInterceptor) (interface{}, error) {
			text := new(wrappers.StringValue)
			if err := decode(text); err != nil {
				return nil, err
			}
			return server.(Echo).Echo(ctx, text)
		},
	}},
}
