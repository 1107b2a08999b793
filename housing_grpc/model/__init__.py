"""Which model is live: sources, the trial of a bundle, the swap, and what follows the source.

In the order of a reload: `manager` asks a `source`, has the bundle tried in a child process
(`trial`, `children`), and hands it to a `deployment`, which loads it beside the old one
(`model_limit` and `pinned_models` make room) and swaps it in `live`, which is what calls read.
"""
