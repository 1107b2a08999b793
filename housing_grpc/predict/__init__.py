"""What the rpcs do: `service` has a method for each, `scorer` prices houses for all of them."""
