"""Provider wire protocols: bytes in any split become call values; pure, no network, no clock."""
