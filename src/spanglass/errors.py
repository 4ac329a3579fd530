"""The tree of everything spanglass raises on purpose; foreign errors are translated at the boundary.

SpanglassError
├── ConfigurationError        a setting, file or flag cannot be used as it stands
│   ├── PriceTableError       a price file cannot be read
│   └── PortTaken             something else listens where a server should
├── ReceiveError              an export request cannot be accepted; nothing of it was kept
│   ├── MalformedPayload      the bytes are not what their content type says
│   ├── PayloadTooLarge       over a limit on size, depth or decompressed size
│   ├── UnsupportedPayload    a content type or encoding this server does not speak
│   ├── Unauthenticated       the key is missing or wrong
│   └── Overloaded            the queue is full; carries when to come back
├── StoreError                the store cannot do what was asked
│   ├── StoreUnavailable      closed, locked by another process, disk full or unreachable
│   └── MigrationError        the database is newer than this program, or a migration failed
├── QueryError                a question cannot be asked as it stands
│   └── NotFound              what was asked for is not in the store
└── ServerUnavailable         the server that a command asks does not answer

Every message says what happened, where, and what to do about it.
"""


class SpanglassError(Exception):
    """Root of the tree; catch this to catch everything spanglass raises on purpose."""


class ConfigurationError(SpanglassError):
    """A setting, file or flag cannot be used as it stands."""


class PriceTableError(ConfigurationError):
    """A price file cannot be read or does not have the documented form."""


class PortTaken(ConfigurationError):  # noqa: N818 - reads as the sentence it says
    """Something else already listens on an address that a server was told to use."""


class ReceiveError(SpanglassError):
    """An export request cannot be accepted; nothing of it was kept."""


class MalformedPayload(ReceiveError):  # noqa: N818
    """The bytes are not what their content type says they are."""


class PayloadTooLarge(ReceiveError):  # noqa: N818
    """A body is over a limit on size, nesting depth or decompressed size."""


class UnsupportedPayload(ReceiveError):  # noqa: N818
    """A content type or content encoding this server does not speak."""


class Unauthenticated(ReceiveError):  # noqa: N818
    """The API key is missing or wrong."""


class Overloaded(ReceiveError):  # noqa: N818
    """The ingest queue is full; the sender should try the same bytes again later.

    Attributes:
        retry_after_s: Seconds until a retry is likely to be accepted.
    """

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreError(SpanglassError):
    """The store cannot do what was asked."""


class StoreUnavailable(StoreError):  # noqa: N818
    """The store is closed, locked by another process, out of disk or unreachable."""


class MigrationError(StoreError):
    """The database is newer than this program, or a migration failed."""


class QueryError(SpanglassError):
    """A question cannot be asked as it stands: a bad filter, cursor, range or unit."""


class NotFound(QueryError):  # noqa: N818
    """What was asked for is not in the store."""


class ServerUnavailable(SpanglassError):  # noqa: N818
    """The server that a command asks cannot be reached, is no spanglass, or cannot answer now."""
