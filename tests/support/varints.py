"""Numbers as protobuf writes them."""


def varint(number: int, padding: int = 0) -> bytes:
    """Returns a number in groups of seven bits, with bytes more than it needs."""
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F)
        number >>= 7
    parts += [number, *[0] * padding]
    return bytes([*(part | 0x80 for part in parts[:-1]), parts[-1]])
