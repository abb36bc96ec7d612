package s3lite

import "time"

// SetSkew makes c sign as if the machine's clock were off by d.
func (c *Client) SetSkew(d time.Duration) { c.skew.Store(int64(d)) }
