package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterSlots is how many places for keys any Redis Cluster has.
const clusterSlots = 16384

// Cluster is a Redis Cluster of private servers that share the keys among
// them. None has a replica: what a killed one held is gone, and its share of
// the keys away until it is started again.
type Cluster struct {
	Nodes []*Redis
}

// StartCluster starts n servers and returns once each knows of all others. It
// needs Redis 7 or newer; there is no substitute.
func StartCluster(ctx context.Context, o Options, n int) (*Cluster, error) {
	c := &Cluster{}
	o.Substitute, o.Dir = false, ""
	password := rand.Text() // one for all: the address has room for one
	for range n {
		bus, err := freePort(ctx)
		if err != nil {
			return nil, errors.Join(err, c.Stop())
		}
		node, err := launchRedis(ctx, o, &Redis{password: password, bus: bus})
		if err != nil {
			return nil, errors.Join(err, c.Stop())
		}
		c.Nodes = append(c.Nodes, node)
	}
	if err := c.join(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("redis cluster: %w", err), c.Stop())
	}
	return c, nil
}

// join gives every node its share of the keys and makes all of them meet.
func (c *Cluster) join(ctx context.Context) error {
	n := len(c.Nodes)
	for i, node := range c.Nodes {
		first := c.Nodes[0]
		err := node.do(func(client *redis.Client) error {
			_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.ClusterAddSlotsRange(ctx, i*clusterSlots/n, (i+1)*clusterSlots/n-1)
				p.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1)
				p.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", first.server.port, first.bus)
				return nil
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return c.whole(ctx)
}

// whole waits until every node finds the cluster in order.
func (c *Cluster) whole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, node := range c.Nodes {
		for {
			var info string
			err := node.do(func(client *redis.Client) (err error) {
				info, err = client.ClusterInfo(ctx).Result()
				return err
			})
			if err == nil && strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r\n", len(c.Nodes))) {
				break
			}
			select {
			case <-ctx.Done():
				return errors.Join(errors.New("the nodes do not find each other"), err, ctx.Err())
			case <-time.After(readyPause):
			}
		}
	}
	return nil
}

// URL is the address of the whole: that of one node, and how to reach the others.
func (c *Cluster) URL() string {
	var others []string
	for _, node := range c.Nodes[1:] {
		others = append(others, "addr="+url.QueryEscape(node.address()))
	}
	return strings.TrimSuffix(c.Nodes[0].URL(), "/0") + "?" + strings.Join(others, "&")
}

// Stop ends all nodes for good. Stopping twice does nothing.
func (c *Cluster) Stop() error {
	var faults []error
	for _, node := range c.Nodes {
		faults = append(faults, node.Stop())
	}
	return errors.Join(faults...)
}
