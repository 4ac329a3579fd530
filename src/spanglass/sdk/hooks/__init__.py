"""Hooks on HTTP clients, one file a client library family; they see calls to models and hand the bytes to `calls`."""

from spanglass.sdk.hooks.switch import Switch

_switch = Switch()
install = _switch.install
uninstall = _switch.uninstall
active = _switch.active
renew_after_fork = _switch.renew_after_fork

__all__ = ["active", "install", "renew_after_fork", "uninstall"]
