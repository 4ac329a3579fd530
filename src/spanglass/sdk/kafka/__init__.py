"""Messages over Apache Kafka in three clients: sent with context, processed in it; the clients' own work is theirs."""
