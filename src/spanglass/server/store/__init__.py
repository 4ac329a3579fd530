"""Engines that keep records, behind one protocol; `protocol` is the contract, the engines stand beside it."""
