// SPDX-License-Identifier: Apache-2.0

// CoreDNS with the plugins that clusters' Corefiles name, for the tests: the real lexer, parser,
// cache and forward, and its client of the Kubernetes API.
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
	_ "github.com/coredns/coredns/plugin/kubernetes"
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

// The plugin `kubernetes` waits for an API server. Where there is none, the tests call it
// `kubernetes_words`: that takes the same words and answers nothing, since whether a file loads and
// where names are sent does not hang on it.
func init() {
	const name = "kubernetes_words"
	dnsserver.Directives = append(dnsserver.Directives, name)
	plugin.Register(name, func(c *caddy.Controller) error {
		for c.Next() {
			c.RemainingArgs()
			for c.NextBlock() {
				c.RemainingArgs()
			}
		}
		return nil
	})
}

func main() { coremain.Run() }
