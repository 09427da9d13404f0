// etcd, CoreDNS and kube-network-policies in one program: the first argument says which to be.
package main

import (
	"fmt"
	"os"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	"go.etcd.io/etcd/server/v3/etcdmain"

	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: companions etcd|coredns|network-policies [OPTION...]")
		os.Exit(64)
	}
	component := os.Args[1]
	os.Args = append(os.Args[:1], os.Args[2:]...)
	switch component {
	case "etcd":
		etcdmain.Main(append([]string{"etcd"}, os.Args[1:]...))
	case "coredns":
		// A question is answered by the first of these that can: names of the cluster before the rest.
		dnsserver.Directives = []string{"errors", "ready", "hosts", "kubernetes", "template"}
		coremain.Run()
	case "network-policies":
		enforceNetworkPolicies()
	default:
		fmt.Fprintln(os.Stderr, "no such component:", component)
		os.Exit(64)
	}
}
