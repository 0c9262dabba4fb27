"""Compiled parts: laws drawn and filled, their normal forms, their tables."""
