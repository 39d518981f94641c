"""Where rules, vendors and store meet: pull, reconcile, push, and the run that strings them together."""
