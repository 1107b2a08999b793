"""What is wrong with a table as a whole."""


class TableError(ValueError):
    """A table cannot be read; its text is one line that names every fault and says how to mend it.

    Args:
        text: What is wrong.
        columns: Names of the columns at fault, if it is columns.
    """

    def __init__(self, text: str, columns: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.columns = columns
