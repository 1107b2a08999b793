"""Guards of `housing_grpc/receipts`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "a receipt is one text",
        "if False:",
        "receipts/test_sealing.py::test_a_receipt_is_one_text",
    ),
    Guard(
        "a receipt takes a key",
        "if False:",
        "services/test_receipts.py::test_a_server_without_keys_says_what_to_do",
    ),
    Guard(
        "the key of this machine is its owner's",
        "handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)",
        "receipts/test_receipt_key_file.py::test_a_machine_has_one_key_of_its_own_for_its_owner",
    ),
    Guard(
        "the number of keys",
        "if False:",
        "receipts/test_receipt_key_file.py::test_a_file_that_cannot_be_used",
    ),
    Guard(
        "a wrong line of a key file is not shown",
        'raise SealingKeyError(f"{where}: {text} is not {2 * KEY_BYTES} hexadecimal digits")',
        "receipts/test_receipt_key_file.py::test_a_wrong_line_is_named_and_not_shown",
    ),
)
