"""KEEP AND ANSWER: receive -> normalise -> pipeline -> store -> query -> api, in one process."""
