"""What the proofs share: engines, forked houses, real processes, killers, a proxy, and the verdict."""
