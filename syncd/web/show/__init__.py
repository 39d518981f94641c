"""How what the store holds is shown to a person: words, tones and tables, as plain values for templates and the API."""
