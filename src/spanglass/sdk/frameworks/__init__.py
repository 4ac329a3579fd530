"""OpenTelemetry's instrumentations of what stands around the calls, switched on where library and package are there."""

from spanglass.sdk.frameworks.switch import Switch, installed

_switch = Switch()
install = _switch.install
uninstall = _switch.uninstall
states = _switch.states

__all__ = ["install", "installed", "states", "uninstall"]
