"""What breaks, broken on purpose: real processes, real kills, a real broker for each test."""
