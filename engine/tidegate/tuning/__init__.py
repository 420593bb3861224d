"""What a machine is and what its hand-offs cost, and the placement that follows from it."""
