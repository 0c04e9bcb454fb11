// SPDX-License-Identifier: Apache-2.0

// CoreDNS with the plugins that clusters' Corefiles name, for the tests: the real lexer, parser,
// cache and forward, in a second of start and a minute of build.
package main

import (
	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	"github.com/coredns/coredns/plugin"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/loop"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
	_ "github.com/coredns/coredns/plugin/rewrite"
	_ "github.com/coredns/coredns/plugin/template"
	_ "github.com/coredns/coredns/plugin/tls"
)

// The plugin `kubernetes` needs an API server to load at all, and the greater half of the build.
// Here it takes its words and answers nothing: whether a file loads and where names are sent does
// not hang on it.
func init() {
	plugin.Register("kubernetes", func(c *caddy.Controller) error {
		for c.Next() {
			c.RemainingArgs()
			for c.NextBlock() {
				c.RemainingArgs()
			}
		}
		dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler { return next })
		return nil
	})
}

func main() { coremain.Run() }
