"""Django's settings for the site, where an application of Django's begins: `spanglass.init()` is here."""
# Django and Channels come without types:
# mypy: ignore-errors

import os

from psycopg.conninfo import conninfo_to_dict

import spanglass

spanglass.init(service_name=os.environ["SERVICE"])

_dsn = conninfo_to_dict(os.environ["POSTGRES"])
SECRET_KEY = "for a test"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_views"
INSTALLED_APPS = ["daphne", "channels"]
ASGI_APPLICATION = "site_asgi.application"
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _dsn["dbname"],
        "USER": _dsn["user"],
        "HOST": _dsn["host"],
        "PORT": _dsn["port"],
    }
}
LOGGING = {
    "version": 1,
    "formatters": {"plain": {"format": "%(levelname)s trace_id=%(otelTraceID)s span_id=%(otelSpanID)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
