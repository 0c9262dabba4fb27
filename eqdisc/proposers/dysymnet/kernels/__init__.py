"""Networks in compiled code: wired, lowered to tapes of the engine, fitted, pruned."""
