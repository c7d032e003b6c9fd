"""Statements about parameters."""
