"""Neural-guided dynamic symbolic networks (DySymNet)."""
