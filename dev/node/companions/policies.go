// NetworkPolicies, enforced by the library that kind's own network enforces them with.
package main

import (
	"context"
	"flag"
	"log"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

func enforceNetworkPolicies() {
	kubeconfig := flag.String("kubeconfig", "", "path of a kubeconfig")
	node := flag.String("hostname-override", "", "name of this node")
	queue := flag.Int("nfqueue-id", 100, "number of the kernel's queue that packets wait in")
	flag.Parse()
	log.Fatal(enforce(context.Background(), *kubeconfig, *node, *queue))
}

// The library's own program reads its settings inside a pod only, hence this one.
func enforce(ctx context.Context, kubeconfig, node string, queue int) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objects := informers.NewSharedInformerFactory(client, 0)
	controller, err := networkpolicy.NewController(
		client,
		objects.Networking().V1().NetworkPolicies(),
		objects.Core().V1().Namespaces(),
		objects.Core().V1().Pods(),
		nil, nil, nil, nil, // those of administrators are not standard Kubernetes
		// containerd 1.6 knows no NRI; to say so (NRIdisabled) lets v0.8.0 fail at an unknown address
		networkpolicy.Config{NodeName: node, QueueID: queue},
	)
	if err != nil {
		return err
	}
	objects.Start(ctx.Done())
	return controller.Run(ctx)
}
