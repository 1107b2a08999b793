"""The comments of the contract, from a descriptor set with source information."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

# Field numbers of descriptor.proto, by which comments are found: each with the field
# that holds such children.
_TOP = {4: "message_type", 5: "enum_type", 6: "service"}
_NESTED = {
    "message_type": {2: "field", 3: "nested_type", 4: "enum_type", 8: "oneof_decl"},
    "nested_type": {2: "field", 3: "nested_type", 4: "enum_type", 8: "oneof_decl"},
    "enum_type": {2: "value"},
    "service": {2: "method"},
}
_RETURNS = re.compile(r"^Returns:\s*$", re.MULTILINE)
_STATUS = re.compile(r"^\* ([A-Z_]+): (.*(?:\n  .*)*)", re.MULTILINE)


class Comments:
    """What the contract says of its parts.

    Args:
        descriptors: The .proto files, with their source information.
    """

    def __init__(self, descriptors: FileDescriptorSet) -> None:
        self._texts = {name: text for file in descriptors.file for name, text in _of_file(file)}

    def text(self, name: str) -> str:
        """Returns the comment on a part, by its full name, without the statuses."""
        return _RETURNS.split(self._texts.get(name, ""))[0].strip()

    def summary(self, name: str) -> str:
        """Returns the first sentence of the comment on a part."""
        first = self.text(name).split("\n\n")[0]
        return " ".join(first.split()).partition(". ")[0].removesuffix(".")

    def statuses(self, method: str) -> list[tuple[str, str]]:
        """Returns which gRPC codes a method says that it returns, and when."""
        _, *returns = _RETURNS.split(self._texts.get(method, ""))
        found = _STATUS.findall("".join(returns))
        return [(code, " ".join(text.split())) for code, text in found]


def load(file: Path) -> Comments:
    """Reads the comments of a descriptor set."""
    return Comments(FileDescriptorSet.FromString(file.read_bytes()))


def _of_file(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    for location in file.source_code_info.location:
        if location.leading_comments:
            name = _name(file, location.path)
            lines = location.leading_comments.splitlines()
            yield name, "\n".join(line.removeprefix(" ") for line in lines).strip()


def _name(file: FileDescriptorProto, path: Any) -> str:
    """Returns the full name of what stands at a path of SourceCodeInfo."""
    names, at, children = [file.package], file, _TOP
    for number, index in zip(path[::2], path[1::2], strict=False):
        if number not in children:
            break
        at = getattr(at, children[number])[index]
        names.append(at.name)
        children = _NESTED.get(children[number], {})
    return ".".join(names)
