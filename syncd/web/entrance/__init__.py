"""Who may come in, and what a request must look like before anything else happens."""
