"""Which model is live: sources, the trial of a bundle, the swap, and what follows the source.

In the order of a reload: `reload_manager` asks a `source`, has the bundle tried in a child process
(`trial`, `child_processes`), and hands it to `activation`, which has `live` load it beside the
old one, once that has made room (`model_limit`, `pinned_models`), and swap it in. `live` is what
calls read.
"""
