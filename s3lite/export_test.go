package s3lite

import "time"

// SetSkew makes c believe that the machine's clock is behind by d.
func (c *Client) SetSkew(d time.Duration) { c.skew.Store(int64(d)) }
