"""Who may call: the keys that callers show, what each allows, and how often."""
