"""Training the network: batches from worker processes, losses, the loop, what it writes."""
