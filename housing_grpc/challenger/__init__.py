"""A second model beside the live one: who answers a call, and which of the two is better.

* `traffic_split`: which of them answers a call.
* `shadow`: has the challenger price the live model's houses besides, where nobody waits for it.
* `verdict`: what the prices and what houses sold for say of the two.
"""
