"""What model types and preprocessings have in common: parameters, and what a fitted one holds."""
