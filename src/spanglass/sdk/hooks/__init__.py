"""Hooks on HTTP clients, one file a client library family; they see calls to models and hand the bytes to `calls`."""

from spanglass.sdk.hooks.switch import Switch

_switch = Switch()
install = _switch.install
uninstall = _switch.uninstall
active = _switch.active

__all__ = ["active", "install", "uninstall"]
