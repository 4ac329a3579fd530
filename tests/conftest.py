"""What holds for all tests: how hypothesis runs, and the services that a test may ask for."""

from hypothesis import settings

from services.fixtures import kafka_broker, postgres_dsn, postgres_server, redis_server, redis_url, services_folder

__all__ = ["kafka_broker", "postgres_dsn", "postgres_server", "redis_server", "redis_url", "services_folder"]

# A busy machine makes an example slow, not wrong; pytest's own time limit catches what hangs.
settings.register_profile("spanglass", deadline=None)
settings.load_profile("spanglass")
